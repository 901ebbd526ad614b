"""`to_rows` and `to_df`: against text that Python splits, sums by hand, and other ways to score."""

import json
import sys

import numpy as np
import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

import spacy_rnn
from spacy_rnn import to_df, to_rows
from spacy_rnn.pipeline.measure_table import MEASURES
from spacy_rnn.scoring.doc_rows import LEVELS
from spacy_rnn.scoring.document_scores import document_scores, unknown_tokens

from ..helpers import make_random

KEPT = ["log_probs", "entropy", "rank"]
OF_VOCABULARY = {"unigram_surprisal", "bits_per_char"}
TEXTS = [
    "the grey cat watches a letter! ",
    "  two  zeppelins,\n(the unk) don't watch",
    "\n \t",
    "",
    "zeppelin",
]
SUMS = ["log_prob", "surprisal", "spelling", "surprisal_unk", "unigram_surprisal"]


@pytest.fixture(
    scope="module",
    params=[
        {},
        {"white_space": "skip", "speller_width": 4},
        {"white_space": "skip", "direction": "backward"},
        {"direction": "both", "cutoffs": [6, 15]},
    ],
    ids=str,
)
def nlp(request):
    """Shared: tests must not change it."""
    nlp = make_random(model=request.param, annotations=KEPT, lang="en")
    nlp.add_pipe("sentencizer")
    return nlp


@pytest.fixture(scope="module")
def plain():
    return make_random(annotations=KEPT)


def lm_of(nlp):
    return nlp.get_pipe("rnn_lm")


def close(value):
    return value if value is None else pytest.approx(value, rel=1e-5, abs=1e-5)


def test_a_token_has_a_row_with_what_its_attributes_say(nlp):
    docs = list(nlp.pipe(TEXTS))
    rows = to_rows(docs, component=lm_of(nlp))
    tokens = [(number, token) for number, doc in enumerate(docs) for token in doc]
    assert len(rows) == len(tokens)
    vocabulary = lm_of(nlp).vocabulary
    for row, (number, token) in zip(rows, tokens, strict=True):
        assert list(row) == ["doc", *MEASURES]
        output = token.doc._.rnn_lm
        read = bool(output.read[token.i])
        assert (row["doc"], row["i"], row["token"]) == (number, token.i, token.text)
        assert token.doc.text[row["start"] : row["end"]] == token.text
        assert (row["whitespace_"], row["length"]) == (token.whitespace_, len(token))
        assert row["surprisal"] == close(token._.rnn_surprisal)
        assert row["entropy"] == (token._.rnn_entropy if read else None)
        assert row["rank"] == token._.rnn_rank
        assert row["known"] is (vocabulary.knows(token) if read else None)
        assert row["unknown"] is (read and not vocabulary.knows(token))
        assert row["tokens"] == int(read)
        whole = row["surprisal_unk"] + row["spelling"]
        assert whole == close(row["surprisal"])


def test_a_word_is_what_stands_between_white_space(nlp):
    for doc in nlp.pipe(TEXTS):
        tokens = to_rows(doc, component=lm_of(nlp))
        rows = to_rows(doc, "word", component=lm_of(nlp))
        assert [row["word"] for row in rows] == doc.text.split()
        for row in rows:
            assert doc.text[row["start"] : row["end"]] == row["word"]
            assert row["length"] == len(row["word"])
            inside = [t for t in tokens if row["start"] <= t["start"] < row["end"]]
            assert row["i"] == inside[0]["i"] and row["tokens"] == len(inside)
            for name in SUMS:
                assert row[name] == close(sum(token[name] for token in inside))
            assert row["unknown"] == sum(token["unknown"] for token in inside)
            assert row["known"] is all(token["known"] for token in inside)
            for name in ("entropy", "rank"):
                there = [token[name] for token in inside if token[name] is not None]
                assert row[name] == close(sum(there) / len(there) if there else None)


