"""The states of all random number generators, as tensors."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..._compat.thinc import has_cupy_gpu


@dataclass
class PythonRandom:
    """The states of `random` and of numpy's global generator, which corpora draw from."""

    python: tuple[Any, ...]
    numpy: dict[str, Any]

    @classmethod
    def now(cls) -> PythonRandom:
        """RETURNS (PythonRandom): The states at this moment."""
        return cls(random.getstate(), np.random.get_state(legacy=False))

    def use(self) -> None:
        """Set the generators to these states."""
        random.setstate(self.python)
        np.random.set_state(self.numpy)

    def to_tensors(self) -> dict[str, Tensor]:
        """RETURNS (Dict[str, Tensor]): The states; `random` and numpy use one algorithm, the
        Mersenne Twister, whose state is 624 words, a position and the second half of a normal
        deviate."""
        _, words, gauss = self.python
        state = self.numpy["state"]
        return {
            "python": torch.tensor(words, dtype=torch.int64),
            "python_gauss": torch.tensor([] if gauss is None else [gauss], dtype=torch.float64),
            "numpy": torch.tensor([*state["key"].tolist(), state["pos"]], dtype=torch.int64),
            "numpy_gauss": torch.tensor(
                [self.numpy["has_gauss"], self.numpy["gauss"]], dtype=torch.float64
            ),
        }

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> PythonRandom:
        """RETURNS (PythonRandom): What `to_tensors` was called on."""
        gauss = tensors["python_gauss"].tolist()
        python = (3, tuple(tensors["python"].tolist()), gauss[0] if gauss else None)
        *key, position = tensors["numpy"].tolist()
        has_gauss, value = tensors["numpy_gauss"].tolist()
        numpy = {
            "bit_generator": "MT19937",
            "state": {"key": np.array(key, dtype=np.uint32), "pos": position},
            "has_gauss": int(has_gauss),
            "gauss": value,
        }
        return cls(python, numpy)


def get_random_states(steps: int) -> dict[str, Tensor]:
    """RETURNS (Dict[str, Tensor]): The states that the components draw from: `random`, numpy,
    torch and, on a GPU, torch's CUDA generator and CuPy's.

    steps (int): The training steps that were done.
    """
    tensors = PythonRandom.now().to_tensors()
    tensors["torch"] = torch.get_rng_state()
    if torch.cuda.is_initialized():
        tensors["cuda"] = torch.cuda.get_rng_state()
    tensors["steps"] = torch.tensor([steps])
    _seed_cupy(tensors)
    return tensors


def set_random_states(tensors: dict[str, Tensor]) -> None:
    """Go on from `get_random_states`.

    tensors (Dict[str, Tensor]): Its result.
    """
    PythonRandom.from_tensors(tensors).use()
    torch.set_rng_state(tensors["torch"])
    if "cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["cuda"])
    _seed_cupy(tensors)


def _seed_cupy(tensors: dict[str, Tensor]) -> None:
    """CuPy tells nobody its state: it gets a new seed whenever the others' are saved and set."""
    if has_cupy_gpu:
        from cupy.random import seed

        states = [tensors[name] for name in ("torch", "cuda", "steps") if name in tensors]
        seed(zlib.crc32(b"".join(state.numpy().tobytes() for state in states)))
