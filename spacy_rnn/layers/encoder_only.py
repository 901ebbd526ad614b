"""A language model without what gives probabilities: what listeners read is left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from thinc.api import Model

from ..defaults import MODEL
from ..network.language_model import RNNLanguageModel
from .shim import get_shim


def encoder_options() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The options of "spacy-rnn.RNNLM.v1" that differ in an encoder."""
    return {
        "softmax": False,
        "speller_width": MODEL.speller_width,
        "speller_ngram_rows": MODEL.speller_ngram_rows,
        "spelling": MODEL.spelling,
        "cutoffs": None,
        "vocabulary": None,
        "source": None,
    }


def encoder_of(model: Model) -> Model:
    """Leave out the softmax and the speller.

    model (Model): "spacy-rnn.RNNLM.v1", initialized.
    RETURNS (Model): A copy that gives the same vectors, bit for bit.
    """
    copied = model.copy()
    shim, full = get_shim(copied), get_shim(model).network
    options = {name: value for name, value in encoder_options().items() if name in shim.settings}
    shim.settings = {**shim.settings, **options}
    settings = replace(full.settings, cutoffs=(), symbols=0, symbol_cutoffs=(), **options)
    counts = model.attrs["vocabulary"].counts
    with torch.random.fork_rng(devices=[]):
        network = RNNLanguageModel(settings, counts)
    weights = full.parameters_by_name()
    with torch.no_grad():
        for name, parameter in network.parameters_by_name().items():
            parameter.copy_(weights[name])
    shim.set_network(network)
    return copied
