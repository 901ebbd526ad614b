"""The line at the end of every scoring: how much of it are unknown words."""

import json
import re
from functools import cache
from itertools import product

import pytest
import spacy

from ..helpers import ENGLISH
from .conftest import succeed

KNOWN = (*ENGLISH[:40],)
FEW, MANY = (*KNOWN, "the zeppelin !"), (*ENGLISH[:2], "the zeppelin , unheard")
_LINE = r"unknown words: ([0-9.]+)% of the tokens, ([0-9.]+)% of the bits"


@cache
def shares_of(model, texts):
    vocabulary = (nlp := spacy.load(model)).get_pipe("rnn_lm").vocabulary
    tokens = [token for doc in nlp.pipe(texts) for token in doc]
    unknown = [token for token in tokens if not vocabulary.knows(token)]
    bits = [sum(t._.rnn_surprisal for t in part) for part in (unknown, tokens)]
    return 100 * len(unknown) / len(tokens), 100 * bits[0] / bits[1]


def command_of(name, model, texts, folder):
    """The arguments of a command that scores the texts, each once."""
    lines, table, pairs = folder / "texts.txt", folder / "texts.jsonl", folder / "pairs.jsonl"
    lines.write_text("\n".join(texts), encoding="utf8")
    table.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts), encoding="utf8")
    halves = zip(texts, texts, strict=True)
    rows = [{"sentence_good": good, "sentence_bad": bad} for good, bad in halves]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
    return {
        "score": ["score", model, lines, folder / "out.jsonl"],
        "score --tokens": ["score", model, lines, folder / "out.csv", "--tokens"],
        "items": ["items", model, table, folder / "items.csv"],
        "pairs": ["pairs", model, pairs],
        "evaluate": ["evaluate", model, lines],
        "compare": ["compare", model, "--text", lines],
    }[name]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        *product(["score", "items", "pairs", "evaluate", "compare"], [FEW, MANY]),
        *product(["evaluate", "score --tokens"], [KNOWN]),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} texts",
)
def test_every_scoring_ends_with_the_share_of_unknown_words(model, tmp_path, name, texts):
    """A warning where they are more than one of twenty."""
    done = succeed(*command_of(name, model, texts, tmp_path))
    last = done.stderr.splitlines()[-1]
    of_tokens, of_bits = shares_of(model, texts)
    found = re.search(_LINE, last)
    assert [*map(float, found.groups())] == pytest.approx([of_tokens, of_bits], abs=0.06)
    assert ("W385" in last) == (of_tokens > 5) == (texts is MANY)
    assert len(re.findall("unknown words:", done.stderr)) == 1


def test_nothing_scored_has_no_line(model, tmp_path):
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf8")
    done = succeed("score", model, tmp_path / "empty.txt", tmp_path / "out.jsonl")
    assert "unknown words" not in done.stderr


def test_documents_left_out_do_not_count(model, tmp_path):
    lines = [json.dumps({"text": text}) for text in FEW] + ['{"text": 5}', "zeppelin"]
    (tmp_path / "bad.jsonl").write_text("\n".join(lines), encoding="utf8")
    for command in ("score", "items"):
        out = tmp_path / f"{command}.jsonl"
        done = succeed(command, model, tmp_path / "bad.jsonl", out, "--bad-lines", "skip")
        share = float(re.search(_LINE, done.stderr)[1])
        assert share == pytest.approx(shares_of(model, FEW)[0], abs=0.06)
