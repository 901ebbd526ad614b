"""The processes of a data-parallel training, through torch.distributed.

Each reads its part of the corpus. The numbers that they agree on travel as CPU tensors (gloo),
gradients as they are (gloo, or nccl on GPUs).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from thinc.api import Model
from thinc.util import xp2torch
from torch import Tensor, nn

from ...errors import Errors

T = TypeVar("T")

# others wait as long as one process evaluates; a process that ends is noticed at once
_PATIENCE = timedelta(days=2)


class OtherProcessFailed(ValueError):
    """Another process can't go on."""


def join_processes(use_gpu: bool) -> Processes:
    """Join those that `torchrun` started together.

    use_gpu (bool): Whether gradients lie on GPUs.
    RETURNS (Processes): They, or this one alone if it was started without torchrun.
    RAISES (ValueError): If only a part of what torchrun sets is there.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes()
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise ValueError(Errors.R616.format(names=", ".join(missing)))
    backend = "cpu:gloo,cuda:nccl" if use_gpu else "gloo"
    dist.init_process_group(backend, timeout=_PATIENCE)
    return Processes(dist.get_rank(), dist.get_world_size())


def end_processes(code: int = 0) -> None:
    """End this process together with those that `join_processes` joined; nothing if there are none.

    code (int): The exit code.
    """
    if dist.is_available() and dist.is_initialized():
        dist.barrier()
        sys.stdout.flush()
        sys.stderr.flush()
        # gloo's threads sometimes abort a process that ends in the usual way, after all was done
        os._exit(code)


class Processes:
    """The processes that train together, or one that trains alone.

    rank (int): The number of this one.
    count (int): How many there are.
    """

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank = rank
        self.count = count

    @property
    def first(self) -> bool:
        """RETURNS (bool): Whether this is the process that evaluates, writes and prints."""
        return self.rank == 0

    def smallest(self, values: Sequence[float]) -> list[float]:
        """RETURNS (List[float]): The smallest of all processes' values at each place."""
        return self._agree(values, dist.ReduceOp.MIN)

    def largest(self, values: Sequence[float]) -> list[float]:
        """RETURNS (List[float]): The largest ones."""
        return self._agree(values, dist.ReduceOp.MAX)

    def total(self, values: Sequence[float]) -> list[float]:
        """RETURNS (List[float]): The sums."""
        return self._agree(values, dist.ReduceOp.SUM)

    def _agree(self, values: Sequence[float], how: Any) -> list[float]:
        if self.count == 1 or not values:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(tensor, how)
        return tensor.tolist()

    def gather(self, value: T) -> list[T]:
        """RETURNS (List[T]): The values of all processes by rank; of this one alone unless it is
        the first."""
        if self.count == 1:
            return [value]
        values: list[Any] | None = [None] * self.count if self.first else None
        dist.gather_object(value, values)
        return [value] if values is None else values

    def from_first(self, make: Callable[[], T]) -> T:
        """Do something in the first process only.

        make (Callable[[], T]): What to do.
        RETURNS (T): Its result, in all processes.
        RAISES (Exception): What it raised, in the first one; OtherProcessFailed in the others.
        """
        if self.count == 1:
            return make()
        error: Exception | None = None
        answer: list[Any] = [None, False]
        if self.first:
            try:
                answer = [make(), True]
            except Exception as raised:
                error = raised
        dist.broadcast_object_list(answer)
        if error is not None:
            raise error
        if not answer[1]:
            raise OtherProcessFailed(Errors.R606.format(rank=0))
        return answer[0]

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block that all processes enter; they go on only if none failed in it.

        RAISES (Exception): What happened in this one, or OtherProcessFailed.
        """
        error: Exception | None = None
        try:
            yield
        except Exception as raised:  # the others have to know, or they would wait
            error = raised
        failed = int(self.largest([self.rank if error is not None else -1])[0])
        if error is not None:
            raise error
        if failed >= 0:
            raise OtherProcessFailed(Errors.R606.format(rank=failed))

    def check_same(self, number: int) -> None:
        """RAISES (ValueError): If the processes have different numbers."""
        if self.smallest([number]) != self.largest([number]):
            raise ValueError(Errors.R614)

    def average_gradients(self, parameters: Mapping[str, nn.Parameter]) -> None:
        """Replace the gradients of torch weights by the mean over processes; where one has none,
        its gradient is 0."""
        if self.count == 1:
            return
        present = self._anywhere([p.grad is not None for p in parameters.values()])
        gradients = []
        for parameter, anywhere in zip(parameters.values(), present, strict=True):
            if anywhere and parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            if anywhere and parameter.grad is not None:
                gradients.append(parameter.grad)
        self._average(gradients)

    def average_model(self, model: Model) -> None:
        """The same for the weights of a thinc model and for torch networks in it that don't ask for
        it themselves."""
        if self.count == 1:
            return
        names = [(node, name) for node in model.walk() for name in node.param_names]
        names = [(node, name) for node, name in names if node.has_param(name)]
        present = self._anywhere([node.has_grad(name) for node, name in names])
        gradients = []
        for (node, name), anywhere in zip(names, present, strict=True):
            if not anywhere:
                continue
            if not node.has_grad(name):
                node.set_grad(name, node.ops.xp.zeros_like(node.get_param(name)))
            gradients.append(xp2torch(node.get_grad(name)))
        self._average(gradients)
        for node in model.walk():
            for shim in node.shims:
                network = getattr(shim, "_model", None)
                if isinstance(network, nn.Module) and not hasattr(shim, "average_gradients"):
                    self.average_gradients(dict(network.named_parameters()))

    def _anywhere(self, present: Sequence[bool]) -> list[bool]:
        return [value > 0 for value in self.largest([float(each) for each in present])]

    @torch.no_grad()
    def _average(self, gradients: list[Tensor]) -> None:
        """One message for all of them, in place."""
        if not gradients:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
