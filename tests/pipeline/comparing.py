"""Are two Docs annotated alike? For pipelines that run on other threads, in other processes."""

import numpy as np

# Sums over other batches, and over the work of more threads, are taken in another order.
CLOSE = 1e-5
ARRAYS = ("hidden", "log_probs", "spelling", "closed_log_probs", "entropy", "cache_log_probs")


def assert_same_docs(found, expected, close=CLOSE):
    """Every annotation of every document. `close` is absolute below 1 and relative above; with
    `close=0` all numbers are equal."""
    found, expected = list(found), list(expected)
    assert [doc.text for doc in found] == [doc.text for doc in expected]
    for one, other in zip(found, expected, strict=True):
        assert [token.text for token in one] == [token.text for token in other]
        assert_same_outputs(one._.rnn_lm, other._.rnn_lm, close)
        assert_close(one.tensor, other.tensor, close)


def assert_same_outputs(one, other, close):
    assert np.array_equal(one.offsets, other.offsets)
    for name in ARRAYS:
        values = getattr(one, name), getattr(other, name)
        assert (values[0] is None) == (values[1] is None), name
        if values[0] is not None:
            assert_close(*values, close)
    if other.log_probs is not None:
        assert_close(one.end_log_prob, other.end_log_prob, close)
    if other.final_state is not None:
        assert one.final_state.keys() == other.final_state.keys()
        for name, state in other.final_state.items():
            assert_close(one.final_state[name], state, close)
    if other.next is not None:
        for words, wanted in zip(one.next, other.next, strict=True):
            assert_same_words(words, wanted, close)
    if other.rank is not None:
        assert np.array_equal(one.rank, other.rank)


def assert_same_words(found, expected, close):
    """Two lists of (word, probability). Words whose probabilities are as close may change places,
    at the end of the list with words that are in the other list alone."""
    assert_close([p for _, p in found], [p for _, p in expected], close)
    for words, others in ((found, dict(expected)), (expected, dict(found))):
        last = min(others.values())
        for word, probability in words:
            assert_close(others.get(word, last), probability, close)


def assert_close(found, expected, close):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    limit = close * np.maximum(1, np.abs(expected))
    assert np.all(np.abs(found - expected) <= limit), np.abs(found - expected).max()
