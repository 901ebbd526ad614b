"""Files of `torch.save`, read without running anything that they hold.

A pickle names functions and classes that are called while it is read. Here tensors are rebuilt by
this module's own functions; the few classes that a word language model is made of become inert
stand-ins, which keep what was stored and do nothing; every other name is an error. Both forms are
read: the zip archive of torch since 1.6, and the row of pickles of torch before it.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import Errors, shorten
from ..regular_files import read_regular

# The first pickle of the older form, and the version that follows it.
_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_STORAGES = {
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "ShortStorage": torch.int16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "BoolStorage": torch.bool,
}
# Classes of the network itself, wherever they were defined, and what torch's own stand under.
_NETWORKS = ("RNNModel", "DataParallel")
_MODULES = ("torch.nn.modules.", "torch.nn.backends.", "torch.backends.cudnn")
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_REBUILT_PARAMETERS = (
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
)
_PARAMETERS = ("torch.nn.parameter.Parameter", "torch.autograd.variable.Variable")
# What a damaged or hostile file can make the standard library raise.
_DAMAGED = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    struct.error,
    AttributeError,
    EOFError,
    ImportError,
    IndexError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    RuntimeError,
    TypeError,
    UnicodeError,
    ValueError,
)


class StandIn:
    """What is kept of an object whose class isn't run.

    path (str): The full name of its class.
    args (Tuple): What it was made of.
    state (Any): What it held, a dict for a module of torch.
    """

    path = ""
    args: tuple[Any, ...]
    state: Any

    # pickles make some objects without __init__
    def __new__(cls, *args: Any, **kwargs: Any) -> StandIn:
        made = super().__new__(cls)
        made.args, made.state = args, None
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state

    @property
    def name(self) -> str:
        """RETURNS (str): The class's name without its module."""
        return self.path.rpartition(".")[2]


def read_torch_file(path: Path) -> Any:
    """Read what `torch.save` wrote.

    path (Path): The file, in torch's form since 1.6 or in that before.
    RETURNS (Any): Dicts, lists, tuples, numbers and strings as they are, tensors on the CPU,
        parameters as tensors, other objects as `StandIn`.
    RAISES (ValueError): If it is no such file, damaged, or names what no such model needs.
    """
    data = read_regular(path)
    try:
        if zipfile.is_zipfile(io.BytesIO(data)):
            return _read_archive(data)
        return _read_pickles(data)
    except _ForeignNameError as error:
        raise ValueError(Errors.R900.format(path=path, name=shorten(error.args[0]))) from None
    except _DAMAGED as error:
        raise ValueError(Errors.R901.format(path=path, error=shorten(str(error)))) from None


class _ForeignNameError(Exception):
    """A name that the file wants to call and that isn't on the list."""


