"""One short Doc by itself, of which hidden states alone are wanted: a sentence that waits for them.

`sequences_from_docs` and `predict_sequences` do the same for any Docs, and with all else.
"""

from __future__ import annotations

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import Model

from ..corpus.windows import read_mark
from ..network.inference import SHORT
from ..network.one_sequence import read_sequence
from ..network.precision import resolve_precision
from ..vocabulary import BOUNDARY_ROW, Vocabulary
from .shim import get_shim
from .word_inputs import ngrams_of_network, spelling_of


def read_document(model: Model, doc: Doc) -> np.ndarray | None:
    """Read a Doc on a processor.

    model (Model): "spacy-rnn.RNNLM.v1".
    doc (Doc): Any Doc.
    RETURNS (Optional[ndarray]): float32 (tokens, nO), the states after each token, the directions
        side by side. None where it has to be read as many Docs are: if it is long, a window of a
        longer document, or has tokens that are skipped, or if the network is on a GPU.
    """
    shim = get_shim(model)
    network, device = shim.network, shim.device
    if device.type != "cpu" or len(doc) >= SHORT or read_mark(doc) is not None:
        return None
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    tokens = vocabulary.forms_of([doc])
    if tokens.read is not None:
        return None
    rows = np.full(len(doc) + 1, BOUNDARY_ROW, dtype=np.int64)
    rows[1:] = vocabulary.rows_of_keys(tokens.keys)
    features = None
    if network.subwords is not None:
        settings = network.settings
        tables = settings.subword_rows, ngrams_of_network(settings)
        spelling = spelling_of(vocabulary, tokens, tokens.keys, rows[1:], *tables)
        with_boundary = np.zeros((len(rows), spelling.shape[1]), dtype=np.int64)
        with_boundary[1:] = spelling
        features = torch.from_numpy(with_boundary)
    dtype = resolve_precision(shim.prediction_precision, device)
    states = read_sequence(network, torch.from_numpy(rows), features, dtype)
    arrays = (hidden.numpy() for hidden in states)
    parts = [
        hidden[:0:-1] if reverse else hidden[1:]
        for hidden, reverse in zip(arrays, network.directions, strict=True)
    ]
    return np.concatenate(parts, axis=1)
