"""A learned mixture of a network's layers, as in ELMo (Peters et al. 2018).

v_t = γ · Σ_k s_k · h_t,k with s = softmax(w): k = 0 is the embedding, with its spelling, the others
are the states of the layers, all directions side by side. At first s is uniform and γ is 1.

The embedding can be of another width than the states. It is then projected by a learned matrix,
since an encoder of any shape should have its words in the mixture: a model that isn't tied often
has a narrow embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import Errors

# The weights of a model that mixes: (layers,), (1,), and (nO, width of the embedding) or none.
MIXING_PARAMETERS = ("layer_weights", "layer_scale", "embedding_projection")


def mix_layers(
    model: Model, layers: Sequence[Floats2d], *, learns: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Floats2d]]]:
    """Mix the layers of some tokens.

    model (Model): Has `MIXING_PARAMETERS`, and is as wide as the states. What it hasn't learned yet
        is as at first.
    layers (Sequence[Floats2d]): (tokens, width) each, the embedding first.
    learns (bool): Whether its weights are made, if there are none, and get gradients.
    RETURNS (Tuple[Floats2d, Callable]): (tokens, nO), and the backward pass: it adds to the
        gradients of the weights and gives those of the layers.
    RAISES (ValueError): If its weights are those of a network of another shape.
    """
    logits, scale, projection = _weights_for(model, layers, learns)
    ops: Any = model.ops
    shares = ops.softmax(logits.reshape(1, -1))[0]
    given: list[Any] = [*layers]
    if projection is not None:
        given[0] = model.ops.gemm(layers[0], projection, trans2=True)
    mixed = shares[0] * given[0]
    for share, layer in zip(shares[1:], given[1:], strict=True):
        mixed += share * layer

    def backprop(d_vectors: Floats2d) -> list[Floats2d]:
        xp: Any = model.ops.xp
        d_out: Any = d_vectors
        d_shares = scale[0] * xp.stack([(d_out * layer).sum() for layer in given])
        model.inc_grad("layer_scale", (d_out * mixed).sum().reshape(1))
        model.inc_grad("layer_weights", shares * (d_shares - (shares * d_shares).sum()))
        d_layers = [(scale[0] * share) * d_out for share in shares]
        if projection is not None:
            d_projection = model.ops.gemm(d_layers[0], layers[0], trans1=True)
            model.inc_grad("embedding_projection", d_projection)
            d_layers[0] = model.ops.gemm(d_layers[0], projection)
        return d_layers

    return scale[0] * mixed, backprop


def _weights_for(model: Model, layers: Sequence[Floats2d], learns: bool) -> tuple[Any, Any, Any]:
    """Made late: how many layers there are, only the network knows that is read."""
    ops, width, embedded = model.ops, model.get_dim("nO"), layers[0].shape[1]
    if model.has_param("layer_weights"):
        logits: Any = model.get_param("layer_weights")
        projection: Any = model.maybe_get_param("embedding_projection")
        expected = width if projection is None else projection.shape[1]
        if len(logits) != len(layers) or expected != embedded:
            raise ValueError(
                Errors.R920.format(
                    name=model.name,
                    expected=len(logits),
                    found=len(layers),
                    width=expected,
                    embedded=embedded,
                )
            )
        return logits, model.get_param("layer_scale"), projection
    made: dict[str, Any] = {
        "layer_weights": ops.alloc1f(len(layers)),
        "layer_scale": ops.alloc1f(1) + ops.xp.float32(1),
        "embedding_projection": None,
    }
    if embedded != width:
        # of a generator of its own: the same in each process, and at each call before training
        bound = (6.0 / (width + embedded)) ** 0.5  # Glorot & Bengio 2010
        drawn: Any = np.random.RandomState(0).uniform(-bound, bound, (width, embedded))
        made["embedding_projection"] = ops.asarray2f(drawn, dtype="float32")
    if learns:
        for name, value in made.items():
            model.set_param(name, value)
    return made["layer_weights"], made["layer_scale"], made["embedding_projection"]
