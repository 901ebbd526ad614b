"""Run by the tests in several processes: each trains on its part of every batch of some configs.

Usage: torchrun … split_batch.py CONFIGS.json OUTPUT
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from thinc.api import Config, fix_random_seed

from spacy_rnn.training.resumable.loop import Loop
from spacy_rnn.training.resumable.processes import end_processes, join_processes
from spacy_rnn.training.resumable.recipe import Recipe
from spacy_rnn.training.resumable.start import make_pipeline

STEPS = 5


class Parts:
    """Batches of which each process gets a part."""

    def __init__(self, batches, processes):
        self._batches, self._processes = batches, processes

    def peek(self):
        return self._batches.peek()

    def take(self):
        return self._batches.take()[self._processes.rank :: self._processes.count]


def train_parts(config, processes):
    """The weights before and after some steps."""
    nlp = make_pipeline(Config(config), None, -1, processes)
    fix_random_seed(0)
    loop = Loop(nlp, Recipe.of(nlp), processes)
    loop.batches._corpus = loop.recipe.train_corpus  # all of it, in every process
    loop.batches = Parts(loop.batches, processes)
    before = weights_of(nlp)
    for _ in range(STEPS):
        assert loop.step()
    return before, weights_of(nlp)


def weights_of(nlp):
    arrays = {}
    for name, pipe in nlp.pipeline:
        for number, node in enumerate(pipe.model.walk()):
            for key in node.param_names:
                arrays[f"{name}.{number}.{key}"] = node.get_param(key).copy()
            for shim in node.shims:
                for key, value in shim._model.named_parameters():
                    arrays[f"{name}.{number}.{key}"] = value.detach().numpy().copy()
    return arrays


def main(configs, output):
    torch.set_num_threads(1)
    processes = join_processes(use_gpu=False)
    for name, config in json.loads(Path(configs).read_text()).items():
        _, after = train_parts(config, processes)
        np.savez(Path(output) / f"{name}-{processes.rank}.npz", **after)
    end_processes()


if __name__ == "__main__":
    main(*sys.argv[1:])
