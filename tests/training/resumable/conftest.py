"""Texts to train on."""

import pytest

from .trainings import write_texts


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    write_texts(folder)
    return folder
