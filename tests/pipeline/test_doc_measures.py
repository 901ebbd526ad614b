"""Columns of tokens and what several tokens have together, against the definitions in float64."""

import math
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.tokens import Doc, DocBin

from spacy_rnn import LMOutput
from spacy_rnn.network.measures import NETWORK_MEASURES
from spacy_rnn.pipeline.doc_measures import measure_docs, token_columns
from spacy_rnn.pipeline.extensions import set_output
from spacy_rnn.pipeline.measure_table import MEASURES, annotations_for
from spacy_rnn.scoring.selecting import prepare

from ..helpers import make_random
from .reference import Reference, ReferenceSpeller

KEPT = ["log_probs", "entropy", "rank"]
MODELS = {
    "plain": {},
    "spelled-clusters": {"speller_width": 4, "cutoffs": [6, 15]},
    "skip": {"white_space": "skip", "cell": "gru"},
    "skip-spelled": {"white_space": "skip", "speller_width": 4},
}
TEXTS = [
    ["the", "grey", "cat", "watches", "a", "letter", "!"],
    ["the", "  ", "zeppelin", "paints", "\n", "<unk>", "two", "</s>"],
    ["\n"],
    ["zeppelin"],
    [],
]


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return MODELS[request.param]


@pytest.fixture(scope="module", params=["forward", "backward", "both"])
def lm(request, model):
    """Shared: tests must not change it."""
    nlp = make_random(model={**model, "direction": request.param}, annotations=KEPT)
    return nlp.get_pipe("rnn_lm")


def annotate(lm, texts=TEXTS):
    docs = [Doc(lm.vocab, words=words) for words in texts]
    lm.set_annotations(docs, lm.predict(docs))
    return docs


class Expected:
    """All numbers of a document, token by token, from the plain recurrence."""

    def __init__(self, lm, words):
        skips = lm.vocabulary.skips_space
        self.places = [i for i, word in enumerate(words) if not (skips and word.isspace())]
        self.words = [words[i] for i in self.places]
        reverse = lm.shim.network.directions[0]
        if reverse:
            self.places.reverse()
            self.words.reverse()
        trace = Reference(lm, reverse=reverse).read(self.words)
        tables = trace.log_distributions
        self.closed = trace.log_probs / -math.log(2)
        self.entropy = [sum(-math.exp(p) * p for p in row) / math.log(2) for row in tables]
        self.spelling = np.zeros(len(self.words))
        if lm.spells:
            step = -1 if reverse else 1  # the reference takes and gives the order of the text
            speller = ReferenceSpeller(lm)
            spelled = speller.log_probs(self.words[::step], reverse=reverse)[::step]
            self.spelling = spelled / -math.log(2)
        vocabulary = lm.vocabulary
        counts = dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True))
        everything = sum(count + 0.5 for count in counts.values())
        self.known = [word in vocabulary.words[2:] for word in self.words]
        found = [w if known else "<unk>" for w, known in zip(self.words, self.known, strict=True)]
        self.unigram = [-math.log2((counts[word] + 0.5) / everything) for word in found]

    def columns(self):
        """By name, a value for each token that is read, in the order of reading."""
        before, after = self.entropy[:-1], self.entropy[1:]
        return {
            "surprisal": self.closed[:-1] + self.spelling,
            "log_prob": (self.closed[:-1] + self.spelling) * -math.log(2),
            "spelling": self.spelling,
            "surprisal_unk": self.closed[:-1],
            "unigram_surprisal": self.unigram + self.spelling,
            "entropy": before,
            "entropy_reduction": [max(0, b - a) for b, a in zip(before, after, strict=True)],
            "entropy_reduction_lagged": [
                max(0, before[max(0, i - 1)] - before[i]) for i in range(len(before))
            ],
        }


def assert_close(found, expected):
    assert_allclose(np.array(found, dtype=float), expected, rtol=1e-4, atol=1e-4)


ZERO_WHERE_SKIPPED = {"surprisal", "log_prob", "spelling", "surprisal_unk"}


def test_columns_are_those_of_the_plain_recurrence(lm):
    for words, doc in zip(TEXTS, annotate(lm), strict=True):
        expected = Expected(lm, words)
        skipped = np.ones(len(words), dtype=bool)
        skipped[expected.places] = False
        for name, values in expected.columns().items():
            found = token_columns(lm, doc, [name])[name]
            assert found.dtype == np.float32 and len(found) == len(words)
            assert_close(np.ma.getdata(found)[expected.places], values)
            if name in ZERO_WHERE_SKIPPED:
                assert not np.ma.isMaskedArray(found) and not found[skipped].any()
            else:
                assert np.ma.getmaskarray(found).tolist() == skipped.tolist()
        known = token_columns(lm, doc, ["known"])["known"]
        assert known.dtype == bool and np.ma.getmaskarray(known).tolist() == skipped.tolist()
        assert known.data[expected.places].tolist() == expected.known


