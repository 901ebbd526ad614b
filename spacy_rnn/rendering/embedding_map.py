"""The style "embeddings": words as points, near each other where their embeddings are alike."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Protocol, runtime_checkable

import numpy as np
from spacy.vocab import Vocab

from ..errors import Errors
from ..vocabulary import Vocabulary
from .label_places import Box, label_places, text_width
from .parts import RenderOptions
from .text import visible, word
from .wording import Wording

# Of a vocabulary, if no words are chosen; of chosen ones, with their neighbours
_FREQUENT, _MOST = 60, 300
# So many chosen words have their neighbours on the map; more would fill it.
_WITH_NEIGHBOURS = 30
# The drawing's own units: a Chinese character is 14 of them wide.
_WIDTH, _HEIGHT, _SIZE, _MARGIN = 860.0, 600.0, 14.0, 40.0


@runtime_checkable
class WordMap(Protocol):
    """What the map asks of a language model."""

    vocab: Vocab
    vocabulary: Vocabulary

    def embedding(self, word: str) -> np.ndarray: ...

    def most_similar(self, word: str, n: int = 10) -> list[tuple[str, float]]: ...


def draw(given: Any, options: RenderOptions) -> tuple[str, list[str]]:
    """RETURNS (Tuple[str, List[str]]): What the map means, and one figure, as HTML."""
    if not isinstance(given, WordMap):
        raise TypeError(Errors.R813.format(type=type(given).__name__))
    wording = options.wording
    chosen, unknown = _chosen(given, options)
    count = options.neighbours
    near = {name: given.most_similar(name, count) if count else [] for name in chosen}
    shown = list(chosen)
    if options.words is not None and len(chosen) <= _WITH_NEIGHBOURS:
        shown += [other for found in near.values() for other, _ in found]
    shown = list(dict.fromkeys(shown))
    points, shares = principal_plane(np.stack([given.embedding(name) for name in shown]))
    places = _on_paper(points)
    links = _links(shown, near) if len(shown) > len(chosen) else []
    figure = _svg(shown, len(chosen), places, links, wording)
    figure += _neighbour_table(near, wording) if count else ""
    note = ""
    if unknown:
        told = wording.not_on_map.format(words=wording.between_words.join(map(word, unknown)))
        note = f'<p class="spacy-rnn-note">{told}</p>'
    return _explain_map(shown, len(chosen), shares, wording), [note + figure]


def _chosen(lm: WordMap, options: RenderOptions) -> tuple[list[str], list[str]]:
    """RETURNS (Tuple[List[str], List[str]]): Words of the vocabulary, and words that aren't."""
    if options.words is None:
        # the first two rows are <unk> and </s>
        return list(lm.vocabulary.words[2 : 2 + _FREQUENT]), []
    asked = list(dict.fromkeys(options.words))
    known = [name for name in asked if name and lm.vocabulary.knows(lm.vocab[name])]
    if not known:
        raise ValueError(Errors.R815.format(words=", ".join(map(repr, asked[:10]))))
    if len(known) > _MOST:
        raise ValueError(Errors.R816.format(words=len(known), most=_MOST))
    return known, [name for name in asked if name not in set(known)]


