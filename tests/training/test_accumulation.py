"""`accumulate_gradient` in the loops of `spacy train` and `rnn train`: steps of whole batches."""

import numpy as np
import pytest

from ..helpers import weights_of
from .resumable.trainings import (
    TAGGER,
    annotate,
    last_letter,
    make_config,
    run_spacy_train,
    run_whole,
    stream_config,
    write_texts,
)

STEPS = {
    "training__max_steps": 4,
    "training__eval_frequency": 4,
    "training__dropout": 0.0,
    "training__optimizer": {"@optimizers": "SGD.v1", "learn_rate": 0.05, "grad_clip": 0.0},
    "training__batcher__size": 120,
}
BOTH = {"components__rnn_lm__model__direction": "both", "corpora__train__max_length": 5}
KINDS = {
    "documents": {},
    "windows in both directions": BOTH,
    "streams": {"training__batcher": {"@batchers": "spacy-rnn.batch_by_stream.v1"}},
    "listener": TAGGER,
}


@pytest.fixture(scope="module", params=KINDS)
def config(request, tmp_path_factory):
    """Makes the config of a small training for a number of parts."""
    folder = tmp_path_factory.mktemp("accumulation")
    write_texts(folder, 40)
    changes = {**STEPS, **KINDS[request.param]}
    if request.param == "listener":
        changes |= annotate(folder, "tags", last_letter)
    made = stream_config if request.param == "streams" else make_config

    def with_parts(parts):
        return made(folder, training__accumulate_gradient=parts, **changes)

    return with_parts


def test_parts_of_a_batch_take_its_steps_in_both_loops(config, tmp_path):
    whole = run_spacy_train(config(1), tmp_path / "whole")
    loops = {
        "spacy": run_spacy_train(config(3), tmp_path / "spacy"),
        "rnn": run_whole(config(3), tmp_path / "rnn"),
    }
    for name, pipe in whole.pipeline:
        expected = all_weights(pipe)
        for loop, nlp in loops.items():
            for weight, value in all_weights(nlp.get_pipe(name)).items():
                np.testing.assert_allclose(
                    value, expected[weight], rtol=0, atol=1e-5, err_msg=f"{loop} {name} {weight}"
                )


def all_weights(pipe):
    if hasattr(pipe, "shim"):
        return weights_of(pipe)
    return {
        f"{node.name}.{name}": node.get_param(name)
        for node in pipe.model.walk()
        for name in node.param_names
    }
