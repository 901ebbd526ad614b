"""`python -m spacy rnn evaluate`: the scores of a corpus, batch by batch."""

import json

import pytest
import spacy
from spacy.tokens import DocBin

from spacy_rnn.scoring.corpus_scores import score_corpus

from ..helpers import ENGLISH, make_examples, make_pipeline
from .conftest import fail, succeed

TEXTS = [*ENGLISH[:40], "a zeppelin ."] * 10


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(TEXTS), encoding="utf8")
    return path


def evaluate(model, path, tmp_path, *options):
    out = tmp_path / "new" / "scores.json"
    done = succeed("evaluate", model, path, "--output", out, *options)
    return json.loads(out.read_text("utf8")), done.stdout


@pytest.mark.parametrize("options", [{}, {"direction": "both"}])
def test_scores_are_those_of_the_whole_corpus_at_once(text, tmp_path, options):
    nlp = make_pipeline(model=options)
    nlp.to_disk(tmp_path / "model")
    found, table = evaluate(tmp_path / "model", text, tmp_path)
    expected = nlp.get_pipe("rnn_lm").score(make_examples(nlp, TEXTS))
    assert ("lm_backward_perplexity" in expected) == bool(options)
    for name, value in expected.items():
        assert found[name] == (value if value is None else pytest.approx(value, rel=1e-5)), name
    assert found["documents"] == len(TEXTS)
    assert found["tokens"] == sum(map(len, map(nlp.make_doc, TEXTS)))
    assert found["unknown_tokens"] == 10
    assert found["characters"] == sum(map(len, TEXTS))
    assert found["tokens_per_second"] > 0
    assert f"{found['lm_perplexity']:,.4f}" in table
    assert "Share of unknown words" in table


def test_bits_per_character_need_known_words(model, nlp, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n".join(ENGLISH))
    found, _ = evaluate(model, path, tmp_path)
    expected = nlp.get_pipe("rnn_lm").score(make_examples(nlp, ENGLISH))
    assert found["lm_bits_per_char"] == pytest.approx(expected["lm_bits_per_char"], rel=1e-5)


def test_reading_options_are_those_of_the_corpus(model, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the grey cat\na letter !\n\nthe harbour .\n")
    options = ["--document", "block", "--tokenized", "--line-end", "cat"]
    found, _ = evaluate(model, path, tmp_path, *options)
    assert (found["documents"], found["tokens"], found["unknown_tokens"]) == (2, 12, 0)
    path = tmp_path / "text.jsonl"
    path.write_text('{"body": "the cat"}\n')
    assert evaluate(model, path, tmp_path, "--text-key", "body")[0]["tokens"] == 2


def test_docbins_are_scored_as_they_are(model, nlp, tmp_path):
    DocBin(docs=[nlp.make_doc(text) for text in TEXTS]).to_disk(tmp_path / "docs.spacy")
    found, _ = evaluate(model, tmp_path / "docs.spacy", tmp_path)
    expected = nlp.get_pipe("rnn_lm").score(make_examples(nlp, TEXTS))
    assert found["lm_perplexity"] == pytest.approx(expected["lm_perplexity"], rel=1e-5)


def test_components_that_retokenize_are_heard(tmp_path):
    nlp = make_pipeline()
    nlp.add_pipe("merge_entities", first=True)
    ruler = nlp.add_pipe("entity_ruler", first=True)
    ruler.add_patterns([{"label": "CAT", "pattern": "grey cat"}])
    nlp.to_disk(tmp_path / "model")
    path = tmp_path / "text.txt"
    path.write_text("the grey cat\nthe cat\n")
    found, _ = evaluate(tmp_path / "model", path, tmp_path)
    assert (found["tokens"], found["unknown_tokens"]) == (4, 1)


def test_scores_of_other_scorers_keep_their_names(text, tmp_path):
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")

    def scorer(examples, *, lm):
        counts = lm.count([example.predicted for example in examples])
        return {"my_tokens": counts.tokens, "my_name": lm.name, "my_nothing": None}

    lm.scorer = scorer
    result = score_corpus(nlp, lm, text, {})
    assert result.scores == {"my_tokens": result.tokens, "my_name": "rnn_lm", "my_nothing": None}


def test_nothing_is_left_in_the_vocab(model, tmp_path):
    nlp = spacy.load(model)
    path = tmp_path / "text.txt"
    path.write_text("\n".join(f"word{number}" for number in range(1000)))
    before = len(nlp.vocab.strings)
    assert score_corpus(nlp, nlp.get_pipe("rnn_lm"), path, {}).unknown == 1000
    assert len(nlp.vocab.strings) == before


def test_a_corpus_that_cannot_be_read_is_one_line(model, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("\n\n")
    assert "R205" in fail("evaluate", model, path)
    path.write_bytes(b"fine\n\xff\n")
    assert f"{path}, line 2" in fail("evaluate", model, path)
    assert "R202" in fail("evaluate", model, tmp_path / "missing.txt")
    assert "R216" in fail("evaluate", model, path, "--line-end", "<eos>")
