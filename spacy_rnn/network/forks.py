"""No process is forked while another thread computes.

A forked child has the locks of all of its parent's threads, but only one of the threads: a lock
that another one held stays shut. oneDNN looks up its compiled products behind such a lock, so under
load one child in fifty would wait for ever in its first prediction. Here a fork waits for the
computations that run, and computations that begin wait for the fork; among themselves they run side
by side.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class ForkGate:
    """A lock that computations share and a fork has alone.

    A thread may compute within a computation, and fork within one too (a signal handler can): it
    waits for the others only. A signal handler may also fork while its thread waits to fork.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        # How many computations each thread is in, one within the other.
        self._inside: dict[int, int] = {}
        self._forker: int | None = None
        # How many computations the forker is in, at each of the forks that it has begun.
        self._of_forker: list[int] = []

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._changed:
            while self._forker not in (None, me) and me not in self._inside:
                self._changed.wait()
            self._inside[me] = self._inside.get(me, 0) + 1

    def __exit__(self, *error: object) -> None:
        me = threading.get_ident()
        with self._changed:
            depth = self._inside.pop(me, 0) - 1
            if depth > 0:
                self._inside[me] = depth
            elif self._forker is not None:
                self._changed.notify_all()

    def before_fork(self) -> None:
        me = threading.get_ident()
        with self._changed:
            # of two threads that fork within computations, none waits for the other
            own = self._inside.pop(me, 0)
            self._changed.notify_all()
            while self._forker not in (None, me):
                self._changed.wait()
            self._forker = me
            self._of_forker.append(own)
            while self._inside:
                self._changed.wait()

    def after_fork_in_parent(self) -> None:
        me = threading.get_ident()
        with self._changed:
            if self._forker != me:  # it was interrupted before it had the gate
                return
            if own := self._of_forker.pop():
                self._inside[me] = own
            if not self._of_forker:
                self._forker = None
                self._changed.notify_all()

    def after_fork_in_child(self) -> None:
        own = sum(self._of_forker)
        self._changed = threading.Condition()
        self._inside = {threading.get_ident(): own} if own else {}
        self._forker, self._of_forker = None, []


_GATE = ForkGate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_GATE.before_fork,
        after_in_parent=_GATE.after_fork_in_parent,
        after_in_child=_GATE.after_fork_in_child,
    )


def no_fork_meanwhile(compute: Callable[P, R]) -> Callable[P, R]:
    """Let forks wait for the end of a function's calls. It must return, not yield."""

    @wraps(compute)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        with _GATE:
            return compute(*args, **kwargs)

    return guarded
