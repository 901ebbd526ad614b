"""How probable words are without a context."""

from __future__ import annotations

import numpy as np

from .vocabulary import Vocabulary


def unigram_log_probs(vocabulary: Vocabulary, rows: np.ndarray) -> np.ndarray:
    """The share that words have of the training text, half an occurrence added to each, so that
    none is impossible. An unknown word has that of all unknown words together, `<unk>`.

    vocabulary (Vocabulary): With the counts of the training text.
    rows (ndarray): int64 (n,), of `<unk>` and `</s>` too.
    RETURNS (ndarray): float64 (n,), natural logarithms; NaN if the words have no counts, as those
        of an imported network.
    """
    return vocabulary.derived("unigram_log_probs", lambda: _of_all_rows(vocabulary))[rows]


def _of_all_rows(vocabulary: Vocabulary) -> np.ndarray:
    if not vocabulary.counts.any():
        return np.full(len(vocabulary), np.nan)
    counts = vocabulary.counts + 0.5
    return np.log(counts / counts.sum())
