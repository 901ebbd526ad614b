"""`python -m spacy rnn compare`: several models on one text."""

import json

import pytest
import spacy

from ..helpers import ENGLISH, make_examples, make_trained
from .conftest import fail, succeed


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The same words, other words, and the same words in other tokens."""
    folder = tmp_path_factory.mktemp("compare")
    make_trained(seed=1).to_disk(folder / "same")
    make_trained([*ENGLISH, "zeppelin"], seed=2).to_disk(folder / "more")
    make_trained([" ".join(text) for text in ENGLISH], lang="xx").to_disk(folder / "letters")
    return folder


def compare(text, tmp_path, *models):
    path, out = tmp_path / "text.txt", tmp_path / "new" / "table.json"
    path.write_text("\n".join(text), encoding="utf8")
    done = succeed("compare", *models, "--text", path, "--output", out)
    return json.loads(out.read_text("utf8")), done


@pytest.mark.slow
def test_models_are_sorted_by_bits_per_character(model, models, tmp_path):
    given = [models / "same", model, models / "more"]
    found, done = compare(ENGLISH, tmp_path, *given)
    assert found["notes"] == []
    rows = found["models"]
    assert {row["model"] for row in rows} == {str(one) for one in given}
    bits = [row["bits_per_char"] for row in rows]
    assert bits == sorted(bits)
    for row in rows:
        nlp = spacy.load(row["model"])
        scores = nlp.get_pipe("rnn_lm").score(make_examples(nlp, ENGLISH))
        for name in ("bits_per_char", "perplexity"):
            assert row[name] == pytest.approx(scores[f"lm_{name}"], rel=1e-5)
        assert row["tokens"] == sum(len(nlp.make_doc(text)) for text in ENGLISH)
        assert row["unknown"] == 0
        assert row["tokens_per_second"] > 0
    shown = [line.split()[0] for line in done.stdout.splitlines()[-len(rows) :]]
    assert shown == [row["model"] for row in rows]


def test_unknown_words_keep_figures_from_being_compared(model, models, tmp_path):
    given = [model, models / "more"]
    found, done = compare([*ENGLISH, "zeppelin"], tmp_path, *given)
    assert [row["model"] for row in found["models"]] == [str(one) for one in given]
    assert [row["bits_per_char"] is None for row in found["models"]] == [True, False]
    assert len(found["notes"]) == 2
    assert "vocabularies differ" in found["notes"][0]
    assert str(model) in found["notes"][1] and "speller" in found["notes"][1]
    assert all(note in done.stderr for note in found["notes"])
    # one vocabulary: the perplexities can be compared
    found, _ = compare([*ENGLISH, "zeppelin"], tmp_path, model, models / "same")
    assert len(found["notes"]) == 1


def test_other_tokens_are_noticed(model, models, tmp_path):
    nlp = spacy.load(model)
    nlp.tokenizer.infix_finditer = None
    nlp.tokenizer.suffix_search = None
    nlp.to_disk(tmp_path / "tokenizer")
    found, _ = compare(["a cat."], tmp_path, model, tmp_path / "tokenizer")
    assert [row["tokens"] for row in found["models"]] == [3, 2]
    assert "different tokens" in found["notes"][0]


def test_one_model_makes_a_table_too(model, tmp_path):
    found, done = compare(ENGLISH[:5], tmp_path, model)
    assert len(found["models"]) == 1 and found["notes"] == []
    assert "Perplexity" in done.stdout


def test_errors_are_one_line(model, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the cat")
    assert "R519" in fail("compare", model, model, "--text", path)
    assert "R202" in fail("compare", model, "--text", tmp_path / "missing.txt")
    assert "E050" in fail("compare", model, "nothing", "--text", path)


@pytest.mark.slow
def test_models_of_other_forms_can_not_be_compared(model, tmp_path):
    """One predicts words, the other words in lower case: it has less to predict."""
    make_trained(model={"attr": "LOWER"}).to_disk(tmp_path / "lower")
    found, _ = compare(ENGLISH, tmp_path, model, tmp_path / "lower")
    assert any("Neither" in note and "LOWER, ORTH" in note for note in found["notes"])


def test_one_model_by_two_names_is_given_twice(model, tmp_path, monkeypatch):
    (tmp_path / "text.txt").write_text("the cat\n")
    monkeypatch.chdir(model.parent)
    assert "R519" in fail("compare", model, model.name, "--text", tmp_path / "text.txt")


@pytest.mark.parametrize("command", ["compare", "evaluate"])
def test_an_output_that_can_not_be_written_is_noticed_before_scoring(
    model, tmp_path, monkeypatch, command
):
    (tmp_path / "text.txt").write_text("the cat\n")
    (tmp_path / "file").write_text("mine")
    text = ["--text", tmp_path / "text.txt"] if command == "compare" else [tmp_path / "text.txt"]
    monkeypatch.setattr(f"spacy_rnn.cli.{command}.score_corpus", None)
    for output in (tmp_path / "file" / "table.json", tmp_path):
        assert str(tmp_path) in fail(command, model, *text, "--output", output)
    assert (tmp_path / "file").read_text() == "mine"