def test_white_space_has_surprisal_where_it_is_read(lm):
    doc = annotate(lm)[1]
    columns = token_columns(lm, doc, ["tokens", "unknown", "surprisal", "entropy_reduction"])
    read = 0 if lm.vocabulary.skips_space else 1
    assert columns["tokens"].tolist() == [1, read, 1, 1, read, 1, 1, 1]
    assert columns["unknown"].tolist() == [False, read, True, False, read, True, False, True]
    assert (columns["surprisal"][1] > 0) == bool(read)


def test_the_rank_of_an_unknown_word_is_missing(lm):
    for doc in annotate(lm):
        rank = token_columns(lm, doc, ["rank"])["rank"]
        assert rank.dtype == np.int32
        assert np.ma.getmaskarray(rank).tolist() == (doc._.rnn_lm.rank < 1).tolist()


def test_the_surprisal_of_known_words_leaves_unknown_ones_out(lm):
    """One by one, and of every span; a span without a known word has none."""
    for words, doc in zip(TEXTS, annotate(lm), strict=True):
        expected = Expected(lm, words)
        bits = dict(zip(expected.places, expected.columns()["surprisal"], strict=True))
        known = dict(zip(expected.places, expected.known, strict=True))
        (measures,) = measure_docs(lm, [doc])
        column = measures.column("surprisal_known")
        there = [known.get(i, False) for i in range(len(words))]
        assert (~np.ma.getmaskarray(column)).tolist() == there
        assert_close(column[there].data, [bits[i] for i in sorted(bits) if known[i]])
        for start in range(len(words) + 1):
            for end in range(start, len(words) + 1):
                inside = [bits[i] for i in range(start, end) if known.get(i)]
                found = measures.over("surprisal_known", start, end)
                assert found == (pytest.approx(sum(inside), rel=1e-4) if inside else None)


def test_numbers_of_several_tokens_follow_from_those_of_each(lm):
    """Every span of every text, empty ones too."""
    for words, doc in zip(TEXTS, annotate(lm), strict=True):
        expected = Expected(lm, words)
        columns = expected.columns()
        (measures,) = measure_docs(lm, [doc])
        ranks = dict(enumerate(doc._.rnn_lm.rank.tolist()))
        for start in range(len(words) + 1):
            for end in range(start, len(words) + 1):
                inside = [k for k, i in enumerate(expected.places) if start <= i < end]
                for name in (*ZERO_WHERE_SKIPPED, "unigram_surprisal"):
                    total = sum(columns[name][k] for k in inside)
                    assert_close(measures.over(name, start, end), total)
                assert measures.over("tokens", start, end) == len(inside)
                known = [expected.known[k] for k in inside]
                assert measures.over("unknown", start, end) == known.count(False)
                if not inside:
                    for name in ("entropy", "entropy_reduction", "known", "rank"):
                        assert measures.over(name, start, end) is None
                    continue
                assert measures.over("known", start, end) is all(known)
                mean = sum(columns["entropy"][k] for k in inside) / len(inside)
                assert_close(measures.over("entropy", start, end), mean)
                reduced = expected.entropy[inside[0]] - expected.entropy[inside[-1] + 1]
                assert_close(measures.over("entropy_reduction", start, end), max(0, reduced))
                before = expected.entropy[max(0, inside[0] - 1)] - expected.entropy[inside[0]]
                assert_close(measures.over("entropy_reduction_lagged", start, end), max(0, before))
                there = [r for i, r in ranks.items() if start <= i < end and r > 0]
                mean = sum(there) / len(there) if there else None
                assert measures.over("rank", start, end) == (mean and pytest.approx(mean))


