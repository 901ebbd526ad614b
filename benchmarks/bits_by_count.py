"""Mean bits of a word over how often the training text has it, as a table and a picture.

python benchmarks/bits_by_count.py path/to/test.spacy old/model-last new/model-last --svg curve.svg

For models with the same words: a token belongs to the band of its word's count. Unknown words have
a point of their own, with their spelling; in the table the bits of p(`<unk>` | context) stand too.
`rarest` is how many times the bits of the rarest known band an unknown word costs. With --label,
one for each model, the picture names them so; models with one label (seeds) are averaged.
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import typer
from spacy.tokens import Doc, DocBin

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.pipeline.doc_measures import measure_docs
from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.scoring.selecting import find_language_model
from spacy_rnn.vocabulary import UNKNOWN_ROW

# The first count of each band; the last one has no end.
BANDS = (1, 2, 4, 6, 11, 101, 1001)
UNKNOWN_BAND = "unknown"
CLASS_ONLY = "unknown, <unk> alone"
_BATCH = 64
# Lines differ by their dashes too, so that no colour is needed.
_LOOKS = (("#3f6fb5", "none"), ("#b4530a", "8 4"), ("#2b7a4b", "2 3"), ("#7a3fb5", "12 4 2 4"))


def band_names() -> list[str]:
    """RETURNS (List[str]): "1", "2–3", …, ">1000"."""
    names = []
    for first, after in zip(BANDS, (*BANDS[1:], None), strict=True):
        if after is None:
            names.append(f">{first - 1}")
        else:
            names.append(str(first) if after == first + 1 else f"{first}–{after - 1}")
    return names


def bands_of(counts: np.ndarray) -> np.ndarray:
    """RETURNS (ndarray): int (n,), the number of the band of each count.

    counts (ndarray): int (n,), from 1.
    """
    return np.searchsorted(np.array(BANDS), counts, side="right") - 1


def measure(lm: RNNLM, docs: Iterable[Doc]) -> dict[str, tuple[int, float]]:
    """RETURNS (Dict[str, Tuple[int, float]]): For each band how many tokens it has, and their mean
    bits; and the same for unknown words, spelled and by their class. A literal `<unk>` is no word
    and is left out."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    names = band_names()
    stream = iter(docs)
    while batch := list(islice(stream, _BATCH)):
        lm.annotate_log_probs(batch)
        tokens = lm.vocabulary.forms_of(batch)
        rows = lm.vocabulary.rows_of_keys(tokens.keys)
        missing = lm.vocabulary.missing(tokens.keys)
        found = measure_docs(lm, batch)
        bits, closed = (
            np.concatenate([one.column(name) for one in found])
            for name in ("surprisal", "surprisal_unk")
        )
        if tokens.read is not None:
            bits, closed = bits[tokens.read], closed[tokens.read]
        known = rows != UNKNOWN_ROW
        counts = lm.vocabulary.counts[rows[known]]
        for band in np.unique(bands := bands_of(np.maximum(counts, 1))):
            _add(sums[names[band]], bits[known][bands == band])
        _add(sums[UNKNOWN_BAND], bits[~known & ~missing])
        _add(sums[CLASS_ONLY], closed[~known & ~missing])
    order = [*names, UNKNOWN_BAND, CLASS_ONLY]
    return {
        name: (int(sums[name][0]), sums[name][1] / sums[name][0])
        for name in order
        if name in sums and sums[name][0]
    }


def _add(sums: list[float], bits: np.ndarray) -> None:
    sums[0] += len(bits)
    sums[1] += float(bits.sum(dtype=np.float64))


def average(curves: Sequence[dict[str, tuple[int, float]]]) -> dict[str, tuple[int, float]]:
    """RETURNS (Dict[str, Tuple[int, float]]): The means of several seeds' curves."""
    names = [name for name in curves[0] if all(name in curve for curve in curves)]
    return {
        name: (curves[0][name][0], sum(curve[name][1] for curve in curves) / len(curves))
        for name in names
    }


def rarest_ratio(curve: dict[str, tuple[int, float]]) -> float | None:
    """RETURNS (Optional[float]): How many times the bits of the rarest known band an unknown word
    costs; None without one of the two."""
    known = [name for name in curve if name not in (UNKNOWN_BAND, CLASS_ONLY)]
    if UNKNOWN_BAND not in curve or not known:
        return None
    return curve[UNKNOWN_BAND][1] / curve[known[0]][1]


