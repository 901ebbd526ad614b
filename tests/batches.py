"""Texts, and the columns that `BatchScorer` has to give for them."""

import math

import numpy as np

from .helpers import ENGLISH

TEXTS = [*ENGLISH[:3], "a zeppelin , 5 zeppelins", "", "the harbour .", "  ", ENGLISH[9]]
COUNTS = ["tokens", "unknown", "characters"]
FLOATS = ["surprisal", "end_surprisal", "perplexity", "bits_per_char"]
FLOATS += ["surprisal_unk", "spelling", "surprisal_known"]


def expected(nlp, texts):
    """The columns, from the arrays of the Docs."""
    columns = {name: [] for name in (*COUNTS, *FLOATS)}
    vocabulary = nlp.get_pipe("rnn_lm").vocabulary
    for doc in map(nlp, texts):
        bits = -np.asarray(doc._.rnn_lm.log_probs, dtype=float) / math.log(2)
        end = -doc._.rnn_lm.end_log_prob / math.log(2)
        unknown = sum(not vocabulary.knows(token) for token in doc)
        values = [len(doc), unknown, len(doc.text), bits.sum(), end]
        values.append(2 ** ((bits.sum() + end) / (len(doc) + 1)))
        values.append((bits.sum() + end) / len(doc.text) if doc.text and not unknown else math.nan)
        values += [bits.sum(), 0.0]  # there is no speller
        known = [vocabulary.knows(token) for token in doc]
        values.append(bits[known].sum() if any(known) else math.nan)
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
    return columns


def assert_columns(found, columns):
    for name, values in columns.items():
        if name in COUNTS:
            assert list(found[name]) == values, name
        else:
            np.testing.assert_allclose(
                np.asarray(found[name], dtype=float), values, rtol=1e-5, atol=1e-5, err_msg=name
            )