def test_the_lagged_reduction_of_a_word_is_that_of_the_word_before():
    """Words of several tokens: what the word before reduced, if nothing stands between them."""
    nlp = make_random(annotations=KEPT)
    lm = nlp.get_pipe("rnn_lm")
    (doc,) = annotate(lm, TEXTS[:1])
    (measures,) = measure_docs(lm, [doc])
    words = [(0, 2), (2, 3), (3, 6), (6, 7)]
    for before, (start, end) in pairwise(words):
        found = measures.over("entropy_reduction_lagged", start, end, previous=before[0])
        assert found == pytest.approx(measures.over("entropy_reduction", *before), abs=1e-6)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_unit_before_begins_with_its_first_token_that_is_read(direction):
    """Not with white space, of which there is no entropy."""
    model = {"white_space": "skip", "direction": direction}
    lm = make_random(model=model, annotations=KEPT).get_pipe("rnn_lm")
    words = ["\n", "the", "grey", "cat", "\n", "watches", "a", "\n"]
    (measures,) = measure_docs(lm, annotate(lm, [words]))
    units = [((0, 4), 0, 1), ((4, 8), 4, 5)]
    if direction == "backward":
        units = [((5, 8), 7, 6), ((0, 5), 4, 3)]
    name, entropy = "entropy_reduction_lagged", measures.column("entropy")
    (_, white, begins), ((start, end), white_later, begins_later) = units
    own = begins_later
    found = measures.over(name, start, end, previous=white)
    assert found == pytest.approx(max(0.0, entropy[begins] - entropy[own]), abs=1e-6)
    assert found == measures.over(name, start, end, previous=begins)
    # of white space alone, that token which was read before
    alone = measures.over(name, start, end, previous=white_later)
    assert alone == measures.over(name, start, end)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_span_copies_nothing_of_a_long_document(direction):
    lm = make_random(model={"direction": direction}, annotations=KEPT).get_pipe("rnn_lm")
    (measures,) = measure_docs(lm, annotate(lm, [["the", "cat"] * 1000]))
    names = ["entropy_reduction", "entropy_reduction_lagged"]
    for name in names:
        measures.over(name, 3, 5)
    tracemalloc.start()
    try:
        for name in names:
            measures.over(name, 3, 5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8000, "less than four bytes a token"


def test_the_end_has_the_numbers_of_its_symbol(lm):
    for words, doc in zip(TEXTS, annotate(lm), strict=True):
        expected = Expected(lm, words)
        (measures,) = measure_docs(lm, [doc])
        for name in ("surprisal", "surprisal_unk", "surprisal_known"):
            assert_close(measures.end(name), expected.closed[-1])
        assert measures.end("spelling") == 0
        assert_close(measures.end("entropy"), expected.entropy[-1])
        lagged = expected.entropy[-2] - expected.entropy[-1] if expected.words else 0
        assert_close(measures.end("entropy_reduction_lagged"), max(0, lagged))
        counts = lm.vocabulary.counts + 0.5
        assert_close(measures.end("unigram_surprisal"), -math.log2(counts[1] / counts.sum()))
        assert measures.end("rank") == doc._.rnn_lm.end_rank >= 1
        for name in ("entropy_reduction", "token", "known", "start"):
            assert measures.end(name) is None


def test_sums_are_those_of_the_attributes(lm):
    for doc in annotate(lm):
        (measures,) = measure_docs(lm, [doc])
        whole = measures.over("surprisal", 0, len(doc))
        assert whole == pytest.approx(doc._.rnn_surprisal, rel=1e-6)
        assert whole == measures.column("surprisal").sum(dtype="d")
        for start in range(len(doc)):
            for end in range(start + 1, len(doc) + 1):
                span = doc[start:end]
                found = measures.over("surprisal", start, end)
                assert found == pytest.approx(span._.rnn_surprisal, rel=1e-6)
                for name in NETWORK_MEASURES:
                    assert measures.over(name, start, end) == getattr(span._, f"rnn_{name}")


def test_a_sentence_has_the_unigram_probability_of_its_scores(lm):
    doc = annotate(lm)[1]
    (measures,) = measure_docs(lm, [doc])
    scores = lm.sentence_scores(doc)
    norm = measures.over("surprisal", 0, len(doc)) / measures.over("unigram_surprisal", 0, len(doc))
    assert scores.norm_lp == pytest.approx(-norm, rel=1e-6)


def test_columns_of_the_text_are_those_of_spacy():
    nlp = make_random(annotations=[])
    doc = nlp("the grey  cat, 我 !")
    columns = token_columns("rnn_lm", doc, ["i", "token", "start", "end", "whitespace_", "length"])
    for token in doc:
        values = [columns[name][token.i] for name in columns]
        offsets = [token.idx, token.idx + len(token.text)]
        assert values == [token.i, token.text, *offsets, token.whitespace_, len(token.text)]
    (measures,) = measure_docs("rnn_lm", [doc])
    for start in range(len(doc)):
        for end in range(start + 1, len(doc) + 1):
            span = doc[start:end]
            expected = [start, span.text, span.start_char, span.end_char]
            expected += [doc[end - 1].whitespace_, len(span.text)]
            assert [measures.over(name, start, end) for name in columns] == expected


@pytest.mark.parametrize("name", MEASURES)
def test_a_component_that_keeps_what_a_column_needs_has_it(name):
    nlp = make_random()
    lm = nlp.get_pipe("rnn_lm")
    prepare(nlp, lm, [name])
    assert set(lm.annotations) == {"log_probs", *annotations_for([name])}
    lm.annotations = annotations_for([name])
    doc = nlp("the grey zeppelin")
    column = token_columns(lm, doc, [name])[name]
    assert len(column) == 3
    kinds = {"float32": float, "int32": int, "bool": bool, "str": str}
    kind = {"mean": float, "count": int}.get(MEASURES[name].adds, kinds[MEASURES[name].dtype])
    assert type(measure_docs(lm, [doc])[0].over(name, 0, 1)) is kind
    (measures,) = measure_docs("rnn_lm", [doc])
    if MEASURES[name].needs_vocabulary:
        with pytest.raises(ValueError, match=f"R701.*{name}"):
            measures.column(name)
    else:
        assert list(measures.column(name)) == list(column)


@pytest.mark.parametrize("name", [name for name in MEASURES if not name.endswith("known")])
def test_what_was_not_kept_is_an_error(name):
    nlp = make_random(annotations=["hidden"])
    (measures,) = measure_docs(nlp.get_pipe("rnn_lm"), [nlp("the grey cat")])
    calls = [lambda: measures.column(name), lambda: measures.over(name, 0, 2)]
    for call in calls:
        if MEASURES[name].annotations:
            with pytest.raises(ValueError, match=f"R307.*{MEASURES[name].annotations[0]}"):
                call()
        else:
            call()


@pytest.mark.parametrize("name", ["known", "unknown"])
def test_the_vocabulary_says_what_is_known_where_the_output_does_not(name):
    nlp = make_random(annotations=["hidden"])
    doc = nlp("the grey zeppelin")
    column = token_columns(nlp.get_pipe("rnn_lm"), doc, [name])[name]
    assert column.tolist() == [word == (name == "known") for word in (True, True, False)]
    with pytest.raises(ValueError, match=f"R701.*{name}.*vocabulary"):
        token_columns("rnn_lm", doc, [name])


def test_errors_say_what_to_do():
    nlp = make_random(annotations=KEPT)
    lm = nlp.get_pipe("rnn_lm")
    doc = nlp("the grey cat")
    for call in (
        lambda: token_columns(lm, doc, ["surprisal", "hidden"]),
        lambda: measure_docs(lm, [doc])[0].over("hidden", 0, 1),
        lambda: measure_docs(lm, [doc])[0].end("hidden"),
        lambda: prepare(nlp, lm, ["hidden"]),
    ):
        with pytest.raises(ValueError, match=r"R700.*'hidden'.*surprisal, .*entropy_reduction"):
            call()
    with pytest.raises(ValueError, match="R332"):
        measure_docs(lm, [nlp.make_doc("the")])
    with pytest.raises(ValueError, match=r"R332.*other"):
        measure_docs("other", [doc])


def test_an_output_of_before_has_no_reduction_but_all_else(lm):
    """Files that were saved without the numbers of the end."""
    for doc in annotate(lm):
        message = doc._.rnn_lm.to_dict()
        assert message.pop("end_entropy") is not None and message.pop("end_rank") is not None
        if "backward" in message:
            del message["backward"]["end_entropy"]
        set_output(doc, "rnn_lm", LMOutput.from_dict(message))
        (measures,) = measure_docs(lm, [doc])
        with pytest.raises(ValueError, match="R702"):
            measures.column("entropy_reduction")
        if doc._.rnn_lm.read.any():
            with pytest.raises(ValueError, match="R702"):
                measures.over("entropy_reduction", 0, len(doc))
        assert measures.end("entropy") is measures.end("rank") is None
        assert len(measures.column("entropy_reduction_lagged")) == len(doc)


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_the_numbers_of_the_end_are_saved(direction):
    nlp = make_random(annotations=KEPT, model={"direction": direction})
    (doc,) = nlp.pipe(["the grey cat"])
    docs = DocBin(store_user_data=True)
    docs.add(doc)
    (again,) = DocBin().from_bytes(docs.to_bytes()).get_docs(nlp.vocab)
    for one, other in zip(outputs_of(again), outputs_of(doc), strict=True):
        assert one.end_entropy == other.end_entropy > 0
        assert one.end_rank == other.end_rank >= 1
        assert type(other.end_rank) is int and type(other.end_entropy) is float


def outputs_of(doc):
    output = doc._.rnn_lm
    return [output] if output.backward is None else [output, output.backward]
