"""A recurrent layer's call; in prediction with an LSTM's weights as oneDNN wants them.

On a processor oneDNN runs torch's LSTM, with weights in an order of its own. torch brings them into
that order at each call, which takes longer than reading a sentence; here it is done once, until a
weight changes. The numbers are those of `torch.nn.LSTM`, bit for bit, and the weights are held
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from .._compat.torch import pack_lstm, packs_lstm, run_packed_lstm, weight_version
from .recurrent_steps import predicts_in_float32


class _Packed:
    """The weights of a layer as they are at one moment, as oneDNN wants them.

    given (Sequence[Tensor]): Of input and state.
    """

    def __init__(self, given: Sequence[Tensor]) -> None:
        # as long as these hold the memory, no other weights can lie there
        arrays = [weight.detach().numpy() for weight in given]
        # places that go on by a row, less one column
        self._samples = [array.reshape(-1)[:: max(array.shape[1] - 1, 1)] for array in arrays]
        self._samples += [array[0] for array in arrays]
        self._signs = self._signs_of(given)
        self.weights = pack_lstm(*given)

    def are_of(self, given: Sequence[Tensor]) -> bool:
        """RETURNS (bool): Whether these weights were packed, and haven't changed since."""
        return self._signs == self._signs_of(given)

    def _signs_of(self, given: Sequence[Tensor]) -> tuple[Any, ...]:
        """torch doesn't count changes through `.data`, by which units are switched off, say; a
        number of each row, and of each column, shows nearly all of those."""
        places = [(weight.data_ptr(), weight_version(weight)) for weight in given]
        return places, [sample.tobytes() for sample in self._samples]


# Beside the modules, so that no copy and no file holds them.
_KEPT: WeakKeyDictionary[nn.Module, _Packed] = WeakKeyDictionary()


def run_layer(
    layer: nn.Module, inputs: Tensor, h: Tensor, c: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Read sequences of one length.

    layer (Module): torch's RNN, GRU or LSTM, of one layer and direction, with biases.
    inputs (Tensor): float32 (steps, sequences, input_width).
    h, c (Tensor): float32 (1, sequences, width), the state before them; c of an LSTM only.
    RETURNS (Tuple[Tensor, Tensor, Optional[Tensor]]): (steps, sequences, width), h after each step,
        and the state after the last one.
    """
    if c is None:
        return *layer(inputs, h), None
    packed = _packed_weights(layer)
    if packed is not None:
        biases: Any = layer.bias_ih_l0, layer.bias_hh_l0
        return run_packed_lstm(inputs, packed, biases, h, c)
    output, (h, c) = layer(inputs, (h, c))
    return output, h, c


def _packed_weights(layer: nn.Module) -> list[Tensor] | None:
    """RETURNS (Optional[List[Tensor]]): Of a layer that oneDNN can read from weights that are
    kept; None for others."""
    if not (isinstance(layer, nn.LSTM) and predicts_in_float32(layer) and packs_lstm()):
        return None
    given: Any = layer.weight_ih_l0, layer.weight_hh_l0
    # a weight made in inference mode doesn't tell when it changes
    if any(weight.is_inference() or not weight.is_contiguous() for weight in given):
        return None
    kept = _KEPT.get(layer)
    if kept is None or not kept.are_of(given):
        kept = _KEPT[layer] = _Packed(given)
    return kept.weights
