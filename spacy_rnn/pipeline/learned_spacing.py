"""How a component learns, at initialization, where spaces go between words."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

from spacy.tokens import Doc
from spacy.training import Example

from ..layers.sources import find_model_file
from ..vocabulary.spacing import Spacing, read_spacing, spacing_path
from ..vocabulary.spacing_counts import SpacingCounts

# In the component's folder, beside the model.
SPACING_FILE = "spacing"
# Where the vocabulary is given, only so many tokens of the text are read.
_ENOUGH = 200_000


def predicted_doc(example: Example) -> Doc:
    """RETURNS (Doc): The predicted Doc of an example. It says that its spaces aren't known if those
    of the reference aren't: spaCy's reader of corpora makes some up."""
    doc = example.predicted
    if example.reference.has_unknown_spaces:
        doc.has_unknown_spaces = True
    return doc


def count_beginning(get_examples: Callable[[], Iterable[Example]], normalize: str) -> SpacingCounts:
    """RETURNS (SpacingCounts): Those of as much text as is worth reading for nothing else. Random
    numbers go on as if it hadn't been read."""
    counts = SpacingCounts(normalize)
    if not callable(get_examples):
        return counts
    state = random.getstate()
    for example in get_examples():
        counts.add(predicted_doc(example))
        if counts.tokens >= _ENOUGH:
            break
    random.setstate(state)
    return counts


def count_beside(
    vocabulary: str | Path, get_examples: Callable[[], Iterable[Example]], normalize: str
) -> SpacingCounts:
    """RETURNS (SpacingCounts): Those in the file beside a vocabulary file, or else those of the
    text's beginning."""
    path = spacing_path(vocabulary)
    if not path.exists():
        return count_beginning(get_examples, normalize)
    counts = SpacingCounts(normalize)
    counts.add_spacing(read_spacing(path))
    return counts


def learn_spacing(counts: SpacingCounts, source: str | Path | None) -> Spacing:
    """RETURNS (Spacing): What was counted, and what the source of a model's weights knows."""
    if source is not None:
        model = find_model_file(source)
        if model.name == "model":  # not a file of `spacy pretrain`
            counts.add_spacing(read_spacing(model.with_name(SPACING_FILE)))
    return counts.spacing()
