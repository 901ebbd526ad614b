"""Few sizes come again."""

import numpy as np

from spacy_rnn.network.shapes import round_up


def test_sizes_are_rounded_to_the_next_with_four_binary_digits():
    sizes = np.arange(5000)
    rounded = round_up(sizes)
    allowed = [n for n in range(9000) if not n or len(f"{n:b}".rstrip("0")) <= 4]
    assert rounded.tolist() == [min(n for n in allowed[:200] if n >= size) for size in sizes]
    assert (rounded[1:] <= 1.125 * sizes[1:]).all()
