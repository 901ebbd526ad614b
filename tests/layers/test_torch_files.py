"""Files of torch.save: read, and nothing in them run."""

import builtins
import collections
import functools
import importlib
import io
import operator
import os
import pickle
import runpy
import shutil
import struct
import subprocess
import types
import zipfile
from pathlib import Path

import pytest
import torch

from spacy_rnn.layers.torch_files import StandIn, read_torch_file

from . import published
from .published import Calls

# -- what they hold

TENSORS = {
    "whole": torch.arange(12.0).reshape(3, 4),
    "part": torch.arange(12.0).reshape(3, 4)[1:, ::2],
    "turned": torch.arange(6, dtype=torch.int64).reshape(2, 3).t(),
    "half": torch.tensor([0.5, -2.0], dtype=torch.float16),
    "one": torch.tensor(3.25, dtype=torch.float64),
    "none": torch.zeros(0, 5),
    "learned": torch.nn.Parameter(torch.ones(2)),
}


@pytest.mark.parametrize("old", [False, True])
def test_tensors_are_those_that_torch_reads(tmp_path, old):
    shared = torch.arange(5.0)
    stored = {**TENSORS, "list": [1, "a", None, (2.5, True)], "twice": [shared, shared[1:3]]}
    published.save(stored, tmp_path / "x.pt", old=old)
    file = read_torch_file(tmp_path / "x.pt")
    expected = torch.load(tmp_path / "x.pt", weights_only=True)
    for name in TENSORS:
        found = file.tensor_of(file.stored[name])
        assert found.dtype == expected[name].dtype
        assert torch.equal(found, expected[name]), name
    assert file.stored["list"] == stored["list"] and file.tensor_of("a") is None
    assert all(map(torch.equal, map(file.tensor_of, file.stored["twice"]), expected["twice"]))


@pytest.mark.parametrize("old", [False, True])
def test_a_module_is_kept_as_a_stand_in(tmp_path, old):
    model = published.RNNModel("LSTM", 5, depth=2)
    published.save(model, tmp_path / "x.pt", old=old)
    file = read_torch_file(tmp_path / "x.pt")
    found = file.stored
    assert isinstance(found, StandIn) and found.path == f"{published.__name__}.RNNModel"
    inner = found.state["_modules"]["rnn"]
    assert inner.path == "torch.nn.modules.rnn.LSTM" and inner.state["mode"] == "LSTM"
    for name, weight in model.rnn.named_parameters():
        assert torch.equal(file.tensor_of(inner.state["_parameters"][name]), weight)


