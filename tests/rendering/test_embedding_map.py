"""The style "embeddings": words where their embeddings' principal components put them."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_rnn import render
from spacy_rnn.rendering.embedding_map import principal_plane
from spacy_rnn.rendering.label_places import Box, label_places, text_width

from .reading import read

WORDS = ["baker", "paints", "cat", "old", "harbour"]


def draw(lm, **options):
    return read(render(lm, "embeddings", jupyter=False, **options))


def spots(root):
    """Words and their places on the paper."""
    return {
        spot.one("title").text: (float(spot.attrs["cx"]), float(spot.attrs["cy"]))
        for spot in root.all("circle")
    }


@pytest.fixture(scope="module")
def lm(trained):
    return trained.get_pipe("rnn_lm")


def test_the_plane_is_that_of_the_largest_eigenvalues():
    vectors = np.random.default_rng(0).normal(size=(30, 7)).astype(np.float32)
    vectors *= [5, 3, 1, 1, 1, 0.5, 0.1]
    points, shares = principal_plane(vectors)
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    assert shares == pytest.approx(tuple(values[::-1][:2] / values.sum()), rel=1e-6)
    for number in (0, 1):
        expected = centred @ axes[:, -1 - number]
        expected *= np.sign(expected[np.abs(expected).argmax()])
        np.testing.assert_allclose(points[:, number], expected, atol=1e-5)


@pytest.mark.parametrize("vectors", [np.ones((1, 4)), np.ones((3, 4)), [[1.0], [2.0], [4.0]]])
def test_a_plane_without_variance_is_no_error(vectors):
    points, shares = principal_plane(np.array(vectors, dtype=np.float32))
    assert np.isfinite(points).all() and points.shape == (len(vectors), 2)
    assert shares == ((0.0, 0.0) if np.ptp(vectors) == 0 else (pytest.approx(1.0), 0.0))


def test_distances_on_the_map_are_those_in_the_plane(lm):
    root = draw(lm, words=WORDS, neighbours=0)
    points, shares = principal_plane(np.stack([lm.embedding(word) for word in WORDS]))
    found = spots(root)
    assert list(found) == WORDS
    places = np.array([found[word] for word in WORDS])
    ratios = []
    for i in range(len(WORDS)):
        for j in range(i):
            shown = np.linalg.norm(places[i] - places[j])
            ratios.append(shown / np.linalg.norm(points[i] - points[j]))
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=0.01)
    legend = root.one(".spacy-rnn-legend").text
    for share in shares:
        assert f"{100 * share:.0f}%" in legend
    assert not list(root.all("table"))


def test_chosen_words_stand_with_their_neighbours(lm):
    root = draw(lm, words=["baker", "cat"], neighbours=2)
    near = {word: lm.most_similar(word, 2) for word in ("baker", "cat")}
    expected = {"baker", "cat"} | {other for found in near.values() for other, _ in found}
    assert set(spots(root)) == expected
    assert len(list(root.all("line"))) == 4
    hollow = {s.one("title").text for s in root.all("circle") if "beside" in s.attrs["class"]}
    assert hollow == expected - {"baker", "cat"}
    for row in root.one("tbody").all("tr"):
        word, *others = (bdi.text for bdi in row.all("bdi"))
        cosines = [number.text for number in row.all(".spacy-rnn-number")]
        assert list(zip(others, cosines, strict=True)) == [
            (other, f"{cosine:.2f}") for other, cosine in near[word]
        ]


def test_without_words_the_most_frequent_are_drawn(lm):
    words = lm.vocabulary.words[2:62]
    root = draw(lm)
    assert list(spots(root)) == words
    rows = [row.one("th").text for row in root.one("tbody").all("tr")]
    assert rows == words


def test_unknown_words_are_told(lm):
    note = next(iter(draw(lm, words=["baker", "<i>zeppelin"]).all(".spacy-rnn-note")))
    assert "<i>zeppelin" in note.text and "baker" not in note.text
    with pytest.raises(ValueError, match=r"R815.*'zeppelin'"):
        draw(lm, words=["zeppelin"])
    with pytest.raises(ValueError, match="R815"):
        draw(lm, words=["<unk>", "</s>", ""])


def test_too_many_words_are_an_error(trained):
    words = [f"w{i}" for i in range(301)]
    vocabulary = SimpleNamespace(words=words, knows=lambda lexeme: True)
    many = SimpleNamespace(
        vocabulary=vocabulary,
        vocab=Vocab(),
        embedding=lambda word: np.ones(3),
        most_similar=lambda word, n=10: [],
    )
    with pytest.raises(ValueError, match=r"R816.*301.*300"):
        draw(many, words=words)
    assert len(spots(draw(many, words=words[:300]))) == 300


@pytest.mark.parametrize("wrong", [None, "a text", 3])
def test_only_a_language_model_has_embeddings(wrong, trained):
    with pytest.raises(TypeError, match="R813"):
        draw(wrong)
    with pytest.raises(TypeError, match=r"R813.*Doc"):
        draw(trained("the"))
    with pytest.raises(TypeError, match=r"R814.*words"):
        draw(trained.get_pipe("rnn_lm"), words="baker")
    with pytest.raises(ValueError, match=r"R812.*words.*'embeddings'"):
        render(trained("the"), "next", words=["the"])


PLACES = st.floats(0, 400, allow_nan=False)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=40),
    texts=st.lists(st.text(st.characters(categories=["L", "N"]), max_size=12), min_size=40),
)
def test_no_label_covers_another_or_a_point(points, texts):
    places = np.array(points)
    widths = [text_width(text, 14.0) for text in texts[: len(points)]]
    area = Box(0, 0, 400, 400)
    boxes = [box for box in label_places(places, widths, 14.0, area) if box is not None]
    for number, box in enumerate(boxes):
        assert box.left >= 0 and box.right <= 400 and box.top >= 0 and box.bottom <= 400
        for other in boxes[:number]:
            apart = box.right <= other.left or other.right <= box.left
            assert apart or box.bottom <= other.top or other.bottom <= box.top
        for x, y in points:
            assert not (box.left < x < box.right and box.top < y < box.bottom)


def test_a_single_word_always_has_its_label(lm):
    root = draw(lm, words=["baker"], neighbours=0)
    assert [text.text for text in root.all("text")] == ["baker"]
    assert not re.search("nan|inf", render(lm, "embeddings", words=["baker"], jupyter=False))
