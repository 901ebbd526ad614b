"""Columns of a table stand below each other; numbers have six digits that can be repeated."""

import re

import pytest
import spacy
from rich.cells import cell_len

from spacy_rnn.cli.text_table import show_number, text_table
from spacy_rnn.scoring import corpus_scores

from ..helpers import ENGLISH, make_trained
from .conftest import succeed


@pytest.mark.parametrize(
    "value, expected",
    [
        (191.0123456, "191.012"),
        (44941.2345, "44,941.2"),
        (1234567.8, "1,234,568"),
        (0.0123456789, "0.0123457"),
        (6.0, "6"),
        (1e-9 / 3, "3.33333e-10"),
        (1234567, "1,234,567"),
        (float("inf"), "inf"),
        (None, "–"),
        ("a word", "a word"),
        (True, "True"),
    ],
)
def test_numbers_have_six_significant_digits(value, expected):
    assert show_number(value) == expected


def test_columns_stand_below_each_other_whatever_is_in_them():
    names = ["a", "training/" + "long/" * 12 + "model-best", "训练/我的模型", "e\u0301te\u0301"]
    rows = [[name, show_number(10.0**number)] for number, name in enumerate(names)]
    lines = text_table(rows, ["Model", "Perplexity"]).split("\n")
    assert len({cell_len(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines[2:]] == ["1", "10", "100", "1,000"]
    # without a header, and words in the last column too
    assert text_table([["我", "爱"], ["ab", "c"]], numbers=False) == "我   爱\nab   c"


@pytest.fixture(scope="module")
def long_named(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a folder whose name is longer than thirty characters")
    make_trained().to_disk(folder / "model")
    return folder / "model"


def test_tables_of_commands_are_straight_and_the_same_from_run_to_run(model, long_named, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("\n".join(ENGLISH), encoding="utf8")
    for command in (["compare", model, long_named, "--text", text], ["evaluate", model, text]):
        shown = [succeed(*command).stdout.rstrip("\n").split("\n") for _ in range(2)]
        assert len({len(line) for line in shown[0]}) == 1
        # but for the speed, which ends a line
        same = [[re.sub(r"\s+[\d,]+$", "", line) for line in lines] for lines in shown]
        assert same[0] == same[1]
        assert "Perplexity" in "\n".join(shown[0])


class SlowAtFirst:
    """A tokenizer that takes a thousand seconds for its first text, and one for each other."""

    def __init__(self, tokenizer):
        self.tokenizer, self.now, self.texts = tokenizer, 0.0, []

    def __call__(self, text):
        self.now += 1.0 if self.texts else 1000.0
        self.texts.append(text)
        return self.tokenizer(text)


@pytest.mark.parametrize("name", ["text.txt", "text.spacy"])
def test_what_only_the_first_documents_wait_for_is_not_timed(model, tmp_path, monkeypatch, name):
    nlp = spacy.load(model)
    texts = ENGLISH[:40]
    if name == "text.txt":
        (tmp_path / name).write_text("\n".join(texts), encoding="utf8")
    else:
        spacy.tokens.DocBin(docs=map(nlp.make_doc, texts)).to_disk(tmp_path / name)
    lm = nlp.get_pipe("rnn_lm")
    clock = nlp.tokenizer = SlowAtFirst(nlp.tokenizer)
    counted = []
    count = type(lm).count
    monkeypatch.setattr(
        type(lm), "count", lambda *args, **kw: counted.append(clock.now) or count(*args, **kw)
    )
    monkeypatch.setattr(corpus_scores, "perf_counter", lambda: clock.now + 0.5 * len(counted))
    result = corpus_scores.score_corpus(nlp, lm, tmp_path / name, {})
    assert result.documents == 40
    # each document is tokenized and each batch counted within the time; what came before isn't in
    read = 40 if name == "text.txt" else 0
    assert result.seconds == read + 0.5 * (len(counted) - 1)
    assert len(counted) > 1
