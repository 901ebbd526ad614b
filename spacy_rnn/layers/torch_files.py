"""Files of `torch.save`, read without running anything that they hold.

A pickle names functions and classes that are called while it is read. Here nothing of torch is
among them: tensors and the few classes that a word language model is made of become inert
stand-ins, which keep what was stored and do nothing; every other name is an error. Tensors are made
after the pickle has ended, from what the stand-ins say, if that fits the numbers in the file. Both
forms are read: the zip archive of torch since 1.6, and the row of pickles of torch before it.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
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
_PARAMETERS = ("torch.nn.parameter.Parameter", "torch.autograd.variable.Variable")
_TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2")
_REBUILT_PARAMETERS = (
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
)
# What torch.save writes (protocol 2). Others could call things in other ways.
_OPCODES = frozenset(
    """
    PROTO GLOBAL MARK REDUCE BUILD NEWOBJ APPEND APPENDS STOP TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_TUPLE
    EMPTY_LIST EMPTY_DICT NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 INT LONG LONG1 BINFLOAT
    BINUNICODE BINSTRING SHORT_BINSTRING SETITEM SETITEMS BINPERSID BINGET LONG_BINGET BINPUT
    LONG_BINPUT
    """.split()  # noqa: SIM905
)
_MOST_DIMENSIONS = 8
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


class _Numbers:
    """What is said of a storage: its key, and which of its numbers are meant."""

    __slots__ = ("count", "key", "start")

    def __init__(self, key: str, start: int, count: int) -> None:
        self.key, self.start, self.count = key, start, count


class _Described:
    """What is said of a tensor."""

    __slots__ = ("numbers", "offset", "size", "stride")

    def __init__(self, numbers: Any, offset: Any, size: Any, stride: Any) -> None:
        self.numbers, self.offset, self.size, self.stride = numbers, offset, size, stride


@dataclass(frozen=True)
class TorchFile:
    """What `torch.save` wrote.

    stored (Any): Dicts, lists, tuples, numbers and strings as they are, other objects as `StandIn`.
    storages (Dict[str, Tensor]): The numbers of the tensors, by key.
    """

    stored: Any
    storages: dict[str, Tensor]

    def tensor_of(self, value: Any) -> Tensor | None:
        """RETURNS (Optional[Tensor]): A tensor or a parameter among what was stored, on the CPU;
        None for anything else.

        RAISES (ValueError): If what is said of it doesn't fit its numbers.
        """
        while isinstance(value, StandIn) and value.path in _PARAMETERS and value.args:
            value = value.args[0]  # a parameter of torch before 0.4
        if not isinstance(value, _Described):
            return None
        try:
            return _view(self.storages, value)
        except _DAMAGED as error:
            raise ValueError(Errors.R910.format(error=shorten(str(error)))) from None


def read_torch_file(path: Path) -> TorchFile:
    """Read what `torch.save` wrote.

    path (Path): The file, in torch's form since 1.6 or in that before.
    RETURNS (TorchFile): What it holds.
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

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


Announce = Callable[[torch.dtype, str, int], None]


class _Unpickler(pickle.Unpickler):
    """`announce` is told the type, key and length of each storage that the pickle speaks of."""

    def __init__(self, data: bytes, announce: Announce) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._announce = announce
        self._stand_ins: dict[str, type[StandIn]] = {}

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module}.{name}"
        if path == "collections.OrderedDict":
            return OrderedDict
        if module in ("torch", "torch.cuda", "torch.storage") and name in _STORAGES:
            return _StorageType(name)
        if path in ("__builtin__.set", "builtins.set"):
            return set
        if path == "torch.Size":
            return tuple
        # made anew for each file: a pickle can set attributes of what it is given
        if path in _TENSORS:
            return lambda numbers, offset, size, stride, *rest: _Described(
                numbers, offset, size, stride
            )
        if path in _REBUILT_PARAMETERS:
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
        self._announce(_STORAGES[kept.name], str(key), int(count))
        if view and view[0] is not None:  # a part of another storage
            _, start, length = view[0]
            return _Numbers(str(key), int(start), int(length))
        return _Numbers(str(key), 0, int(count))

    def _stand_in(self, path: str) -> type[StandIn]:
        if path not in self._stand_ins:
            self._stand_ins[path] = type("Kept", (StandIn,), {"path": path})
        return self._stand_ins[path]


