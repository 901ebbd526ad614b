"""The softmax after one state: the numbers of the whole distribution, each part computed once."""

import pytest
import torch

from spacy_rnn.network import clusters, screening
from spacy_rnn.network.screening import can_screen
from spacy_rnn.network.state_softmax import StateSoftmax

from . import naive


def make(tied, cutoffs, seed=0):
    network = naive.make_network(tied=tied, cutoffs=cutoffs, seed=seed)
    hidden = torch.randn(1, 6, generator=torch.Generator().manual_seed(seed)).tanh()
    return network.softmax.requires_grad_(False), hidden


@pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)
@pytest.mark.parametrize("seed", range(3))
def test_questions_in_any_order_get_the_numbers_of_the_whole_distribution(tied, cutoffs, seed):
    head, hidden = make(tied, cutoffs, seed)
    expected = head.log_distribution(hidden)[0]
    kept = StateSoftmax(head, hidden)
    for rows in ([22], [3, 3, 21, 0], list(range(23)), [5, 4, 9, 16, 8]):
        places = torch.tensor(rows)
        torch.testing.assert_close(kept.row_log_probs(places), expected[places])
        apart = kept.row_scores(places) - expected[places]
        torch.testing.assert_close(apart, apart[:1].expand(len(rows)), atol=1e-5, rtol=0)
        fresh = StateSoftmax(head, hidden).row_scores(places) - expected[places]
        torch.testing.assert_close(fresh, fresh[:1].expand(len(rows)), atol=1e-5, rtol=0)
    torch.testing.assert_close(kept.log_distribution(), expected)


@pytest.mark.parametrize("cutoffs", [(), (5, 9, 16)])
def test_a_distribution_that_is_there_is_taken(cutoffs, monkeypatch):
    head, hidden = make(True, cutoffs)
    expected = head.log_distribution(hidden)[0]
    monkeypatch.setattr(StateSoftmax, "_compute", None)
    given = StateSoftmax(head, hidden, expected)
    rows = torch.tensor([22, 3, 0])
    assert torch.equal(given.row_log_probs(rows), expected[rows])
    assert torch.equal(given.row_scores(rows), expected[rows])
    assert torch.equal(given.log_distribution(), expected)
    assert given.top_k(4, 0)[1] == naive.best_rows(expected.tolist(), 4, 0)


@pytest.mark.parametrize(("tied", "cutoffs"), naive.SOFTMAXES)
@pytest.mark.parametrize("k", [1, 4, 22])
@pytest.mark.parametrize("exclude", [0, 6, 22])
def test_the_best_words_are_those_of_the_whole_distribution(tied, cutoffs, k, exclude):
    head, hidden = make(tied, cutoffs)
    log_probs = head.log_distribution(hidden)[0].tolist()
    best = naive.best_rows(log_probs, k, exclude)
    values, rows = StateSoftmax(head, hidden).top_k(k, exclude)
    assert rows == best
    assert values == pytest.approx([log_probs[row] for row in best], abs=1e-5)


@pytest.mark.parametrize("cutoffs", [(), (2, 4, 6)])
def test_equal_words_go_by_row(cutoffs):
    network = naive.make_network(words=8, cutoffs=cutoffs)
    head = network.softmax.requires_grad_(False)
    for parameter in head.parameters():
        parameter.zero_()
    _, rows = StateSoftmax(head, torch.zeros(1, 6)).top_k(5, 0)
    assert rows == [1, 2, 3, 4, 5]


def test_each_cluster_is_computed_once_and_only_where_it_is_asked_for(monkeypatch):
    head, hidden = make(True, (5, 9, 16))
    opened = []
    log_cluster = head.log_cluster

    def spy(number, *args):
        opened.append(number)
        return log_cluster(number, *args)

    monkeypatch.setattr(head, "log_cluster", spy)
    kept = StateSoftmax(head, hidden)
    kept.row_log_probs(torch.tensor([1, 4]))
    assert opened == []
    kept.row_log_probs(torch.tensor([17]))
    kept.row_log_probs(torch.tensor([10]))
    assert opened == [3, 2]
    kept.row_log_probs(torch.tensor([18]))
    kept.top_k(22, 0)
    assert sorted(opened) == [1, 2, 3]
    kept.log_distribution()
    kept.row_log_probs(torch.tensor([11]))
    assert sorted(opened) == [1, 2, 3]
    kept.forget()
    kept.row_log_probs(torch.tensor([10]))
    assert sorted(opened) == [1, 2, 2, 3]


def test_where_most_words_are_asked_for_one_product_makes_all(monkeypatch):
    head, hidden = make(True, (5, 9, 16))
    expected = head.log_distribution(hidden)[0]
    monkeypatch.setattr(head, "log_cluster", None)
    kept = StateSoftmax(head, hidden)
    rows = torch.tensor([17, 10, 6])
    torch.testing.assert_close(kept.row_log_probs(rows), expected[rows])
    monkeypatch.setattr(head, "log_distribution", None)
    assert kept.top_k(22, 0)[1] == naive.best_rows(expected.tolist(), 22, 0)
    torch.testing.assert_close(kept.log_distribution(), expected)


@pytest.mark.skipif(not can_screen(torch.zeros(1)), reason="the processor has no VNNI")
@pytest.mark.parametrize("seed", range(5))
def test_bounds_leave_out_no_word(monkeypatch, seed):
    monkeypatch.setattr(clusters, "_SCREENED_WORDS", 1)
    monkeypatch.setattr(screening, "_WORTHWHILE", 1)
    generator = torch.Generator().manual_seed(seed)
    network = naive.make_network(words=900, width=24, cutoffs=(20, 150, 400), seed=seed)
    head = network.softmax.requires_grad_(False)
    opened = []
    log_cluster = head.log_cluster
    monkeypatch.setattr(
        head, "log_cluster", lambda n, *rest: opened.append(n) or log_cluster(n, *rest)
    )
    for _ in range(20):
        hidden = torch.randn(1, 24, generator=generator).tanh()
        log_probs = head.log_distribution(hidden)[0].tolist()
        values, rows = StateSoftmax(head, hidden).top_k(5, 0)
        assert rows == naive.best_rows(log_probs, 5, 0)
        assert values == pytest.approx([log_probs[row] for row in rows], abs=1e-5)
    assert len(opened) < 3 * 20
