"""Which number format matrix products run in, in training and in prediction."""

from __future__ import annotations

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


def resolve_precision(precision: str, device: torch.device) -> torch.dtype:
    """ "auto" is bfloat16 where the processor multiplies it in hardware (AVX512-BF16, AMX, or a
    GPU that supports it), else float32: decided by flags, so that it is reproducible.

    Weights, gradients of weights, sums and logarithms stay float32; no loss scaling is needed,
    bfloat16 has float32's range.
    """
    if precision != "auto":
        return getattr(torch, precision)
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float32
    if device.type == "cpu" and _cpu_has_bfloat16():
        return torch.bfloat16
    return torch.float32


def _cpu_has_bfloat16() -> bool:
    flags = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, flag, bool)() for flag in flags)
