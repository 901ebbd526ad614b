"""Texts to train on, and trainings on them without a break."""

import shutil

import pytest

from .trainings import bytes_of, make_config, run_whole, write_texts


@pytest.fixture
def texts(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    write_texts(folder)
    return folder


class Undisturbed:
    """Trainings to the end on the same texts, each of them only once.

    folder (Path): Where they are.
    """

    def __init__(self, folder):
        self.folder = folder
        self._made = {}

    def weights(self, **changes):
        """What a training with these changes of the config makes."""
        return self._train(changes)[0]

    def copy(self, target, **changes):
        """Copy the training's folder."""
        shutil.copytree(self._train(changes)[1], target)

    def _train(self, changes):
        key = repr(sorted(changes.items()))
        if key not in self._made:
            output = self.folder / f"{len(self._made)}"
            nlp = run_whole(make_config(self.folder, **changes), output)
            self._made[key] = bytes_of(nlp), output
        return self._made[key]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    write_texts(folder)
    return Undisturbed(folder)
