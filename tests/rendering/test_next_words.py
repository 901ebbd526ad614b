"""The style "next" says what the arrays say."""

import math

import numpy as np
import pytest
from spacy.tokens import Doc

from spacy_rnn import LMOutput, render
from spacy_rnn.pipeline.output import NextWords

from ..helpers import CHINESE, ENGLISH, make_pipeline, make_random, make_trained
from .reading import read, table_rows

START, END = "start of text", "end of text"


def draw(docs, **options):
    return read(render(docs, "next", jupyter=False, **options))


def rows_of(doc, **options):
    return list(table_rows(draw(doc, **options)))


def shown(guesses):
    return [(END if word == "</s>" else word, f"{p:.3f}") for word, p in guesses]


@pytest.mark.parametrize("language", ["trained", "chinese"])
def test_a_row_for_every_token_and_the_end(language, request):
    doc = request.getfixturevalue(language)(ENGLISH[9] if language == "trained" else CHINESE[4])
    words = [token.text for token in doc]
    output = doc._.rnn_lm
    bits = [f"{-x / math.log(2):.1f} bits" for x in [*output.log_probs, output.end_log_prob]]
    rows = rows_of(doc, lang="en")
    assert [row[0] for row in rows] == [START, *words]
    assert [row[2] for row in rows] == [*words, END]
    assert [row[4] for row in rows] == bits
    hits = 0
    for position, (_, guesses, came, hit, _) in enumerate(rows):
        assert [guess[:2] for guess in guesses] == shown(output.next_words.at(position))
        assert [name for name, _, right in guesses if right] == [came] * hit
        assert hit == (came in [name for name, _, _ in guesses])
        hits += hit
    assert hits > len(words) / 2  # it was trained on this text


def test_a_bar_is_as_long_as_the_probability(trained):
    doc = trained(ENGLISH[9])
    items = list(draw(doc).all("li"))
    pairs = [pair for at in range(len(doc) + 1) for pair in doc._.rnn_lm.next_words.at(at)]
    levels = [float(item.attrs["style"].partition(":")[2].rstrip("%")) for item in items]
    assert levels == pytest.approx([100 * p for _, p in pairs], abs=0.051)


def test_a_span_begins_after_the_word_before_it_and_ends_with_what_follows(trained):
    doc = trained(ENGLISH[9])
    assert rows_of(doc[2:4]) == rows_of(doc)[2:5]
    assert rows_of(doc[:]) == rows_of(doc)
    assert rows_of(doc[4:]) == rows_of(doc)[4:]


def test_a_cut_says_how_many_tokens_are_left_out(trained):
    doc = trained(" ".join(ENGLISH))
    root = draw(doc, max_tokens=3)
    assert list(table_rows(root)) == rows_of(doc)[:3]
    assert f"{len(doc) - 3:,} of {len(doc):,} tokens" in root.one(".spacy-rnn-note").text
    assert not list(draw(doc).all(".spacy-rnn-note"))


