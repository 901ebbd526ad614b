"""Weights of a trained network for one with other words."""

from __future__ import annotations

import numpy as np
import torch

from .language_model import RNNLanguageModel

# These have a row for each word.
_BY_WORD = ("embedding", "softmax.weight", "softmax.bias")
_BY_CLUSTER = ("softmax.cluster_weight", "softmax.cluster_bias")
_SPELLER = "speller."


@torch.no_grad()
def transfer_weights(
    source: RNNLanguageModel, target: RNNLanguageModel, rows: np.ndarray, unknown: int
) -> None:
    """Copy what the networks have in common.

    Words that the source has get their vectors; new ones start as its `<unk>`, as which it read
    them, and keep the bias that follows from their count. Known ones that share a row share its
    probability (new characters of a speller, which are written as their first byte). The weights of
    softmax clusters are copied if both have the same cutoffs, else they stay as they are: their
    words are others. Nor is the speller touched: it is a network to be transferred by itself.

    source, target (RNNLanguageModel): Of one shape but for the words; the target may have only one
        of the source's directions.
    rows (ndarray): int64 (target's words,), the row of each in the source; `unknown` for new ones.
    unknown (int): The row of `<unk>`, in both.
    """
    given, places = source.parameters_by_name(), torch.from_numpy(rows)
    same_clusters = source.settings.cutoffs == target.settings.cutoffs
    for name, parameter in target.parameters_by_name().items():
        value = given.get(name)
        # the speller has an alphabet of its own
        if (
            value is None
            or name.startswith(_SPELLER)
            or (name in _BY_CLUSTER and not same_clusters)
        ):
            continue
        if name not in _BY_WORD:
            parameter.copy_(value)
        elif name == "softmax.bias":
            known = (places != unknown) | (torch.arange(len(places)) == unknown)
            shared = torch.bincount(places[known], minlength=len(value))[places].clamp(min=1)
            mapped = value[places.to(value.device)].to(parameter.device)
            mapped = mapped - shared.log().to(mapped)
            parameter.copy_(torch.where(known.to(parameter.device), mapped, parameter))
        else:
            parameter.copy_(value[places.to(value.device)])
