"""Commands count the tokens that a model reads, and show all of them."""

import json

import pytest
import spacy

from spacy_rnn.scoring.batch_scorer import BatchScorer

from ..helpers import ENGLISH, make_trained
from .conftest import assert_same, read_records, succeed

TEXT = "the  grey zeppelin \n\u3000watches"
WORDS = "the grey zeppelin watches"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("white-space")
    make_trained(model={"white_space": "skip"}).to_disk(folder / "skip")
    make_trained().to_disk(folder / "read")
    make_trained(model={"normalize": "typography"}).to_disk(folder / "typography")
    lines = [{"text": TEXT}, {"text": WORDS}, {"text": " \n "}]
    path = folder / "text.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf8")
    return folder


def test_a_document_has_the_scores_of_its_words(folder):
    out = folder / "docs.jsonl"
    options = ("--measures", "entropy,rank", "--overwrite")
    succeed("score", folder / "skip", folder / "text.jsonl", out, *options)
    found, plain = read_records(out)  # a text of white space alone is no document
    for name in ("tokens", "unknown"):
        assert found[name] == plain[name] == {"tokens": 4, "unknown": 1}[name]
    for name in ("surprisal", "end_surprisal", "perplexity", "mean_entropy", "mean_rank"):
        assert found[name] == pytest.approx(plain[name], rel=1e-5), name
    assert found["characters"] == len(TEXT)
    bits = found["surprisal"] + found["end_surprisal"]
    assert found["bits_per_char"] is None and bits > 0  # there is no speller
    columns = BatchScorer(folder / "skip", measures=["entropy"])({"text": [TEXT, WORDS]})
    assert columns["tokens"].tolist() == [4, 4]
    assert columns["mean_entropy"][0] == pytest.approx(columns["mean_entropy"][1], rel=1e-5)


def test_a_record_of_skipped_white_space_costs_nothing(folder):
    out = folder / "tokens.jsonl"
    options = ("--tokens", "--measures", "entropy,rank", "--overwrite")
    succeed("score", folder / "skip", folder / "text.jsonl", out, *options)
    records = [record for record in read_records(out) if record["doc"] == 1]
    tokens = [token.text for token in spacy.blank("en")(TEXT)]
    assert [record["token"] for record in records] == tokens
    white = [record for record in records if record["token"].isspace()]
    assert len(white) == len(tokens) - 4
    for record in white:
        assert record["surprisal"] == 0 and record["unknown"] is False
        assert record["entropy"] is None and record["rank"] is None


@pytest.mark.parametrize("tokens", [True, False])
def test_an_output_with_white_space_at_its_end_is_gone_on_with(folder, tokens):
    text, out = folder / "text.jsonl", folder / f"resumed-{tokens}.jsonl"
    options = ["--tokens"] if tokens else []
    succeed("score", folder / "skip", text, out, *options)
    whole, lines = read_records(out), out.read_bytes().splitlines(keepends=True)
    for stop in (1, 2):
        kept = sum(record["doc"] <= stop for record in whole)
        out.write_bytes(b"".join(lines[:kept]))
        succeed("score", folder / "skip", text, out, *options, "--resume")
        assert_same(read_records(out), whole)


def test_models_that_read_other_tokens_or_forms_are_not_compared(folder):
    path = folder / "lines.txt"
    path.write_text("\n".join([text.replace(" ", "  ") for text in ENGLISH[:9]]), "utf8")
    notes = []
    for other in ("skip", "typography"):
        done = succeed("compare", folder / "read", folder / other, "--text", path)
        notes.append(done.stderr)
    assert "the models read different tokens" in notes[0]
    assert "other forms of the words (ORTH, ORTH after normalize = 'typography')" in notes[1]


def test_evaluation_counts_the_words_alone(folder, tmp_path):
    scores = []
    for name, text in (("a", TEXT), ("b", WORDS)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(json.dumps({"text": text}) + "\n", "utf8")
        succeed("evaluate", folder / "skip", path, "--output", tmp_path / f"{name}.json")
        scores.append(json.loads((tmp_path / f"{name}.json").read_text("utf8")))
    for name in ("lm_perplexity", "lm_oov", "lm_acc"):
        assert scores[0][name] == pytest.approx(scores[1][name], rel=1e-5), name