class _StorageType:
    """What stands for a class of storages, such as torch.FloatStorage."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype


Load = Callable[[torch.dtype, str, int], Tensor]


class _Unpickler(pickle.Unpickler):
    """`load` gives the numbers of a storage by its type, key and length."""

    def __init__(self, file: io.BytesIO, load: Load) -> None:
        super().__init__(file, encoding="utf-8")
        self._load = load
        self._stand_ins: dict[str, type[StandIn]] = {}

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module}.{name}"
        if path == "collections.OrderedDict":
            return OrderedDict
        if module in ("torch", "torch.cuda", "torch.storage") and name in _STORAGES:
            return _StorageType(_STORAGES[name])
        if path in ("__builtin__.set", "builtins.set"):
            return set
        if path == "torch.Size":
            return tuple
        # made anew for each file: a pickle can set attributes of what it is given
        if path in ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *rest: _view(storage, offset, size, stride)
        if path in (
            "torch._utils._rebuild_parameter",
            "torch._utils._rebuild_parameter_with_state",
        ):
            return lambda tensor, *rest: tensor
        if path in _PARAMETERS or path == "torch.device":
            return self._stand_in(path)
        if path.startswith(_MODULES) or name in _NETWORKS:
            return self._stand_in(path)
        raise _ForeignNameError(path)

    def persistent_load(self, pid: Any) -> Any:
        kind = pid[0]
        if kind == "module":  # the older form keeps a class with its source, which isn't looked at
            return pid[1]
        if kind != "storage":
            raise pickle.UnpicklingError(f"an object of the kind {shorten(kind)}")
        kept, key, _, count, *view = pid[1:]
        numbers = self._load(kept.dtype, str(key), int(count))
        if view and view[0] is not None:  # a part of another storage
            _, offset, count = view[0]
            numbers = numbers[offset : offset + count]
        return numbers

    def _stand_in(self, path: str) -> type[StandIn]:
        if path not in self._stand_ins:
            self._stand_ins[path] = type("Kept", (StandIn,), {"path": path})
        return self._stand_ins[path]


def _view(numbers: Tensor, offset: int, size: Any, stride: Any) -> Tensor:
    size, stride = tuple(map(int, size)), tuple(map(int, stride))
    if not isinstance(numbers, Tensor) or len(size) != len(stride) or offset < 0:
        raise pickle.UnpicklingError("a tensor that isn't one")
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if min((*size, *stride, 0)) < 0 or (all(size) and last >= len(numbers)):
        raise pickle.UnpicklingError("a tensor beyond its numbers")
    return torch.as_strided(numbers, size, stride, offset)


def _read_archive(data: bytes) -> Any:
    """torch since 1.6: `data.pkl`, and a file for each storage."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        roots = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise pickle.UnpicklingError("an archive without data.pkl")
        root = roots[0].removesuffix("data.pkl")
        if f"{root}constants.pkl" in archive.namelist():
            raise pickle.UnpicklingError("a TorchScript program, which isn't run")
        loaded: dict[str, Tensor] = {}

        def load(dtype: torch.dtype, key: str, count: int) -> Tensor:
            if key not in loaded:
                info = archive.getinfo(f"{root}data/{key}")
                if info.file_size != count * dtype.itemsize or info.file_size > len(data):
                    raise pickle.UnpicklingError(f"storage {shorten(key)} of another length")
                loaded[key] = _numbers(archive.read(info), dtype)
            return loaded[key]

        return _Unpickler(io.BytesIO(archive.read(roots[0])), load).load()


def _read_pickles(data: bytes) -> Any:
    """torch before 1.6: a magic number, a version, the machine, the object, the keys of the
    storages, and behind them for each its length (int64) and its numbers."""
    file = io.BytesIO(data)

    def refuse(dtype: torch.dtype, key: str, count: int) -> Tensor:
        raise pickle.UnpicklingError("numbers where none can be")

    if _Unpickler(file, refuse).load() != _MAGIC or _Unpickler(file, refuse).load() != _VERSION:
        raise pickle.UnpicklingError("it isn't of torch.save")
    machine = _Unpickler(file, refuse).load()
    if not machine.get("little_endian", True):
        raise pickle.UnpicklingError("numbers of a big-endian machine")
    storages: dict[str, Tensor] = {}

    def promise(dtype: torch.dtype, key: str, count: int) -> Tensor:
        if count < 0 or count * dtype.itemsize > len(data):
            raise pickle.UnpicklingError(f"storage {shorten(key)} is longer than the file")
        if key not in storages:
            storages[key] = torch.zeros(count, dtype=dtype)
        return storages[key]

    made = _Unpickler(file, promise).load()
    for key in _Unpickler(file, refuse).load():
        numbers = storages[str(key)]
        (count,) = struct.unpack("<q", file.read(8))
        if count != len(numbers):
            raise pickle.UnpicklingError(f"storage {shorten(key)} of another length")
        part = file.read(count * numbers.dtype.itemsize)
        numbers.copy_(_numbers(part, numbers.dtype))
    return made


def _numbers(data: bytes, dtype: torch.dtype) -> Tensor:
    if not data:
        return torch.zeros(0, dtype=dtype)
    return torch.frombuffer(bytearray(data), dtype=dtype)