def test_words_reduce_the_entropy_from_their_beginning_to_that_of_the_next(nlp):
    """And the lagged reduction is that of the word before, where only white space that isn't read
    stands between them."""

    for doc in nlp.pipe(TEXTS):
        rows = to_rows(doc, "word", component=lm_of(nlp))
        output = doc._.rnn_lm
        places = np.flatnonzero(output.read)
        if output.reverse:
            places, rows = places[::-1], rows[::-1]
        order = places.tolist()
        entropies = [*output.entropy[places].tolist(), output.end_entropy]
        begun = None
        for row in rows:
            inside = [order.index(t.i) for t in doc if row["start"] <= t.idx < row["end"]]
            before, after = entropies[min(inside)], entropies[max(inside) + 1]
            assert row["entropy_reduction"] == close(max(0.0, before - after))
            last = 0.0 if begun is None else max(0.0, begun - before)
            if begun is None and min(inside):  # white space was read before the first word
                last = max(0.0, entropies[min(inside) - 1] - before)
            assert row["entropy_reduction_lagged"] == close(last)
            begun = before


def test_a_sentence_has_a_row_with_the_attributes_of_the_span(nlp):
    doc = nlp("the grey cat. zeppelins watch! a")
    doc.spans["regions"] = [Span(doc, 1, 3, "critical"), Span(doc, 2, 6), Span(doc, 0, 1, "x")]
    doc.set_ents([Span(doc, 4, 5, "THING")])
    kinds = {None: doc.sents, "sents": doc.sents, "ents": doc.ents}
    kinds["regions"] = doc.spans["regions"]
    for kind, spans in kinds.items():
        rows = to_rows(doc, "span", spans=kind, component=lm_of(nlp))
        for row, span in zip(rows, spans, strict=True):
            assert (row["span"], row["label"]) == (span.text, span.label_)
            assert (row["start"], row["end"]) == (span.start_char, span.end_char)
            assert row["surprisal"] == close(span._.rnn_surprisal)
            assert row["entropy"] == span._.rnn_entropy and row["rank"] == span._.rnn_rank
            assert row["i"] == span.start and row["length"] == len(span.text)


def test_a_document_has_the_numbers_of_rnn_score(nlp):
    docs = list(nlp.pipe(TEXTS))
    lm = lm_of(nlp)
    for row, doc in zip(to_rows(docs, "doc", component=lm), docs, strict=True):
        (unknown,) = unknown_tokens(lm, [doc])
        scores = document_scores(lm, doc, doc._.rnn_lm, unknown, ["entropy", "rank"])
        assert row == {"doc": row["doc"], **scores}
    for row, doc in zip(to_rows(docs, "doc"), docs, strict=True):
        expected = to_rows([doc], "doc", component=lm)[0]
        del expected["bits_per_char"]
        assert row == {**expected, "doc": row["doc"]}


@pytest.mark.parametrize("level", LEVELS)
def test_docs_of_a_file_need_no_pipeline(nlp, level):
    docs = DocBin(store_user_data=True, docs=nlp.pipe(TEXTS))
    again = list(DocBin().from_bytes(docs.to_bytes()).get_docs(Vocab()))
    rows = to_rows(again, level)
    expected = to_rows(nlp.pipe(TEXTS), level, component=lm_of(nlp))
    assert rows == [{k: v for k, v in row.items() if k not in OF_VOCABULARY} for row in expected]
    assert json.loads(json.dumps(rows)) == rows
    for name in OF_VOCABULARY & expected[0].keys():
        with pytest.raises(ValueError, match=f"R701.*{name}.*nlp.get_pipe"):
            to_rows(again, level, columns=["surprisal", name])


@pytest.mark.parametrize("level", LEVELS)
def test_columns_are_those_that_are_named_in_their_order(plain, level):
    docs = list(plain.pipe(["the grey cat", "a letter"]))
    for doc in docs:
        doc[1].is_sent_start = False
    named = {"doc": ["perplexity", "mean_rank", "surprisal"], "span": ["label", "rank", "span"]}
    columns = named.get(level, ["entropy", level, "surprisal"])
    rows = to_rows(docs, level, component=lm_of(plain), columns=columns)
    whole = to_rows(docs, level, component=lm_of(plain))
    assert all(list(row) == ["doc", *columns] for row in rows)
    assert rows == [{name: row[name] for name in row if name in rows[0]} for row in whole]
    assert to_rows(docs, level, columns=columns[0])[0].keys() == {"doc", columns[0]}


