import math

import pytest

from spacy_rnn.training.log_table import format_perplexity, format_time


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (1.0, "1.0"),
        (99.95, "100.0"),
        (33278.4, "33278.4"),
        (123456.7, "123457"),
        (2.5e9, "2.5e+09"),
        (math.inf, "inf"),
        (math.nan, "nan"),
        ("n/a", ""),
    ],
)
def test_perplexity_fits_its_column(value, text):
    assert format_perplexity(value) == text
    assert len(text) <= 9


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0:00"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (100 * 3600 + 61, "100:01:01"),
    ],
)
def test_time_is_written_as_on_a_clock(seconds, text):
    assert format_time(seconds) == text