class FromTheOldDays:
    """A parameter as torch 0.3 wrote it: the class called with its tensor."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return torch.nn.parameter.Parameter, (self.tensor,), (True, False, {})


def test_a_parameter_of_torch_0_3_keeps_its_tensor(tmp_path):
    published.save([FromTheOldDays(TENSORS["whole"])], tmp_path / "x.pt", old=True)
    file = read_torch_file(tmp_path / "x.pt")
    assert torch.equal(file.tensor_of(file.stored[0]), TENSORS["whole"])


# -- files that want to run something


def malicious(marker):
    """What would make the file `marker` if it were run."""
    code = f"open({str(marker)!r}, 'w')"
    touch = f"touch {marker}"
    attack = Calls(eval, code)
    return {
        "os.system": Calls(os.system, touch),
        "eval": attack,
        "exec": Calls(exec, code),
        "open": Calls(open, str(marker), "w"),
        "subprocess": Calls(subprocess.Popen, ["touch", str(marker)]),
        "check_output": Calls(subprocess.check_output, ["touch", str(marker)]),
        "getattr": Calls(getattr, Calls(importlib.import_module, "os"), "system"),
        "import": Calls(builtins.__import__, "antigravity"),
        "mkdir": Calls(os.mkdir, str(marker)),
        "rmtree": Calls(shutil.copy, __file__, str(marker)),
        "runpy": Calls(runpy.run_path, str(marker)),
        "methodcaller": Calls(operator.methodcaller, "system", touch),
        "partial": Calls(functools.partial, os.system, touch),
        "pickle in a pickle": Calls(pickle.loads, pickle.dumps(attack)),
        "torch.load": Calls(torch.load, str(marker)),
        "hub": Calls(torch.hub.load, str(marker.parent), "x"),
        "namedtuple": Calls(collections.namedtuple, "A", code),
        "in a dict": {"model": {"encoder.weight": attack}},
        "in a tensor's place": Calls(torch._utils._rebuild_parameter, attack, True, {}),
        "as a state": Calls(collections.OrderedDict, state={"a": attack}),
        "of types": Calls(types.SimpleNamespace, state={"a": attack}),
    }


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("name", malicious(Path("marker")))
def test_nothing_of_a_file_is_run(tmp_path, name, old):
    marker = tmp_path / "marker"
    published.save([malicious(marker)[name]], tmp_path / "x.pt", old=old)
    with pytest.raises(ValueError, match="R900"):
        read_torch_file(tmp_path / "x.pt")
    assert not marker.exists()


def test_such_files_would_run_if_they_were_unpickled(tmp_path):
    marker = tmp_path / "marker"
    pickle.loads(pickle.dumps(malicious(marker)["eval"])).close()
    assert marker.exists()


def test_what_a_file_does_to_a_stand_in_ends_with_it(tmp_path):
    class Sets:
        def __reduce__(self):
            return torch.nn.Linear, (1, 1), (None, {"forward": 1, "path": "os.system"})

    published.save(Sets(), tmp_path / "x.pt", old=False)
    found = read_torch_file(tmp_path / "x.pt").stored
    assert found.path == "torch.nn.modules.linear.Linear"
    assert StandIn.path == "" and not hasattr(StandIn, "forward")


# -- damaged ones


def damaged(data, old):
    yield b""
    yield b"PK"
    yield b"\x80\x02}."
    yield data[: len(data) // 2]
    yield data[:-9]
    yield pickle.dumps(0x1950A86A20F9469CFC6C) + data[20:]
    if old:
        yield data.replace(struct.pack("<q", 12), struct.pack("<q", 2**60), 1)


@pytest.mark.parametrize("old", [False, True])
def test_a_damaged_file_is_an_error_that_says_so(tmp_path, old):
    path = tmp_path / "x.pt"
    published.save({"a": TENSORS["whole"]}, path, old=old)
    for data in damaged(path.read_bytes(), old):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"R901.*x\.pt"):
            read_torch_file(path)


def described(offset, size, stride, state=None):
    """What torch.save writes of a tensor of twelve numbers, with another shape."""
    storage = TENSORS["whole"].untyped_storage()
    typed = torch.storage.TypedStorage(wrap_storage=storage, dtype=torch.float32, _internal=True)
    rebuild = torch._utils._rebuild_tensor_v2
    return Calls(rebuild, typed, offset, size, stride, False, {}, state=state)


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    "view",
    [
        pytest.param((0, (4, 4), (4, 1)), id="longer"),
        pytest.param((9, (4,), (1,)), id="behind"),
        pytest.param((-1, (2,), (1,)), id="before"),
        pytest.param((0, (2,), ()), id="no stride"),
        pytest.param((0, (10**7, 10**6), (0, 0)), id="repeated without end"),
        pytest.param((0, (2,), (-1,)), id="backwards"),
        pytest.param((0, ("a",), (1,)), id="no number"),
        pytest.param((0, (1,) * 99, (1,) * 99), id="too many dimensions"),
    ],
)
def test_a_tensor_that_is_not_in_the_file_is_an_error(tmp_path, view, old):
    published.save(described(*view), tmp_path / "x.pt", old=old)
    file = read_torch_file(tmp_path / "x.pt")
    with pytest.raises(ValueError, match="R910"):
        file.tensor_of(file.stored)


def test_a_pickle_can_not_make_a_tensor_larger(tmp_path):
    # torch's own tensors take such a state, and show memory that isn't theirs
    larger = described(0, (2,), (1,), state=(TENSORS["whole"], 0, (1000,), (1,)))
    published.save(larger, tmp_path / "x.pt", old=True)
    with pytest.raises(ValueError, match="R901"):
        read_torch_file(tmp_path / "x.pt")


def test_a_part_of_a_storage_is_where_it_is(tmp_path):
    path = tmp_path / "x.pt"
    published.save(TENSORS["whole"], path, old=True)
    # a view as torch 0.3 wrote it: numbers 5 to 7 of the storage, in place of None
    pid = (b"\x8a\x01\x0c", b"K\x0c")
    data = path.read_bytes()
    twelve = next(mark for mark in (b"K\x0cNt", *pid) if mark in data)
    assert twelve == b"K\x0cNt"
    data = data.replace(twelve, b"K\x0c(X\x01\x00\x00\x00vK\x05K\x03tt", 1)
    size = b"K\x03K\x04\x86"
    assert size in data
    data = data.replace(size, b"K\x01K\x03\x86", 1)
    path.write_bytes(data)
    file = read_torch_file(path)
    assert file.tensor_of(file.stored).tolist() == [[5.0, 6.0, 7.0]]


def test_a_place_of_the_memory_that_no_file_needs_is_refused(tmp_path):
    made = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    made += b"\x80\x02}r\xff\xff\xff\x7f."
    (tmp_path / "x.pt").write_bytes(made)
    with pytest.raises(ValueError, match=r"R901.*memory"):
        read_torch_file(tmp_path / "x.pt")


def rewrite(path, change, compression=zipfile.ZIP_STORED):
    """The same archive with other entries."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in change(entries).items():
            archive.writestr(name, data)


def big_endian(entries):
    return {**entries, "x/byteorder": b"big"}


def test_numbers_of_another_byte_order_are_refused(tmp_path):
    published.save(TENSORS["whole"], tmp_path / "x.pt", old=False)
    rewrite(tmp_path / "x.pt", big_endian)
    with pytest.raises(ValueError, match=r"R901.*big-endian"):
        read_torch_file(tmp_path / "x.pt")


def test_a_compressed_archive_is_refused(tmp_path):
    published.save(TENSORS["whole"], tmp_path / "x.pt", old=False)
    rewrite(tmp_path / "x.pt", dict, zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match=r"R901.*compressed"):
        read_torch_file(tmp_path / "x.pt")


def test_an_archive_without_its_numbers_is_an_error(tmp_path):
    made = io.BytesIO()
    torch.save({"a": TENSORS["whole"]}, made)
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(tmp_path / "x.pt", "w") as copy:
        for name in archive.namelist():
            if "/data/" not in name:
                copy.writestr(name, archive.read(name))
    with pytest.raises(ValueError, match="R901"):
        read_torch_file(tmp_path / "x.pt")
