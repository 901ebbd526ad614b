"""What every head promises: normalised, consistent with itself, top-k like a full sort."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.network import linear_nll
from spacy_rnn.network.softmax import EXCLUDED, stable_top_k

from . import naive

WORDS, POSITIONS = 23, 40
HEADS = pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)


def make_head(tied, cutoffs):
    network = naive.make_network(tied=tied, cutoffs=cutoffs)
    hidden = torch.randn(POSITIONS, network.settings.width) * 2
    return network.softmax.requires_grad_(False), hidden


def make_ties(head):
    """Words that are exactly equally probable, inside and across clusters."""
    with torch.no_grad():
        head.weight.zero_()
        head.weight[::3, 0] = 1.0
        head.bias.zero_()
        if hasattr(head, "cluster_weight"):
            head.cluster_weight.zero_()
            head.cluster_bias.zero_()


@HEADS
def test_probabilities_sum_to_one_at_every_position(tied, cutoffs):
    head, hidden = make_head(tied, cutoffs)
    for scale in (0.0, 1.0, 30.0):
        sums = head.log_distribution(hidden * scale).exp().sum(1)
        assert sums.shape == (POSITIONS,)
        assert (sums - 1).abs().max() < 1e-5


@HEADS
def test_target_log_probs_are_those_of_the_distribution(tied, cutoffs):
    head, hidden = make_head(tied, cutoffs)
    distribution = head.log_distribution(hidden)
    for row in range(WORDS):
        targets = torch.full((POSITIONS,), row)
        values = head.target_log_probs(hidden, targets, torch.float32)
        torch.testing.assert_close(values, distribution[:, row], atol=1e-5, rtol=1e-5)


@HEADS
@pytest.mark.parametrize("exclude", [0, 1, 6, 22])
@pytest.mark.parametrize("k", [1, 3, 8, WORDS - 1])
def test_top_k_equals_a_sort_of_the_distribution(tied, cutoffs, exclude, k):
    head, hidden = make_head(tied, cutoffs)
    values, rows = head.top_k(hidden, k, exclude)
    distribution = head.log_distribution(hidden)
    assert values.shape == rows.shape == (POSITIONS, k)
    for position in range(POSITIONS):
        assert rows[position].tolist() == naive.best_rows(
            distribution[position].tolist(), k, exclude
        )
    torch.testing.assert_close(values, distribution.gather(1, rows), atol=1e-5, rtol=1e-5)


@HEADS
@pytest.mark.parametrize("k", [1, 2, 5, 12, WORDS - 1])
def test_exact_ties_go_by_row(tied, cutoffs, k):
    head, hidden = make_head(tied, cutoffs)
    make_ties(head)
    _, rows = head.top_k(hidden, k, 0)
    distribution = head.log_distribution(hidden)
    assert len(distribution[0].unique()) < WORDS // 2
    for position in range(POSITIONS):
        assert rows[position].tolist() == naive.best_rows(distribution[position].tolist(), k, 0)


@HEADS
def test_all_words_equal_lists_the_first_rows(tied, cutoffs):
    head, hidden = make_head(tied, cutoffs)
    make_ties(head)
    if not cutoffs:
        _, rows = head.top_k(hidden * 0, 7, 3)
        assert rows.tolist() == [[0, 1, 2, 4, 5, 6, 7]] * POSITIONS
    else:
        # in clusters, words of one cluster are equal among themselves
        _, rows = head.top_k(hidden * 0, WORDS - 1, 3)
        distribution = head.log_distribution(hidden * 0)[0].tolist()
        assert rows.tolist() == [naive.best_rows(distribution, WORDS - 1, 3)] * POSITIONS


@HEADS
def test_top_k_in_blocks_is_the_same(monkeypatch, tied, cutoffs):
    head, hidden = make_head(tied, cutoffs)
    values, rows = head.top_k(hidden, 5, 0)
    monkeypatch.setattr(linear_nll, "BLOCK_LOGITS", 3 * WORDS)
    in_blocks = head.top_k(hidden, 5, 0)
    torch.testing.assert_close(in_blocks[0], values, atol=1e-5, rtol=1e-5)
    assert torch.equal(in_blocks[1], rows)


@HEADS
def test_no_positions_give_empty_answers(tied, cutoffs):
    head, hidden = make_head(tied, cutoffs)
    values, rows = head.top_k(hidden[:0], 4, 0)
    assert values.shape == rows.shape == (0, 4)
    assert rows.dtype == torch.long
    assert head.log_distribution(hidden[:0]).shape == (0, WORDS)
    targets = torch.zeros(0, dtype=torch.long)
    assert head.target_log_probs(hidden[:0], targets, torch.float32).shape == (0,)


TABLES = st.integers(1, 9).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([EXCLUDED, -1.0, 0.0, 0.5]), min_size=width, max_size=width),
        min_size=1,
        max_size=6,
    )
)


@given(TABLES, st.data())
@settings(deadline=None)
def test_stable_top_k_is_the_head_of_a_stable_sort(table, data):
    k = data.draw(st.integers(1, len(table[0])))
    values, columns = stable_top_k(torch.tensor(table), k)
    for row, best, places in zip(table, values.tolist(), columns.tolist(), strict=True):
        order = sorted(range(len(row)), key=lambda column: (-row[column], column))
        assert places == order[:k]
        assert best == [row[place] for place in places]
