"""Every test starts from the same random state."""

import pytest
from thinc.api import fix_random_seed


@pytest.fixture(autouse=True)
def seed():
    fix_random_seed(0)
