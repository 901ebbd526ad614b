"""Which units a picture of a trace shows, and in which order."""

import numpy as np
import pytest

from spacy_rnn.rendering.trace_parts import liveliest, short_number, similar_order
from spacy_rnn.rendering.trace_stylesheet import LEVELS, shades

from .browser import contrast


def test_the_units_that_change_most_are_chosen_in_the_order_of_their_numbers():
    values = np.random.default_rng(0).normal(size=(30, 9)) * [1, 5, 2, 0, 9, 3, 1, 4, 2]
    wanted = sorted(sorted(range(9), key=lambda unit: -np.std(values[:, unit]))[:4])
    assert liveliest(values, 4).tolist() == wanted
    assert liveliest(values, 20).tolist() == [*range(9)]


def test_units_that_behave_alike_stand_together():
    rng = np.random.default_rng(1)
    patterns = rng.normal(size=(50, 4))
    kinds = rng.permutation(np.repeat(np.arange(4), 6))
    values = patterns[:, kinds] * rng.uniform(0.5, 3, 24) + rng.normal(size=(50, 24)) * 0.1
    order = similar_order(values)
    assert sorted(order.tolist()) == [*range(24)]
    found = kinds[order]
    assert np.count_nonzero(found[1:] != found[:-1]) == 3  # four groups, none of them divided


def test_ends_that_are_most_alike_meet():
    """Units along a line in disorder come out along the line, from one end or the other."""
    steps = np.linspace(0, 3, 40)[:, None]
    shuffled = np.random.default_rng(2).permutation(12)
    order = similar_order(np.cos(steps + shuffled[None, :] * 0.12))
    found = shuffled[order].tolist()
    assert found in ([*range(12)], [*range(11, -1, -1)])


@pytest.mark.parametrize("shape", [(1, 5), (3, 1), (4, 3)])
def test_units_that_do_not_change_have_an_order_too(shape):
    assert sorted(similar_order(np.zeros(shape)).tolist()) == [*range(shape[1])]


def test_numbers_are_short():
    texts = ["0", "−1.0", "0.3", "−0.1", "12", "1,235", "0"]
    assert [short_number(v) for v in (-0.04, -1, 0.3, -0.08, 12.4, 1234.6, 0)] == texts
    assert short_number(-0.128, 2) == "−0.13"


@pytest.mark.parametrize(("theme", "ink"), [("light", (27, 34, 48)), ("dark", (237, 241, 247))])
def test_numbers_can_be_read_on_every_shade(theme, ink):
    found = shades(theme)
    assert len(found) == 2 * LEVELS
    assert all(contrast(ink, colour) >= 4.5 for colour in found.values())