def test_a_long_text_is_divided_into_pieces_that_say_what_is_in_them(trained):
    doc = trained(" ".join(ENGLISH[:12]))
    root = draw(doc)
    pieces = list(root.all("details"))
    rows = [row for piece in pieces for row in table_rows(piece)]
    assert [row[2] for row in rows] == [*[token.text for token in doc], END]
    assert rows[:25] == rows_of(doc[:24])
    assert ["open" in piece.attrs for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    for number, piece in enumerate(pieces[:-1]):
        start, stop = 25 * number, 25 * number + 25
        summary = piece.one("summary").text
        assert summary.startswith(f"{start + 1}–{min(stop, len(doc))} {doc[start].text}")
        mean = doc._.rnn_lm.surprisal[start:stop].mean()
        assert f"{mean:.1f} bits a token" in summary
    assert "25 tokens" in root.one(".spacy-rnn-legend").text
    assert not list(draw(doc[:39]).all("details"))


def test_without_log_probs_only_the_words_are_compared():
    nlp = make_pipeline(annotations=["next"])
    doc = nlp(ENGLISH[0])
    assert doc._.rnn_lm.log_probs is None
    rows = rows_of(doc)
    assert [row[4] for row in rows] == [None] * (len(doc) + 1)
    assert [row[2] for row in rows] == [*[token.text for token in doc], END]


def test_marks_stand_after_the_number(trained):
    nlp = make_random(model={"speller_width": 4})
    rows = rows_of(nlp("the zeppelin"))
    assert [row[4].endswith("? bits") for row in rows] == [False, True, False]
    rows = rows_of(nlp("zeppelin the"), marks=lambda token: "?" * (token.i == 1))
    assert [row[4].endswith("? bits") for row in rows] == [False, True, False]


def test_a_guess_in_normal_form_is_right_too():
    nlp = make_trained(model={"attr": "LOWER"})
    rows = rows_of(nlp("THE baker"))
    assert rows[0][2:4] == ("THE", True)
    assert [name for name, _, right in rows[0][1] if right] == ["the"]


def made(nlp, words, guesses, log_probs):
    doc = Doc(nlp.vocab, words=words)
    k = len(guesses)
    doc.user_data["._.", "rnn_lm", None, None] = LMOutput(
        np.array([token.idx for token in doc], dtype=np.int32),
        log_probs=np.array(log_probs, dtype=np.float32),
        end_log_prob=-1.0,
        next_words=NextWords(
            [word for word, _ in guesses],
            np.tile(np.arange(k, dtype=np.int32), (len(doc) + 1, 1)),
            np.tile(np.array([p for _, p in guesses], dtype=np.float32), (len(doc) + 1, 1)),
        ),
    )
    return doc


def test_another_word_that_differs_in_case_only_is_wrong(trained):
    guesses = [("the", 0.5), ("The", 0.25)]
    doc = made(trained, ["The", "THE"], guesses, [math.log(0.25), math.log(0.1)])
    rows = rows_of(doc)
    assert [name for name, _, right in rows[0][1] if right] == ["The"]
    assert not rows[1][3]


def test_a_text_that_spells_the_end_is_a_word(trained):
    doc = made(trained, ["</s>"], [("</s>", 0.5)], [math.log(0.1)])
    rows = rows_of(doc)
    assert rows[0][2:4] == ("</s>", False)
    assert rows[1][2:4] == (END, True)


def test_words_of_the_vocabulary_are_escaped(trained):
    doc = made(trained, ["<b>"], [("<b>", 0.5), ('"&amp;', 0.2), ("</style>", 0.1)], [-1.0])
    assert [name for name, _, _ in rows_of(doc)[0][1]] == ["<b>", '"&amp;', "</style>"]


@pytest.mark.parametrize("direction", ["both", "backward"])
def test_backward_each_row_has_the_word_before(direction):
    doc = make_random(model={"direction": direction})(ENGLISH[5])
    words = [token.text for token in doc]
    output = doc._.rnn_lm.backward or doc._.rnn_lm
    rows = rows_of(doc, direction="backward")
    assert [row[0] for row in rows] == [END, *words[::-1]]
    assert [row[2] for row in rows] == [*words[::-1], START]
    numbers = [*output.log_probs[::-1], output.end_log_prob]
    assert [row[4] for row in rows] == [f"{-x / math.log(2):.1f} bits" for x in numbers]
    at = [0, *range(len(doc), 0, -1)]
    for (_, guesses, came, hit, bits), position in zip(rows, at, strict=True):
        expected = output.next_words.at(position)
        named = [(START if word == "</s>" else word, f"{p:.3f}") for word, p in expected]
        assert [guess[:2] for guess in guesses] == named
        # only the right row has the probability that the surprisal belongs to
        for (name, _, right), (_, p) in zip(guesses, expected, strict=True):
            assert right == (name == came)
            assert not right or f"{-math.log2(p):.1f} bits" == bits
        assert hit == any(right for _, _, right in guesses)
    assert rows_of(doc[2:4], direction="backward") == rows[len(doc) - 4 : len(doc) - 1]


def test_there_is_no_row_for_white_space_that_is_not_read():
    nlp = make_random(model={"white_space": "skip"})
    rows, plain = rows_of(nlp("the  baker \n paints")), rows_of(nlp("the baker paints"))
    assert [row[1:] for row in rows] == [row[1:] for row in plain]


def test_the_right_guess_may_be_a_variant_of_what_came():
    nlp = make_trained(
        [text.replace(".", "，") for text in ENGLISH], model={"normalize": "typography"}
    )
    words = ENGLISH[9].replace(".", ",").split()
    doc = Doc(nlp.vocab, words=words)
    lm = nlp.get_pipe("rnn_lm")
    lm.set_annotations([doc], lm.predict([doc]))
    (_, guesses, _, hit, _) = next(row for row in rows_of(doc) if row[2] == ",")
    assert hit and [name for name, _, right in guesses if right] == ["，"]