def principal_plane(vectors: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """Principal components by the singular value decomposition of the centred vectors.

    vectors (ndarray): float32 (n, width).
    RETURNS (Tuple[ndarray, Tuple[float, float]]): float64 (n, 2), the coordinates on the first two
        components, each with the sign that makes its largest coordinate positive; and the shares
        of the variance that these components have.
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(vectors), 2))
    count = min(2, len(values))
    points[:, :count] = left[:, :count] * values[:count]
    largest = points[np.abs(points).argmax(axis=0), [0, 1]]
    points *= np.where(largest < 0, -1.0, 1.0)
    total = float((values**2).sum())
    if total == 0.0:
        return points, (0.0, 0.0)
    shares = [*(values[:2] ** 2 / total).tolist(), 0.0]
    return points, (shares[0], shares[1])


def _on_paper(points: np.ndarray) -> np.ndarray:
    """The points in the drawing's units; one scale for both directions, or distances would lie."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([_WIDTH, _HEIGHT]) - 2 * _MARGIN
    spread = np.maximum(high - low, 1e-12)
    scale = float((room / spread).min()) if (high > low).any() else 0.0
    middle = (points - (low + high) / 2) * scale
    return np.array([_WIDTH, _HEIGHT]) / 2 + middle * [1.0, -1.0]


def _links(shown: Sequence[str], near: dict[str, list[tuple[str, float]]]) -> list[tuple[int, int]]:
    row = {name: place for place, name in enumerate(shown)}
    return [(row[name], row[other]) for name, found in near.items() for other, _ in found]


def _svg(
    shown: Sequence[str],
    chosen: int,
    places: np.ndarray,
    links: Sequence[tuple[int, int]],
    wording: Wording,
) -> str:
    texts = [visible(name) for name in shown]
    boxes = label_places(places, [text_width(text, _SIZE) for text in texts], _SIZE, _area())
    lines = "".join(
        f'<line class="spacy-rnn-link" x1="{places[a][0]:.1f}" y1="{places[a][1]:.1f}" '
        f'x2="{places[b][0]:.1f}" y2="{places[b][1]:.1f}"/>'
        for a, b in links
    )
    points = "".join(
        f'<circle class="spacy-rnn-spot{" spacy-rnn-beside" * (number >= chosen)}" '
        f'cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{escape(text)}</title></circle>'
        for number, ((x, y), text) in enumerate(zip(places.tolist(), texts, strict=True))
    )
    labels = "".join(
        _label(text, box, places[number][0], number < chosen)
        for number, (text, box) in enumerate(zip(texts, boxes, strict=True))
        if box is not None
    )
    left_out = sum(box is None for box in boxes)
    told = wording.without_label.format(words=left_out)
    note = f'<p class="spacy-rnn-note">{told}</p>' if left_out else ""
    return (
        '<div class="spacy-rnn-scroll" tabindex="0" role="group" '
        f'aria-label="{wording.picture}">'
        f'<svg class="spacy-rnn-map" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" '
        f'aria-label="{wording.map_label.format(words=len(shown))}">'
        f"{lines}{points}{labels}</svg></div>{note}"
    )


def _area() -> Box:
    return Box(0.0, 0.0, _WIDTH, _HEIGHT)


def _label(text: str, box: Box, point: float, chosen: bool) -> str:
    kind = "spacy-rnn-label" if chosen else "spacy-rnn-label spacy-rnn-beside"
    # the box is as wide as the widest font needs: the text begins at the point's side of it
    if box.left >= point:
        x, anchor = box.left, "start"
    elif box.right <= point:
        x, anchor = box.right, "end"
    else:
        x, anchor = (box.left + box.right) / 2, "middle"
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{box.bottom - 0.24 * _SIZE:.1f}" '
        f'text-anchor="{anchor}" font-size="{_SIZE:g}">{escape(text)}</text>'
    )


def _neighbour_table(near: dict[str, list[tuple[str, float]]], wording: Wording) -> str:
    rows = "".join(
        f'<tr><th class="spacy-rnn-cell" scope="row">{word(name)}</th><td class="spacy-rnn-cell">'
        + wording.between_words.join(
            f'{word(other)} <span class="spacy-rnn-number">{cosine:.2f}</span>'
            for other, cosine in found
        )
        + "</td></tr>"
        for name, found in near.items()
    )
    return (
        '<details class="spacy-rnn-piece"><summary class="spacy-rnn-summary">'
        f'{wording.nearest}</summary><table class="spacy-rnn-table"><thead><tr>'
        f'<th class="spacy-rnn-cell" scope="col">{wording.word_title}</th>'
        f'<th class="spacy-rnn-cell" scope="col">{wording.nearest_title}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _explain_map(
    shown: Sequence[str], chosen: int, shares: tuple[float, float], wording: Wording
) -> str:
    first, second = (f"{100 * share:.0f}%" for share in shares)
    told = wording.map.format(words=len(shown), first=first, second=second)
    links = wording.links if len(shown) > chosen else ""
    return wording.sentences([told, wording.unseen, links])
