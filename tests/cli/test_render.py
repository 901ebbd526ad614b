"""`python -m spacy rnn render`: pictures as pages."""

import pytest

from spacy_rnn import render

from ..helpers import ENGLISH, make_random
from .conftest import fail, run_process, succeed

TEXT = ENGLISH[0]


def page_of(tmp_path, model, *args, input=None):
    path = tmp_path / "page.html"
    done = succeed("render", model, *args, "-o", path, input=input)
    assert str(path) in done.stderr and not done.stdout
    return path.read_text("utf8")


@pytest.mark.parametrize("style", ["surprisal", "next", "line"])
def test_a_page_has_the_picture_of_the_document(tmp_path, model, nlp, style):
    found = page_of(tmp_path, model, TEXT, "--style", style)
    assert found == render(nlp(TEXT), style, page=True)


@pytest.mark.parametrize("style", ["states", "steps"])
def test_a_page_has_the_picture_of_the_trace(tmp_path, model, nlp, style):
    found = page_of(tmp_path, model, TEXT, "--style", style)
    assert found == render(nlp.get_pipe("rnn_lm").trace(TEXT), style, page=True)


def test_options_of_a_style_reach_it(tmp_path, model, nlp):
    lm = nlp.get_pipe("rnn_lm")
    options = {"value": "forget", "layer": 0, "order": "index", "max_units": 5, "max_tokens": 3}
    args = [part for name, v in options.items() for part in (f"--{name.replace('_', '-')}", v)]
    found = page_of(tmp_path, model, TEXT, "--style", "states", *args)
    assert found == render(lm.trace(TEXT), "states", page=True, **options)
    found = page_of(tmp_path, model, TEXT, TEXT, "--style", "line", "--names", "a,b", "--smooth", 1)
    docs = [nlp(TEXT), nlp(TEXT)]
    assert found == render(docs, "line", page=True, names=["a", "b"], smooth=1)
    found = page_of(tmp_path, model, TEXT, "--style", "steps", "-k", 2)
    assert found == render(lm.trace(TEXT, k=2), "steps", page=True)
    found = page_of(tmp_path, model, TEXT, "--scale", 20)
    assert found == render(nlp(TEXT), scale=20, page=True)


def test_a_map_is_of_the_words_that_are_named_or_those_of_the_text(tmp_path, model, nlp):
    lm = nlp.get_pipe("rnn_lm")
    words = list(dict.fromkeys(TEXT.split()))
    wanted = render(lm, "embeddings", words=words, page=True)
    assert page_of(tmp_path, model, "--style", "embeddings", "--words", ", ".join(words)) == wanted
    assert page_of(tmp_path, model, TEXT, "--style", "embeddings") == wanted
    frequent = page_of(tmp_path, model, "--style", "embeddings", "--neighbours", 2)
    assert frequent == render(lm, "embeddings", neighbours=2, page=True)


def test_a_text_comes_from_the_command_a_file_or_stdin(tmp_path, model, nlp):
    text = "the grey cat\nwatches an old boat ."
    (tmp_path / "text.txt").write_text(text + "\n", encoding="utf8")
    wanted = render(nlp(text), page=True)
    assert page_of(tmp_path, model, f"@{tmp_path / 'text.txt'}") == wanted
    assert page_of(tmp_path, model, "-", input=text) == wanted
    assert page_of(tmp_path, model, "@@home") == render(nlp("@home"), page=True)
    done = succeed("render", model, TEXT, "-o", "-")
    assert done.stdout == render(nlp(TEXT), page=True) + "\n"


def test_what_a_style_shows_is_computed_whatever_the_config_says(tmp_path):
    nlp = make_random(name="mine", annotations=["hidden"], model={"direction": "both"})
    nlp.to_disk(tmp_path / "model")
    nlp.get_pipe("mine").annotations = ("log_probs", "next")
    backward = TEXT, "--direction", "backward"
    found = page_of(tmp_path, tmp_path / "model", *backward, "--style", "next")
    wanted = render(nlp(TEXT), "next", component="mine", direction="backward", page=True)
    assert found == wanted
    found = page_of(tmp_path, tmp_path / "model", *backward, "--style", "steps")
    trace = nlp.get_pipe("mine").trace(TEXT, direction="backward")
    assert found == render(trace, "steps", page=True)


def test_text_that_holds_html_stays_text(tmp_path, model):
    page = page_of(tmp_path, model, "<script>x</script> the", "--style", "steps")
    assert "<script" not in page


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["x", "--style", "pie"], "R401"),
        (["--style", "states"], "R803"),
        ([], "R803"),
        (["@no/such/file.txt"], r"R802"),
        (["x", "--style", "states", "--value", "reset"], "R792"),
        (["x", "--style", "states", "--layer", "4"], "R793"),
        (["x", "--value", "c"], "R812"),
        (["x", "--max-tokens", "0"], "--max-tokens"),
        (["x", "--style", "steps", "-k", "0"], "R009"),
        (["x", "--direction", "backward"], "R404"),
        (["x", "--style", "steps", "--direction", "backward"], "R790"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(tmp_path, model, args, message):
    path = tmp_path / "page.html"
    error = fail("render", model, *args, "-o", path)
    assert message in error and error.count("\n") == 1
    assert not path.exists()


def test_a_page_that_cannot_be_written_is_one_line(tmp_path, model):
    for path in (tmp_path, tmp_path / "no" / "page.html"):
        assert fail("render", model, TEXT, "-o", path).count("\n") == 1


@pytest.mark.slow
def test_a_process_writes_the_page_in_utf8(tmp_path, model):
    path = tmp_path / "page.html"
    done = run_process("render", model, "the 猫", "-o", path, "--style", "steps")
    assert done.returncode == 0, done.stderr
    assert "猫" in path.read_text("utf8")


def test_the_language_of_legends_is_chosen(tmp_path, model, nlp):
    found = page_of(tmp_path, model, TEXT, "--lang", "zh")
    assert found == render(nlp(TEXT), page=True, lang="zh")
    assert "惊异度" in found
