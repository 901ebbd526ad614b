"""Every way to score a text gives the numbers of `nlp(text)`, whatever else is in the pipeline."""

import json
import math
from itertools import groupby, pairwise

import numpy as np
import pytest
import spacy
from hypothesis import strategies as st

import spacy_rnn.scoring.loaded as loaded
from spacy_rnn import BatchScorer, score_pairs

from ..helpers import ENGLISH, SMALL, chinese_texts, make_examples, randomize, run_spacy
from ..hostile import ODD, TEXTS, fuzz
from .odd_pipelines import RAN, save_odd_pipeline

ODD_WORDS = [
    "the grey cat watches an old boat .",
    "our kitty forgets two green PEARS .",
    "a tired seaman paints the harbour .",
    "the grey cat , the grey kitten",
    "the",
    *ENGLISH[3:6],
]


class Ways:
    """One saved pipeline, and everything that gives numbers for texts with it."""

    def __init__(self, path, folder, monkeypatch):
        self.path = path
        self.file = folder / "texts.jsonl"
        self.out = folder / "out.json"
        self.nlp = spacy.load(path)  # what the user has
        vocabulary = self.nlp.get_pipe("rnn_lm").vocabulary
        self.attr, self.skips = vocabulary.attr, vocabulary.white_space == "skip"
        monkeypatch.setattr(loaded, "_LOADED", {})
        nlp = spacy.load(path)  # what all commands have
        for command in ("score", "items", "evaluate", "compare", "predict", "generate"):
            name = f"spacy_rnn.cli.{command}.load_language_model"
            monkeypatch.setattr(name, lambda *_, **__: (nlp, nlp.get_pipe("rnn_lm")))
        self.scorer = BatchScorer(path, batch_size=2)

    def run(self, *command):
        done = run_spacy("rnn", *command)
        assert done.exit_code == 0, (done.output, done.exception)
        return done.stdout

    def is_read(self, doc):
        """Which tokens are read: all, or all but white space."""
        return [not (self.skips and token.text.isspace()) for token in doc]

    def records(self, *options):
        lines = self.run("score", self.path, self.file, "-", "--batch-size", 2, *options)
        return [json.loads(line) for line in lines.split("\n") if line.startswith("{")]

    def json_of(self, *command):
        self.run(*command, "--output", self.out)
        return json.loads(self.out.read_text("utf8"))

    def check(self, texts):
        docs = [self.nlp(text) for text in texts]
        for doc, piped in zip(docs, self.nlp.pipe(texts, batch_size=3), strict=True):
            assert_close(piped._.rnn_lm.log_probs, doc._.rnn_lm.log_probs)
        self.check_prompts(texts, docs)
        self.check_batch_scorer(texts, docs)
        self.check_pairs(texts, docs)
        with self.file.open("w", encoding="utf8") as file:
            file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        for record, doc in zip(self.records("--keep-empty"), docs, strict=True):
            self.check_numbers(record, doc)
        if texts:  # a table without rows is an error
            self.check_items(docs)
        # what holds nothing but white space is no document of a corpus
        kept = {i: doc for i, doc in enumerate(docs, 1) if doc.text and not doc.text.isspace()}
        if kept:
            self.check_score(kept)
            self.check_corpus([*kept.values()])

    def check_items(self, docs):
        options = ["--output-format", "jsonl", "--batch-size", 2, "--columns", "tokens,surprisal"]
        lines = self.run("items", self.path, self.file, "-", *options).split("\n")[:-1]
        for row, doc in zip(map(json.loads, lines), docs, strict=True):
            assert row["tokens"] == sum(self.is_read(doc))
            if len(doc):
                assert_close(row["surprisal"], doc._.rnn_surprisal)
            else:
                assert row["surprisal"] is None

    def check_batch_scorer(self, texts, docs):
        columns = self.scorer({"text": texts})
        assert not any(columns["error"])
        for i, doc in enumerate(docs):
            self.check_numbers({name: columns[name][i] for name in columns}, doc)

    def check_pairs(self, texts, docs):
        # an empty sentence is an error
        kept = [(t, d) for t, d in zip(texts, docs, strict=True) if t and not t.isspace()]
        rows = [{"good": good, "bad": bad} for (good, _), (bad, _) in pairwise(kept)]
        found = []
        score_pairs(self.nlp, rows, good="good", bad="bad", end=True, on_record=found.append)
        for record, (_, doc) in zip(found, kept, strict=False):
            assert record["tokens_good"] == sum(self.is_read(doc))
            assert_close(-record["lp_good"], doc._.rnn_surprisal + end_surprisal(doc))

    def check_numbers(self, found, doc):
        given = {name: value for name, value in found.items() if isinstance(value, float)}
        counts = sum(self.is_read(doc)), len(doc.text)
        assert (found["tokens"], found["characters"]) == counts
        assert_close(given["surprisal"], doc._.rnn_surprisal)
        assert_close(given["end_surprisal"], end_surprisal(doc))
        perplexity = given.get("perplexity", math.nan)
        assert math.isfinite(perplexity) == math.isfinite(doc._.rnn_perplexity)
        if math.isfinite(perplexity):
            assert perplexity == pytest.approx(doc._.rnn_perplexity, rel=1e-4)
        expected = bits_of(doc, self.attr) / len(doc.text) if doc.text else math.nan
        assert_close(given.get("bits_per_char", math.nan), expected)

    def check_score(self, kept):
        records = self.records()
        assert [record["line"] for record in records] == [*kept]
        for record, doc in zip(records, kept.values(), strict=True):
            self.check_numbers(record, doc)
        by_line = groupby(self.records("--tokens"), lambda record: record["line"])
        for (line, tokens), (number, doc) in zip(by_line, kept.items(), strict=True):
            tokens = [*tokens]
            assert line == number
            assert [token["token"] for token in tokens] == [token.text for token in doc]
            assert_close([token["surprisal"] for token in tokens], doc._.rnn_lm.surprisal)

    def check_corpus(self, docs):
        scores = self.json_of("evaluate", self.path, self.file)
        (row,) = self.json_of("compare", self.path, "--text", self.file)["models"]
        bits = sum(bits_of(doc, self.attr) for doc in docs)
        characters = sum(len(doc.text) for doc in docs)
        tokens = sum(sum(self.is_read(doc)) for doc in docs)
        closed = sum(closed_bits(doc) for doc in docs)
        perplexity = 2 ** (closed / (tokens + len(docs)))
        assert (scores["documents"], scores["tokens"]) == (len(docs), tokens)
        assert row["tokens"] == tokens
        assert scores["characters"] == characters
        for found in (scores["lm_bits_per_char"], row["bits_per_char"]):
            assert_close(math.nan if found is None else found, bits / characters)
        assert_close(scores["lm_perplexity"], perplexity)
        assert_close(row["perplexity"], perplexity)

    def check_prompts(self, texts, docs):
        lm = self.nlp.get_pipe("rnn_lm")
        for text, doc in zip(texts, docs, strict=True):
            if not len(doc):
                continue
            assert_same_list(lm.predict_next(text), doc._.rnn_next[-1])
            acceptable = lm.sentence_scores(text)
            assert (acceptable is None) == (not any(self.is_read(doc)))
            if acceptable is not None:
                assert_close(acceptable.lp, -doc._.rnn_surprisal)
            if text == text.strip():  # the white space around a continuation isn't part of it
                (found,) = lm.score_continuation("", [text], end=True)
                read = [
                    token for token, is_read in zip(doc, self.is_read(doc), strict=True) if is_read
                ]
                assert found.words == [token.text for token in read]
                assert_close(found.log_probs[:-1], doc._.rnn_lm.log_probs[self.is_read(doc)])
                assert_close(found.log_probs[-1], doc._.rnn_lm.end_log_prob)

    def predict(self, text):
        (line,) = self.run("predict", self.path, text, "--json").splitlines()
        return [(one["word"], one["probability"]) for one in json.loads(line)["next"]]


