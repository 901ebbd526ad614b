"""Hostile and odd input: other cases at every run.

A run draws a tenth of them. SPACY_RNN_FUZZ=1 makes it all, 50 fifty times as many, and then it is
said how many there were. SPACY_RNN_FUZZ_SEED=7 draws those of the run whose seed was 7.
"""

import atexit
import functools
import gzip
import io
import os
import pickle
import random
import signal
import subprocess
import sys
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

FACTOR = float(os.environ.get("SPACY_RNN_FUZZ", "0.1"))
# In the environment, so that the processes of one run agree.
SEED = int(os.environ.setdefault("SPACY_RNN_FUZZ_SEED", str(random.SystemRandom().getrandbits(32))))
_COUNTS = Counter()


def fuzz(cases, **strategies):
    """Run a test on so many drawn cases, or that share of them that the run makes."""
    count = max(1, round(cases * FACTOR))

    def decorate(test):
        @functools.wraps(test)
        def counted(*args, **kwargs):
            _COUNTS[test.__name__] += 1
            test(*args, **kwargs)

        options = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
        return settings(max_examples=count, **options)(seed(SEED)(given(**strategies)(counted)))

    return decorate


def _report():
    for name, count in sorted(_COUNTS.items()):
        print(f"{count:>9,} {name}")
    print(f"{_COUNTS.total():>9,} hostile cases")


if "SPACY_RNN_FUZZ" in os.environ:
    atexit.register(_report)


# -- texts

ODD = "\0\t\n\r\x0b\x0c\x1c\x7f\x85\xa0\xad\u061c\u200b\u200d\u200e\u200f\u2028\u202e\u2060"
ODD += "\u2066\u2069\u3000\ufeff\ufffd\ufffe\uffff\U0001f469\U000e0001\U000f0000\U0010ffff"
PIECES = [
    "我爱你",
    "北京",
    "the",
    "3.5",
    "a-b",
    "e\u0301",
    "\u05d0\u05d1",
    "👩‍🔬",
    "<unk>",
    "</s>",
    "<b>&",
]
TEXTS = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from([*ODD, *PIECES, " ", "  "]),
        st.builds(lambda text, times: text * times, st.text(max_size=2), st.integers(1, 60)),
    ),
    max_size=8,
).map("".join)


# -- damages

_CHANGES = st.tuples(
    st.sampled_from(["flip", "set", "cut", "insert", "remove", "double"]),
    st.floats(0, 1, exclude_max=True),
    st.binary(min_size=1, max_size=9),
)


def damaged(data):
    """Bytes with one to five changes."""
    return st.lists(_CHANGES, min_size=1, max_size=5).map(lambda changes: _change(data, changes))


def _change(data, changes):
    changed = bytearray(data)
    for kind, where, value in changes:
        place = int(where * len(changed))
        if kind == "flip" and changed:
            changed[place] ^= 1 << (value[0] % 8)
        elif kind == "set":
            changed[place : place + len(value)] = value
        elif kind == "cut":
            del changed[place:]
        elif kind == "insert":
            changed[place:place] = value
        elif kind == "remove":
            del changed[place : place + value[0]]
        elif kind == "double":
            changed[place:place] = changed[place : place + value[0]]
    return bytes(changed)


def flipped(data, place, bit):
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    return bytes(changed)


# -- code in files


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def traps(path):
    """Files that would run code wherever somebody unpickles them: by kind."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Trap(path)))
        file.writestr("archive/version", "3\n")
    every = {f"protocol {number}": pickle.dumps(Trap(path), number) for number in range(6)}
    every["zip of torch.save"] = archive.getvalue()
    every["gzip"] = gzip.compress(pickle.dumps(Trap(path)))
    return every


# -- time and memory


@contextmanager
def no_hang(seconds=60):
    """Stop what waits for ever."""

    def stop(*args):
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


_MEASURED = """
import resource, sys
def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
{prepare}
_start = used()
with open("/proc/self/statm") as file:
    limit = int(file.read().split()[0]) * resource.getpagesize() + ({megabytes} << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
{run}
print("MB more:", used() - _start)
"""


def run_within(megabytes, prepare, run, *args, seconds=200):
    """Run code in a process that can have only so much more memory after its preparation.

    RETURNS (List[str]): The lines that it prints, and the last one says how much it took.
    """
    code = _MEASURED.format(prepare=prepare, run=run, megabytes=megabytes)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, args)],
        capture_output=True,
        text=True,
        encoding="utf8",
        timeout=seconds,
        cwd=Path(__file__).parents[1],
        env={key: value for key, value in os.environ.items() if key != "SPACY_RNN_FUZZ"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
