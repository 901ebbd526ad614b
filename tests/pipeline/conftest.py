"""Fixtures of the component's tests."""

import pytest

from ..helpers import VARIANTS, make_trained


@pytest.fixture(scope="session", params=list(VARIANTS))
def variant(request):
    """A trained pipeline for each kind of network. Shared: tests must not change it."""
    return make_trained(model=VARIANTS[request.param])


@pytest.fixture
def lm(trained):
    return trained.get_pipe("rnn_lm")
