"""The model of times orders products rightly; which format is faster follows from the size."""

import numpy as np
import pytest
import torch

from spacy_rnn.network.product_times import faster_type, product_times


@pytest.mark.parametrize("width", [32, 256, 1024])
def test_more_of_anything_takes_longer_and_one_call_less_than_two(width):
    positions, rows = np.meshgrid([1.0, 10.0, 100.0, 1000.0], [64.0, 512.0, 4096.0])
    times = product_times(positions, rows, width)
    assert (np.diff(times, axis=0) > 0).all()
    assert (np.diff(times, axis=1) > 0).all()
    assert (product_times(positions, rows, width) < product_times(positions, rows, 2 * width)).all()
    halves = 2 * product_times(positions, rows / 2, width)
    assert (times < halves).all()


def test_the_lower_format_is_for_large_products_of_many_positions():
    low = torch.bfloat16
    assert faster_type(low, 2048, 2048, 256) == low
    assert faster_type(low, 100, 200, 64) == torch.float32
    assert faster_type(low, 16, 32_768, 256) == torch.float32
    assert faster_type(torch.float32, 2048, 2048, 256) == torch.float32
