"""A trace as JSON, a step at a time: the whole may have megabytes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np

from ..errors import Errors
from ..pipeline.trace import LayerTrace, Trace
from .refusal import Refused


def check_numbers(trace: Trace, units: int | None, most: int) -> None:
    """See how much would be sent.

    trace (Trace): The steps.
    units (Optional[int]): How many numbers of each vector are wanted; None for all.
    most (int): How many numbers may be sent.
    RAISES (Refused): If there are more.
    """
    widths = [array.shape[1] for array in _vectors(trace)]
    numbers = len(trace) * sum(min(width, units or width) for width in widths)
    if numbers > most:
        fit = max(1, most // (len(trace) * len(widths)))
        raise Refused(413, Errors.R866.format(numbers=numbers, most=most, units=fit))


def trace_to_json(model: str, trace: Trace, units: int | None) -> Iterator[str]:
    """YIELDS (str): JSON of a `TraceAnswer`, in parts.

    model (str): The model's name.
    trace (Trace): The steps.
    units (Optional[int]): How many numbers of each vector; None for all.
    """
    about = {"model": model, "cell": trace.cell, "direction": trace.direction}
    yield json.dumps(about, ensure_ascii=False)[:-1] + ', "steps": ['
    for step in range(len(trace)):
        yield ("," if step else "") + _step_json(trace, step, units)
    yield "]}"


def _step_json(trace: Trace, step: int, units: int | None) -> str:
    """RETURNS (str): JSON of a `StepAnswer`."""
    layers = ",".join(_layer_json(layer, step, units) for layer in trace.layers)
    said = {
        "word": trace.words[step],
        "row": int(trace.rows[step]),
        "next": [{"word": word, "probability": p} for word, p in trace.next_words(step)],
        "came": trace.came[step],
        "surprisal": float(-trace.log_probs[step] / math.log(2)),
        "rank": None if trace.ranks[step] < 0 else int(trace.ranks[step]),
    }
    vectors = f', "embedding": {_vector_json(trace.inputs[step][:units])}, "layers": [{layers}]}}'
    return json.dumps(said, ensure_ascii=False)[:-1] + vectors


def _layer_json(layer: LayerTrace, step: int, units: int | None) -> str:
    c = "null" if layer.c is None else _vector_json(layer.c[step][:units])
    parts = (f'"{name}": {_vector_json(gate[step][:units])}' for name, gate in layer.gates.items())
    gates = ",".join(parts)
    return f'{{"h": {_vector_json(layer.h[step][:units])}, "c": {c}, "gates": {{{gates}}}}}'


def _vector_json(vector: np.ndarray) -> str:
    # nine digits are enough for each float32; as float64 they would have seventeen
    return "[" + ",".join([f"{number:.9g}" for number in vector.tolist()]) + "]"


def _vectors(trace: Trace) -> list[np.ndarray]:
    found = [trace.inputs]
    for layer in trace.layers:
        found += [layer.h, *layer.gates.values()]
        found += [] if layer.c is None else [layer.c]
    return found
