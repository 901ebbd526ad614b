"""A fork waits for computations, and they for it."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from spacy_rnn.network import forks

from ..helpers import make_random

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
SECONDS = 20
# What libraries with locks of their own do for torch.
PRODUCTS = {"mkldnn_rnn_layer", "mm", "addmm", "bmm", "baddbmm", "_int_mm", "mv", "dot"}


def fork(check=lambda: True):
    """RETURNS (int): The exit status of a child that is ended if it waits for long."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        os._exit(0 if check() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait_for_a_forker():
    end = time.monotonic() + SECONDS
    while forks._GATE._forker is None:
        assert time.monotonic() < end, "the fork didn't wait"


class Work:
    """A computation on another thread that lasts until it is told to end."""

    def __init__(self):
        self.began, self.end, self.ended = (threading.Event() for _ in range(3))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        assert self.began.wait(SECONDS)

    @forks.no_fork_meanwhile
    def run(self):
        self.began.set()
        self.end.wait(SECONDS)
        self.ended.set()

    def finish(self):
        self.end.set()
        self.thread.join(SECONDS)


@pytest.fixture(autouse=True)
def gate(monkeypatch):
    """That of the package: every test must leave it open."""
    yield forks._GATE
    assert not forks._GATE._inside and forks._GATE._forker is None


def test_a_fork_waits_for_a_computation_on_another_thread(gate):
    work = Work()
    threading.Timer(0.3, work.end.set).start()
    assert fork(work.ended.is_set) == 0
    work.finish()


def test_computations_run_side_by_side():
    works = [Work(), Work(), Work()]  # each began while the ones before it went on
    for work in works:
        work.finish()


def test_a_computation_that_begins_while_a_fork_waits_comes_after_it():
    work = Work()
    with ThreadPoolExecutor(2) as pool:
        forking = pool.submit(fork)
        wait_for_a_forker()
        later = pool.submit(forks.no_fork_meanwhile(forking.done))
        work.finish()
        assert forking.result(SECONDS) == 0
        # the parent's half of the fork was over, not more: it may still wait for its child
        assert later.result(SECONDS) in (True, False)


def test_a_computation_within_a_computation_does_not_wait_for_the_fork_that_waits_for_it():
    began, inner = threading.Event(), threading.Event()

    @forks.no_fork_meanwhile
    def outer():
        began.set()
        wait_for_a_forker()
        forks.no_fork_meanwhile(inner.set)()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(outer)
        assert began.wait(SECONDS)
        assert fork(inner.is_set) == 0
        done.result(SECONDS)


def test_two_threads_can_fork_within_computations():
    """As signal handlers do; none waits for the other's computation."""
    both = threading.Barrier(2, timeout=SECONDS)

    @forks.no_fork_meanwhile
    def compute_and_fork():
        both.wait()
        return fork(forks.no_fork_meanwhile(lambda: True)), len(forks._GATE._inside)

    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(compute_and_fork) for _ in range(2)]
        assert all(future.result(SECONDS)[0] == 0 for future in made)


@pytest.mark.parametrize("inside", [False, True])
def test_a_signal_handler_forks_while_its_thread_waits_to_fork(inside):
    work = Work()
    codes = []

    def handle(*_):
        codes.append(fork(work.ended.is_set))

    before = signal.signal(signal.SIGALRM, handle)

    def send():
        wait_for_a_forker()
        os.kill(os.getpid(), signal.SIGALRM)
        time.sleep(0.2)  # until the handler waits too
        work.end.set()

    sender = threading.Thread(target=send)
    try:
        sender.start()
        check = work.ended.is_set
        codes.append(forks.no_fork_meanwhile(fork)(check) if inside else fork(check))
    finally:
        signal.signal(signal.SIGALRM, before)
        sender.join()
        work.finish()
    assert codes == [0, 0]


def test_a_child_computes_and_forks_on():
    def check():
        computed = forks.no_fork_meanwhile(lambda: True)()
        thread = threading.Thread(target=forks.no_fork_meanwhile(lambda: None))
        thread.start()
        thread.join()
        return computed and fork() == 0

    assert fork(check) == 0
    assert forks.no_fork_meanwhile(fork)(check) == 0


def test_an_exception_ends_a_computation():
    @forks.no_fork_meanwhile
    def fail():
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert fork() == 0


def test_an_interrupted_fork_leaves_other_threads_the_gate(gate):
    """A KeyboardInterrupt while it waits: the hook is left, the fork happens all the same."""
    work = Work()
    gate.after_fork_in_parent()  # of a fork that never had it
    assert gate._inside
    work.finish()


class Watch(TorchDispatchMode):
    """Notes, for every product and recurrent layer, whether forks wait for it."""

    def __init__(self, gate):
        super().__init__()
        self.gate, self.found = gate, set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        name = operation.overloadpacket.__name__
        if name in PRODUCTS:
            self.found.add((name, threading.get_ident() in self.gate._inside))
        return operation(*args, **(kwargs or {}))


CALLS = {
    "annotations": lambda nlp, lm: nlp("the grey unheard baker"),
    "predict_next": lambda nlp, lm: lm.predict_next("the baker"),
    "next_distribution": lambda nlp, lm: lm.next_distribution("the baker"),
    "generate": lambda nlp, lm: lm.generate("the baker", max_tokens=3),
    "score_continuation": lambda nlp, lm: lm.score_continuation("the", ["unheard", "baker"]),
}


@pytest.mark.parametrize("direction", ["forward", "both"])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_whatever_the_network_computes_keeps_forks_waiting(call, direction, gate):
    options = {"min_count": 2, "cache_window": 5, "annotations": ["log_probs", "entropy", "rank"]}
    nlp = make_random(model={"speller_width": 6, "direction": direction}, **options)
    lm = nlp.get_pipe("rnn_lm")
    with Watch(gate) as watch:
        call(nlp, lm)
    assert len(watch.found) > 1
    assert not [name for name, inside in watch.found if not inside]