def _view(storages: dict[str, Tensor], described: _Described) -> Tensor:
    numbers = described.numbers
    if not isinstance(numbers, _Numbers):
        raise pickle.UnpicklingError("a tensor without numbers")
    storage = storages[numbers.key]
    size, stride = tuple(map(int, described.size)), tuple(map(int, described.stride))
    offset, start, count = int(described.offset), int(numbers.start), int(numbers.count)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    fits = min(*size, *stride, offset, start, count, len(storage) - start - count) >= 0
    if not fits or len(size) > _MOST_DIMENSIONS or (all(size) and last >= count):
        raise pickle.UnpicklingError("a tensor beyond its numbers")
    if math.prod(size) > count:  # strides of 0 repeat numbers without end
        raise pickle.UnpicklingError("a tensor with more numbers than are there")
    return torch.as_strided(storage, size, stride, start + offset)


def _read_archive(data: bytes) -> TorchFile:
    """torch since 1.6: `data.pkl`, and a file for each storage."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        roots = [name for name in names if name.endswith("/data.pkl")]
        if len(roots) != 1:
            raise pickle.UnpicklingError("an archive without data.pkl")
        root = roots[0].removesuffix("data.pkl")
        if f"{root}constants.pkl" in names:
            raise pickle.UnpicklingError("a TorchScript program, which isn't run")

        def read(name: str) -> bytes:
            info = archive.getinfo(root + name)
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > len(data):
                raise pickle.UnpicklingError("compressed, which torch.save never does")
            return archive.read(info)

        if "big" in (read("byteorder").decode() if f"{root}byteorder" in names else ""):
            raise pickle.UnpicklingError("big-endian numbers")
        storages: dict[str, Tensor] = {}

        def load(dtype: torch.dtype, key: str, count: int) -> None:
            if key not in storages:
                storages[key] = _numbers(read(f"data/{key}"), dtype)
            if storages[key].dtype != dtype or len(storages[key]) != count:
                raise pickle.UnpicklingError(f"storage {shorten(key)} of another length")

        pickled = read("data.pkl")
        _end_of_pickle(pickled, 0)
        return TorchFile(_Unpickler(pickled, load).load(), storages)


def _read_pickles(data: bytes) -> TorchFile:
    """torch before 1.6: a magic number, a version, the machine, the object, the keys of the
    storages, and behind them for each its length (int64) and its numbers."""
    promised: dict[str, tuple[torch.dtype, int]] = {}

    def refuse(dtype: torch.dtype, key: str, count: int) -> None:
        raise pickle.UnpicklingError("numbers where none can be")

    def promise(dtype: torch.dtype, key: str, count: int) -> None:
        if promised.setdefault(key, (dtype, count)) != (dtype, count):
            raise pickle.UnpicklingError(f"storage {shorten(key)} of another length")

    parts, place = [], 0
    for announce in (refuse, refuse, refuse, promise, refuse):
        end = _end_of_pickle(data, place)
        parts.append(_Unpickler(data[place:end], announce).load())
        place = end
        if parts[:2] != [_MAGIC, _VERSION][: len(parts[:2])]:
            raise pickle.UnpicklingError("it isn't of torch.save")
    _, _, machine, stored, keys = parts
    if not machine.get("little_endian", True):
        raise pickle.UnpicklingError("big-endian numbers")
    storages: dict[str, Tensor] = {}
    for key in map(str, keys):
        dtype, expected = promised[key]
        (count,) = struct.unpack_from("<q", data, place)
        end = place + 8 + count * dtype.itemsize
        if count != expected or count < 0 or end > len(data):
            raise pickle.UnpicklingError(f"storage {shorten(key)} of another length")
        storages[key] = _numbers(data[place + 8 : end], dtype)
        place = end
    if promised.keys() - storages.keys():
        raise pickle.UnpicklingError("storages that aren't there")
    return TorchFile(stored, storages)


def _end_of_pickle(data: bytes, start: int) -> int:
    """RETURNS (int): Where the pickle that starts there ends.
    RAISES (UnpicklingError): If it has other operations than torch.save writes, or names a place of
        its memory that would make it large.
    """
    stream = io.BytesIO(data)
    stream.seek(start)
    places = 0
    argument: Any
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name not in _OPCODES:
            raise pickle.UnpicklingError(f"the operation {opcode.name}, of no torch.save")
        if opcode.name in ("BINPUT", "LONG_BINPUT"):
            places += 1
            if argument > places:
                raise pickle.UnpicklingError("a place of the memory that no file needs")
    return stream.tell()


def _numbers(data: bytes, dtype: torch.dtype) -> Tensor:
    if not data:
        return torch.zeros(0, dtype=dtype)
    return torch.frombuffer(bytearray(data), dtype=dtype)
