"""From text and labelled sentences to trained pipelines, with no config written by hand."""

import random

import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.util import load_config

from spacy_rnn.cli.train import split_arguments

from ..helpers import ENGLISH, chinese_texts
from .conftest import fail, run, succeed

NARROW = ["--components.rnn_lm.model.width", 12, "--components.rnn_lm.model.precision", "float32"]


@pytest.mark.parametrize(
    ("arguments", "path", "settings"),
    [
        (["a.cfg"], "a.cfg", []),
        (["--training.seed", "3"], None, ["--training.seed", "3"]),
        (["a.cfg", "--training.seed", "3"], "a.cfg", ["--training.seed", "3"]),
        (["--training.seed", "3", "a.cfg"], "a.cfg", ["--training.seed", "3"]),
        (["--training.seed=3", "a.cfg"], "a.cfg", ["--training.seed=3"]),
        (["--a.b", "--c.d", "x", "a.cfg"], "a.cfg", ["--a.b", "--c.d", "x"]),
        (["--a.b", "-3", "a.cfg"], "a.cfg", ["--a.b", "-3"]),
        ([], None, []),
    ],
)
def test_a_config_is_told_from_settings(arguments, path, settings):
    found, rest = split_arguments(arguments)
    assert (found and str(found), rest) == (path, settings)


def test_two_configs_are_an_error():
    with pytest.raises(ValueError, match=r"R645.*a\.cfg b\.cfg"):
        split_arguments(["a.cfg", "b.cfg"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], "R644"),
        (["a.cfg", "--text", "b.txt"], "R644"),
        (["--text", "missing.txt", "--lang", "en"], "R202"),
        (["--text", __file__], "R639"),
    ],
)
def test_what_does_not_go_together_is_one_line_and_nothing_is_written(arguments, code, tmp_path):
    assert code in fail("train", *arguments, "--output", tmp_path / "out")
    assert not (tmp_path / "out" / "config.cfg").exists()


def write_raw(path, lang):
    draw = random.Random(0)
    sentences = ENGLISH if lang == "en" else chinese_texts("train")
    texts = [(" " if lang == "en" else "").join(draw.sample(sentences, 3)) for _ in range(120)]
    path.write_text("\n".join(texts) + "\n", encoding="utf8")


def write_labelled(path, nlp, lang):
    sentences = ENGLISH if lang == "en" else chinese_texts("train")
    docs = []
    for text in sentences[:50]:
        doc = nlp.make_doc(text)
        for token in doc:
            token.tag_ = "LONG" if len(token) > (3 if lang == "en" else 1) else "SHORT"
        doc.ents = [Span(doc, 0, 1, label="WHO")]
        docs.append(doc)
    DocBin(docs=docs).to_disk(path)


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_three_commands_lead_from_text_to_an_encoder_a_tagger_and_an_ner(lang, tmp_path):
    raw, labelled, encoder = tmp_path / "raw.txt", tmp_path / "docs.spacy", tmp_path / "encoder"
    write_raw(raw, lang)
    narrow = [*NARROW, "--training.max_steps", 60, "--training.eval_frequency", 20]
    told = succeed(
        "train", "--text", raw, "--task", "encoder", "--lang", lang, "-o", encoder, *narrow
    ).stderr
    assert "perplexity" in told
    write_labelled(labelled, spacy.load(encoder / "model-best"), lang)
    for task, score in (("tagger", "tag_acc"), ("ner", "ents_f")):
        folder = tmp_path / task
        arguments = ["--source", encoder / "model-best", "--text", labelled, "-o", folder]
        steps = ["--training.max_steps", 80, "--training.eval_frequency", 40]
        told = succeed("train", "--task", task, *arguments, *steps).stderr
        assert score in told
        assert "W34" not in told
        nlp = spacy.load(folder / "model-best")
        gold = list(DocBin().from_disk(folder / "text" / "test.spacy").get_docs(nlp.vocab))
        found = [nlp(doc.text) for doc in gold]
        if task == "tagger":
            pairs = [
                (a.tag_, b.tag_)
                for x, y in zip(gold, found, strict=True)
                for a, b in zip(x, y, strict=True)
            ]
        else:
            pairs = [(str(x.ents), str(y.ents)) for x, y in zip(gold, found, strict=True)]
        assert sum(a == b for a, b in pairs) >= 0.8 * len(pairs)


@pytest.mark.slow
def test_one_text_becomes_a_model_and_a_config_that_trains_it_again(tmp_path):
    raw, output = tmp_path / "raw.txt", tmp_path / "out"
    write_raw(raw, "en")
    short = ["--training.max_steps", 30, "--training.eval_frequency", 15]
    command = ["train", "--text", raw, "--lang", "en", "--output", output, "--minutes", 0.1]
    told = succeed(*command, "--training.seed", 3, *NARROW, *short).stderr
    assert "bits per character" in told
    config = load_config(output / "config.cfg", interpolate=False)
    assert config["training"]["seed"] == 3
    assert config["training"]["max_steps"] == 30
    log, again = (output / "text" / "log.jsonl").read_bytes(), tmp_path / "again"
    said = next(line for line in told.splitlines() if "the same again" in line)
    repeated = said.split("spacy rnn ")[1].replace(" again", f" {again}").split()
    succeed(*repeated)
    assert (output / "text" / "log.jsonl").read_bytes() == log
    assert (again / "log.jsonl").is_file()
    first, second = (
        (folder / "model-last" / "rnn_lm" / "model").read_bytes() for folder in (output, again)
    )
    assert first == second
    # another training isn't dropped without a word, and going on finds that all is done
    assert "R640" in run(*command).stderr
    succeed(*command, "--resume")
    assert (output / "model-last" / "rnn_lm" / "model").read_bytes() == first


@pytest.mark.slow
def test_settings_of_a_config_can_stand_before_it(tmp_path):
    raw, path = tmp_path / "raw.txt", tmp_path / "lm.cfg"
    write_raw(raw, "en")
    succeed("init", path, "--lang", "en", "--steps", 3, *NARROW)
    paths = ["--paths.train", raw, "--paths.dev", raw]
    output = tmp_path / "out"
    succeed("train", "--training.seed", 3, path, *paths, "--output", output)
    trained = load_config(output / "model-last" / "config.cfg")
    assert trained["training"]["seed"] == 3
