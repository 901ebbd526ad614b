"""What version 0.1.0 saved goes on working: a pipeline, a DocBin, a pickle, a checkpoint."""

import io
import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin
from thinc.api import Config

from spacy_rnn import LMOutput
from spacy_rnn.layers.sources import SourceModel
from spacy_rnn.training.resumable.processes import Processes
from spacy_rnn.training.resumable.start import TrainOptions, start

from .training.resumable.trainings import Told

SAVED = Path(__file__).parent / "data" / "0.1"
NUMBERS = json.loads((SAVED / "numbers.json").read_text("utf8"))["docs"]


@pytest.fixture(scope="module")
def nlp():
    return spacy.load(SAVED / "pipeline")


def assert_same_output(output, numbers):
    assert np.allclose(output.log_probs, numbers["log_probs"], atol=1e-5)
    assert output.end_log_prob == pytest.approx(numbers["end_log_prob"], abs=1e-5)
    width = output.hidden.shape[1]
    assert np.allclose(output.hidden, np.reshape(numbers["hidden"], (-1, width)), atol=1e-5)


def assert_same_next(doc, numbers):
    assert [[word for word, _ in row] for row in doc._.rnn_next] == [
        [word for word, _ in row] for row in numbers["next"]
    ]
    for found, expected in zip(doc._.rnn_next, numbers["next"], strict=True):
        assert [p for _, p in found] == pytest.approx([p for _, p in expected], abs=1e-5)


@pytest.mark.parametrize("numbers", NUMBERS, ids=lambda numbers: numbers["text"] or "empty")
def test_a_pipeline_saved_before_gives_its_numbers(nlp, numbers):
    doc = nlp(numbers["text"])
    assert [token.text for token in doc] == numbers["words"]
    assert_same_output(doc._.rnn_lm, numbers)
    assert_same_next(doc, numbers)


def test_docs_saved_before_hold_their_numbers(nlp):
    docs = list(DocBin().from_disk(SAVED / "docs.spacy").get_docs(nlp.vocab))
    for doc, numbers in zip(docs, NUMBERS, strict=True):
        assert_same_output(doc._.rnn_lm, numbers)
        assert_same_next(doc, numbers)


def test_outputs_pickled_before_hold_their_numbers():
    outputs = pickle.loads((SAVED / "output.pickle").read_bytes())
    for output, numbers in zip(outputs, NUMBERS, strict=True):
        assert isinstance(output, LMOutput)
        assert_same_output(output, numbers)


def weights_in(file):
    """The weights in a component's model file."""
    network = SourceModel(file).network
    return {name: p.detach().numpy() for name, p in network.parameters_by_name().items()}


@pytest.fixture
def config(tmp_path, monkeypatch):
    """That of a training which was begun before, in the current folder."""
    shutil.copytree(SAVED / "texts", tmp_path / "texts")
    shutil.copytree(SAVED / "training", tmp_path / "training")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdout", io.StringIO())
    (checkpoint,) = (tmp_path / "training" / "checkpoint").glob("step-*")
    return Config(json.loads((checkpoint / "config.json").read_bytes()))


def test_a_training_goes_on_from_a_checkpoint_saved_before(config, tmp_path):
    options = TrainOptions(Path("training"), resume=True)
    run = start(config, options, Processes(), Told().messages())
    assert run.loop.progress.steps == 8
    run.execute()
    found = weights_in(tmp_path / "training" / "model-last" / "rnn_lm" / "model")
    expected = weights_in(SAVED / "trained_on")
    assert found.keys() == expected.keys()
    for name in expected:
        assert np.allclose(found[name], expected[name], atol=1e-5), name


def test_a_setting_of_later_versions_has_to_stay_at_its_default(config):
    config["components"]["rnn_lm"]["model"]["white_space"] = "skip"
    options = TrainOptions(Path("training"), resume=True)
    with pytest.raises(ValueError, match=r"R602.*white_space: 'read' then, 'skip' now\)"):
        start(config, options, Processes(), Told().messages())