def end_surprisal(doc):
    return -doc._.rnn_lm.end_log_prob / math.log(2)


def closed_bits(doc):
    closed = doc._.rnn_lm.closed_log_probs.sum(dtype=float)
    return -(closed + doc._.rnn_lm.end_log_prob) / math.log(2)


def assert_close(found, expected):
    np.testing.assert_allclose(
        np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=1e-5, atol=1e-5
    )


def bits_of(doc, attr):
    """All bits of the document; NaN if a word is missing."""
    form = {"ORTH": "text", "LOWER": "lower_", "NORM": "norm_"}[attr]
    if any(getattr(token, form) == "<unk>" for token in doc):
        return math.nan
    return doc._.rnn_surprisal + end_surprisal(doc)


def assert_same_list(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    assert_close([probability for _, probability in found], [p for _, p in expected])


@pytest.fixture(scope="module", params=["ORTH", "LOWER", "NORM"])
def odd(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("odd") / "model"
    save_odd_pipeline(path, request.param)
    return path


@pytest.mark.slow
def test_components_that_change_tokens_are_heard_by_every_way_to_score(odd, tmp_path, monkeypatch):
    ways = Ways(odd, tmp_path, monkeypatch)
    ways.check(ODD_WORDS)
    tokens = [token.text for token in ways.nlp(ODD_WORDS[0])]
    assert tokens == ["the grey", "cat", "watches", "an", "old boat", "."]
    for text in ODD_WORDS[:3]:
        assert_same_list(ways.predict(text), ways.nlp(text)._.rnn_next[-1])
    written = ways.run("generate", odd, ODD_WORDS[1], "--max-tokens", 5, "--seed", 3).strip()
    assert written == ways.nlp.get_pipe("rnn_lm").generate(ODD_WORDS[1], max_tokens=5, seed=3)
    assert written.startswith(ODD_WORDS[1])
    RAN.clear()
    with ways.file.open("w", encoding="utf8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in ODD_WORDS)
    ways.records()
    ways.scorer({"text": ODD_WORDS})
    ways.json_of("evaluate", odd, ways.file)
    assert not RAN  # what comes after the language model, and what is disabled


# --- any text

SCRIPTS = "aZé9 ＡｂÅß Ωя Ժ אב عربى हिन्दी ไทย ကမ 한국어 かナ漢字 𠮷 𝔸 👩‍🔬🇨🇳 ½²‰ “‘—…。，！"
SPACES = [" ", "  ", "\t", "\n", "\n\n", "\r\n", "\u3000", "\u3000\u3000", "\xa0", "\u2003", "\x85"]
WORDS = [*" ".join(ENGLISH[:9]).split(), "grey cat", "old boat", *chinese_texts("train")[:3]]
ANY_TEXT = st.one_of(
    TEXTS,
    st.lists(st.sampled_from([*WORDS, *SCRIPTS, *SPACES, *ODD]), max_size=12).map("".join),
    st.sampled_from(["", *SPACES]),
)


def save_jieba_pipeline(path, **options):
    tokenizer = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL, "speller_width": 5, **options}
    nlp.add_pipe("rnn_lm", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp, chinese_texts("train")))
    randomize(nlp.get_pipe("rnn_lm").shim.network)
    nlp.to_disk(path)


@pytest.mark.filterwarnings(r"ignore:\[W33[89]")  # the texts are odd, and it says so
@pytest.mark.parametrize("kind", ["jieba", "skip", "odd"])
def test_any_texts_have_the_same_numbers_by_every_way_to_score(kind, tmp_path, monkeypatch):
    if kind == "jieba":
        save_jieba_pipeline(tmp_path / "model")
    elif kind == "skip":
        options = {"white_space": "skip", "normalize": "typography"}
        save_jieba_pipeline(tmp_path / "model", **options)
    else:
        save_odd_pipeline(tmp_path / "model", "NORM")
    ways = Ways(tmp_path / "model", tmp_path, monkeypatch)

    @fuzz(12, texts=st.lists(ANY_TEXT, max_size=6))
    def check_all(texts):
        ways.check([text for text in texts if not any("\ud800" <= c <= "\udfff" for c in text)])

    check_all()
