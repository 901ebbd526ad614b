"""Which number format training runs in."""

import pytest
import torch

from spacy_rnn.network import precision
from spacy_rnn.network.precision import resolve_precision

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize("device", [CPU, CUDA, torch.device("mps")])
def test_named_precision_is_taken_on_every_device(device):
    assert resolve_precision("float32", device) == torch.float32
    assert resolve_precision("bfloat16", device) == torch.bfloat16


@pytest.mark.parametrize("avx", [False, True])
@pytest.mark.parametrize("amx", [False, True])
def test_auto_on_a_processor_goes_by_its_flags(monkeypatch, avx, amx):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    expected = torch.bfloat16 if avx or amx else torch.float32
    assert resolve_precision("auto", CPU) == expected


def test_auto_is_float32_where_torch_has_no_such_flags(monkeypatch):
    monkeypatch.setattr(precision.torch, "cpu", object())
    assert resolve_precision("auto", CPU) == torch.float32


@pytest.mark.parametrize("native", [False, True])
def test_auto_on_a_gpu_wants_real_support_not_emulation(monkeypatch, native):
    def supported(including_emulation=True):
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert resolve_precision("auto", CUDA) == (torch.bfloat16 if native else torch.float32)


def test_auto_elsewhere_is_float32():
    assert resolve_precision("auto", torch.device("mps")) == torch.float32
