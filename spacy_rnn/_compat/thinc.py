"""Names of thinc that its documentation doesn't promise."""

from __future__ import annotations

# `Model.to_gpu` and `ops` look for this class; without it a model of torch can't be in a pipeline
from thinc.shims.pytorch import PyTorchShim
from thinc.util import get_torch_default_device, has_cupy_gpu

__all__ = ["PyTorchShim", "get_torch_default_device", "has_cupy_gpu"]