def draw(curves: dict[str, dict[str, tuple[int, float]]]) -> str:
    """RETURNS (str): An SVG with a line for each model; its unknown words are the first point.

    curves (Dict[str, Dict]): By label, see `measure`.
    """
    names = [n for n in (*band_names(), UNKNOWN_BAND) if any(n in c for c in curves.values())]
    names = [names[-1], *names[:-1]] if names[-1] == UNKNOWN_BAND else names
    width, height, left, top, bottom = 640, 360, 56, 40, 56
    most = max(curve[name][1] for curve in curves.values() for name in names if name in curve)
    step = 5 if most <= 45 else 10
    most = step * math.ceil(most / step)

    def x(name: str) -> float:
        return left + (names.index(name) + 0.5) * (width - left - 16) / len(names)

    def y(bits: float) -> float:
        return top + (height - top - bottom) * (1 - bits / most)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12">',
        "<title>Mean bits of a word over its count in the training text</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for bits in range(0, most + 1, step):
        parts.append(
            f'<line x1="{left}" x2="{width - 16}" y1="{y(bits):.1f}" y2="{y(bits):.1f}" '
            'stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y(bits) + 4:.1f}" text-anchor="end">{bits}</text>'
        )
    for name in names:
        parts.append(
            f'<text x="{x(name):.1f}" y="{height - bottom + 20}" text-anchor="middle">'
            f"{escape(name)}</text>"
        )
    parts.append(
        f'<text x="{(left + width) / 2:.0f}" y="{height - 14}" text-anchor="middle">'
        "how often the training text has the word</text>"
        f'<text x="{left}" y="{top - 14}">bits a word</text>'
    )
    for number, (label, curve) in enumerate(curves.items()):
        color, dashes = _LOOKS[number % len(_LOOKS)]
        there = [name for name in names if name in curve]
        points = " ".join(f"{x(name):.1f},{y(curve[name][1]):.1f}" for name in there)
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2" '
            f'stroke-dasharray="{dashes}"/>'
        )
        parts += [
            f'<circle cx="{x(name):.1f}" cy="{y(curve[name][1]):.1f}" r="3.5" fill="{color}">'
            f"<title>{escape(label)}, {escape(name)}: {curve[name][1]:.1f} bits, "
            f"{curve[name][0]:,} tokens</title></circle>"
            for name in there
        ]
        parts.append(
            f'<text x="{width - 20}" y="{top + 16 + 16 * number:.0f}" text-anchor="end" '
            f'fill="{color}">{escape(label)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def main(
    text: Path = typer.Argument(help="Text that the models have not read: .txt, .spacy, …"),
    models: list[str] = typer.Argument(help="Trained pipelines with the same words"),
    labels: list[str] = typer.Option([], "--label", help="What each model is called, in order"),
    svg: Path = typer.Option(None, help="A file for the picture"),
    document: str = typer.Option("line", help="What a document of a .txt file is"),
) -> None:
    """Print the table, and a JSON line with the ratio of unknown words to the rarest band."""
    labels = labels or models
    if len(labels) != len(models):
        raise typer.BadParameter(f"{len(models)} models, but {len(labels)} labels.")
    curves: dict[str, list[dict[str, tuple[int, float]]]] = {}
    for model, label in zip(models, labels, strict=True):
        nlp = spacy.load(model)
        lm = find_language_model(nlp, model, None)
        docs: Iterable[Doc]
        if text.suffix == ".spacy":
            docs = DocBin().from_disk(text).get_docs(nlp.vocab)
        else:
            docs = (e.predicted for e in create_text_corpus(text, document=document)(nlp))
        curve = measure(lm, docs)
        print(model, {name: round(bits, 2) for name, (_, bits) in curve.items()}, flush=True)
        curves.setdefault(label, []).append(curve)
    means = {label: average(found) for label, found in curves.items()}
    if svg is not None:
        svg.write_text(draw(means), encoding="utf8")
    figures: dict[str, Any] = {}
    for label, curve in means.items():
        bits = {name: round(value, 2) for name, (_, value) in curve.items()}
        tokens = {name: count for name, (count, _) in curve.items()}
        ratio = rarest_ratio(curve)
        figures[label] = {"bits": bits, "tokens": tokens, "rarest": ratio and round(ratio, 3)}
    print(json.dumps(figures, ensure_ascii=False))


if __name__ == "__main__":
    typer.run(main)
