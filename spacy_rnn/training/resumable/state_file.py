"""A part of a training's state: tensors and JSON values, as the bytes of a safetensors file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load, save, save_file
from torch import Tensor

_ENTRY = "spacy-rnn"


class StateFile(NamedTuple):
    """tensors (Dict[str, Tensor]): By name, on any device.
    values (Dict[str, Any]): What JSON can hold."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The state; it holds no code."""
        return save(*self._content())

    def to_disk(self, path: Path) -> None:
        """Write the same bytes, without two copies of all tensors in memory.

        path (Path): The file.
        RAISES (OSError): If it can't be written.
        """
        tensors, values = self._content()
        try:
            save_file(tensors, path, values)
        except SafetensorError as error:  # the library's, for the system's errors too
            raise OSError(str(error)) from error

    @classmethod
    def from_bytes(cls, data: bytes) -> StateFile:
        """RETURNS (StateFile): What `to_bytes` was called on, its tensors on the CPU."""
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size])
        return cls(load(data), json.loads(header["__metadata__"][_ENTRY]))

    def _content(self) -> tuple[dict[str, Tensor], dict[str, str]]:
        tensors = {name: t.detach().cpu().contiguous() for name, t in self.tensors.items()}
        return tensors, {_ENTRY: json.dumps(self.values)}


def above(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """RETURNS (Dict[str, Tensor]): The tensors with `<name>.` before their names."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def below(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """RETURNS (Dict[str, Tensor]): Those that `above` named so, under their own names."""
    start = name + "."
    return {key[len(start) :]: t for key, t in tensors.items() if key.startswith(start)}
