"""The packed layout: every row once, in the order that torch's own packing has."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_sequence

from spacy_rnn.network.layout import make_layout

LENGTHS = st.lists(st.integers(1, 30), min_size=1, max_size=12)
MULTIPLES = st.integers(1, 9)


@given(LENGTHS, MULTIPLES)
@settings(deadline=None)
def test_packing_and_unpacking_give_the_flat_array_back(lengths, multiple):
    layout = make_layout(np.array(lengths), multiple=multiple)
    flat = np.arange(sum(lengths)) * 7
    assert (flat[layout.from_flat][layout.to_flat] == flat).all()


@given(LENGTHS)
@settings(deadline=None)
def test_order_is_that_of_torchs_packed_sequence(lengths):
    layout = make_layout(np.array(lengths))
    flat = torch.arange(sum(lengths))
    packed = pack_sequence(list(flat.split(lengths)), enforce_sorted=False)
    # torch doesn't promise its order of equal lengths; the steps' sizes and contents don't vary
    running = [count for steps, count in layout.segments for _ in range(steps)]
    assert running == packed.batch_sizes.tolist()
    ours = flat[layout.from_flat].split(running)
    theirs = packed.data.split(running)
    assert all(sorted(a.tolist()) == sorted(b.tolist()) for a, b in zip(ours, theirs, strict=True))


@given(LENGTHS, MULTIPLES)
@settings(deadline=None)
def test_segments_cover_every_step_of_every_sequence_once(lengths, multiple):
    layout = make_layout(np.array(lengths), multiple=multiple)
    exact = [lengths[i] for i in layout.order]
    rounded = [-(-n // multiple) * multiple for n in exact]
    places = []
    step = 0
    for steps, running in layout.segments:
        for _ in range(steps):
            places += [(step, sequence) for sequence in range(running)]
            step += 1
    assert places == [
        (t, s) for t in range(max(rounded)) for s in range(len(exact)) if t < rounded[s]
    ]
    assert layout.sequence.tolist() == [sequence for _, sequence in places]
    # a row is its sequence's token of that step; padding repeats the last one
    starts = (np.cumsum(lengths) - lengths)[layout.order]
    expected = [starts[s] + min(t, exact[s] - 1) for t, s in places]
    assert layout.from_flat.tolist() == expected


@given(LENGTHS)
@settings(deadline=None)
def test_sequences_are_ordered_by_falling_length_and_stably(lengths):
    order = make_layout(np.array(lengths)).order.tolist()
    assert order == sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))


def test_rounding_up_makes_fewer_segments():
    lengths = np.arange(1, 33)
    assert len(make_layout(lengths, multiple=8).segments) < len(make_layout(lengths).segments)


def test_rounded_batches_of_any_lengths_share_few_shapes():
    """Shapes that come again are compiled once."""
    generator = np.random.default_rng(0)
    batches = [generator.integers(1, 60, generator.integers(300, 400)) for _ in range(100)]
    shapes = {}
    for multiple in (1, 4):
        layouts = [make_layout(lengths, multiple=multiple) for lengths in batches]
        shapes[multiple] = {shape for layout in layouts for shape in layout.segments}
        for lengths, layout in zip(batches, layouts, strict=True):
            flat = np.arange(lengths.sum())
            assert (flat[layout.from_flat][layout.to_flat] == flat).all()
            # every step that a sequence has is there, with a tenth of padding at most
            assert lengths.sum() <= len(layout.from_flat) <= 1.15 * lengths.sum()
    assert len(shapes[4]) < 0.4 * len(shapes[1])