def test_what_the_first_document_has_not_is_no_column():
    nlp = make_random(annotations=["rank"])
    rows = to_rows(nlp("the grey cat"), component=lm_of(nlp))
    lacking = {*SUMS, "surprisal_known", "entropy", "entropy_reduction", "entropy_reduction_lagged"}
    assert rows[0].keys() == {"doc", *MEASURES} - lacking
    with pytest.raises(ValueError, match=r"R307.*'entropy'"):
        to_rows(nlp("the grey cat"), columns=["entropy_reduction"])
    with pytest.raises(ValueError, match=r"R307.*'log_probs'"):
        to_rows(nlp("the grey cat"), "doc", component=lm_of(nlp))


def test_components_are_told_apart_by_their_names():
    nlp = make_random(name="other", annotations=KEPT)
    doc = nlp("the grey cat")
    rows = to_rows(doc, component="other", columns=["surprisal"])
    assert [row["surprisal"] for row in rows] == doc._.other.surprisal.tolist()
    with pytest.raises(ValueError, match=r"R332.*rnn_lm"):
        to_rows(doc)


def test_more_documents_than_are_looked_up_at_once(plain, monkeypatch):
    monkeypatch.setattr("spacy_rnn.scoring.doc_rows._BATCH", 2)
    rows = to_rows(plain.pipe(["the cat"] * 5), component=lm_of(plain))
    assert [row["doc"] for row in rows] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert to_rows([]) == to_rows(iter([]), "doc") == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda doc: to_rows(doc, "sentence"), 'R309.*level.*"span".*sentence'),
        (lambda doc: to_rows(doc, columns=["surprise"]), "R700.*'surprise'.*surprisal"),
        (lambda doc: to_rows(doc, "word", columns=["token"]), "R700.*'token'.*word"),
        (lambda doc: to_rows(doc, "doc", columns=["entropy"]), "R700.*'entropy'.*mean_entropy"),
        (lambda doc: to_rows(doc, "span"), "R703.*sentencizer"),
        (lambda doc: to_rows(doc, "span", spans="regions"), "R704.*'regions'.*none"),
        (lambda doc: to_rows(doc, "word", spans="ents"), "R705.*'word'"),
        (lambda doc: to_rows("the cat"), "R553.*docs.*'the cat'"),
        (lambda doc: to_rows([doc, doc.text]), "R553.*docs"),
        (lambda doc: to_rows(doc, component=None), "R553.*component"),
        (lambda doc: to_rows(Doc(doc.vocab, words=["a"])), "R332"),
        (lambda doc: to_rows(7), "R553.*docs"),
    ],
)
def test_one_error_says_what_is_wrong(plain, call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(plain("the grey cat"))


# -- pandas


def test_a_table_has_the_rows_with_types_that_statistics_take(nlp):
    pytest.importorskip("pandas")
    docs = list(nlp.pipe(TEXTS))
    for level in LEVELS:
        rows = to_rows(docs, level, component=lm_of(nlp))
        table = to_df(docs, level, component=lm_of(nlp))
        assert list(table.columns) == list(rows[0]) and len(table) == len(rows)
        for name in table.columns:
            values = [row[name] for row in rows]
            kinds = {type(value) for value in values} - {type(None)}
            found = zip(table[name].astype(object), table[name].isna(), strict=True)
            assert [None if missing else value for value, missing in found] == values, name
            dtype = str(table[name].dtype)
            if kinds == {float} or name == "rank":
                assert dtype == "float64", name
            elif kinds == {str}:
                assert dtype == "object", name
            elif kinds == {int}:
                assert dtype == "int64", name
            else:
                assert kinds == {bool} and dtype == ("boolean" if None in values else "bool")


def test_a_table_of_nothing_has_its_columns(plain):
    pytest.importorskip("pandas")
    table = to_df([plain("")], component=lm_of(plain))
    assert list(table.columns) == ["doc", *MEASURES] and not len(table)
    assert str(table["surprisal"].dtype) == "float64"
    assert list(to_df([], columns=["surprisal"]).columns) == ["doc", "surprisal"]


def test_without_pandas_one_error_says_so(plain, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"R706.*pip install pandas.*to_rows"):
        to_df(plain("the cat"))
    assert len(to_rows(plain("the cat"))) == 2


def test_both_are_public():
    assert spacy_rnn.to_rows is to_rows and spacy_rnn.to_df is to_df
