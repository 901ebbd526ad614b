"""Clients that type at once on `python -m spacy rnn serve`, as its page asks for them.

python benchmarks/serve_load.py path/to/model path/to/text.txt

The server runs on one core, the clients on the others. Each client types a part of the text of its
own, after some that is there already. As the page does, it waits 60 ms after a key; then it asks
for completions, next words and the surprisal at once, in its own session. The next key ends what
isn't answered yet, by closing the connection.

Milliseconds from asking to the last of the three answers, of the keys that were answered before
the next one: median and 99th percentile. Keys that another one overtook are counted apart, and so
are errors. CPU seconds and memory (Linux) are those of the server.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import numpy as np
import typer

# Of the page: seconds between a key and its questions, and what it asks.
PAUSE = 0.06
QUESTIONS = {"complete": {"k": 5}, "next": {"k": 8}, "score": {"last": 300}}


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    text: Path = typer.Argument(help="What is typed"),
    clients: int = typer.Option(16, help="How many type"),
    seconds: float = typer.Option(60.0, help="How long"),
    keys: float = typer.Option(3.0, help="Keys a second of each"),
    before: int = typer.Option(300, help="Characters that are there when a client begins"),
) -> None:
    """Print times, errors, CPU seconds and memory."""
    typed = "".join(text.read_text(encoding="utf8").split())
    counts = Counts()
    with serve(model) as (process, address):
        held = memory(process, "VmRSS")
        used = cpu_seconds(process)
        asyncio.run(type_all(address, typed, clients, seconds, keys, before, counts))
        used = cpu_seconds(process) - used
        peak, end = memory(process, "VmHWM"), memory(process, "VmRSS")
    middle, late = (float(np.percentile(counts.times or [np.nan], share)) for share in (50, 99))
    print(f"{clients} clients, {counts.keys:,} keys in {seconds:.0f} s")
    print(f"  answered before the next key: {len(counts.times):,}; overtaken: {counts.overtaken:,}")
    print(f"  median {middle:.0f} ms, 99% {late:.0f} ms")
    print(f"  errors: {len(counts.errors)} {sorted(set(counts.errors))[:5]}")
    print(f"  CPU {used:.1f} s; memory before {held:.0f}, highest {peak:.0f}, after {end:.0f} MB")
    figures = {"keys": counts.keys, "answered": len(counts.times), "overtaken": counts.overtaken}
    figures |= {"errors": len(counts.errors), "median_ms": round(middle), "late_ms": round(late)}
    figures |= {"cpu_ms_a_key": round(1000 * used / max(1, counts.keys), 1)}
    print(json.dumps({**figures, "peak_mb": round(peak), "grown_mb": round(end - held)}))


@dataclass
class Counts:
    """What all clients saw."""

    keys: int = 0
    overtaken: int = 0
    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Connections:
    """The connections of one client, kept for its next questions as a browser keeps them."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, question: str, body: dict[str, object]) -> None:
        """Ask, and read the answer. Who is cancelled closes the connection.

        RAISES (OSError): For an answer that is an error.
        """
        while self._free and (self._free[-1][0].at_eof() or self._free[-1][1].is_closing()):
            self._free.pop()[1].close()
        place = self._address
        reader, writer = (
            self._free.pop()
            if self._free
            else await asyncio.open_connection(place.hostname, place.port)
        )
        try:
            content = json.dumps(body).encode()
            head = f"POST /api/{question} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(head.encode() + content)
            status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().splitlines()
            headers = dict(line.split(": ", 1) for line in lines if line)
            answer = await reader.readexactly(int(headers["content-length"]))
        except BaseException:
            writer.close()
            raise
        self._free.append((reader, writer))
        if " 200 " not in status:
            raise OSError(answer.decode())

    def close(self) -> None:
        """Close those that nobody uses."""
        for _, writer in self._free:
            writer.close()


async def type_all(
    address: str,
    text: str,
    clients: int,
    seconds: float,
    keys: float,
    before: int,
    counts: Counts,
) -> None:
    """Let all clients type."""
    length = before + round(seconds * keys * 2)
    if len(text) < length:
        raise SystemExit(f"a client needs {length:,} characters; the text has {len(text):,}")
    end = perf_counter() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            start = (len(text) - length) * number // max(1, clients - 1)
            part = text[start : start + length]
            group.create_task(type_one(address, part, before, keys, end, number, counts))


async def type_one(
    address: str, text: str, place: int, keys: float, end: float, number: int, counts: Counts
) -> None:
    """Type one text, a character a key."""
    draw = random.Random(number)
    connections = Connections(address)
    asking: asyncio.Task[None] | None = None
    await asyncio.sleep(draw.random() / keys)
    while perf_counter() < end:
        if asking and not asking.done():
            asking.cancel()
            counts.overtaken += 1
        place += 1
        counts.keys += 1
        asking = asyncio.create_task(ask_all(connections, text[:place], f"client {number}", counts))
        await asyncio.sleep(draw.uniform(0.5, 1.5) / keys)
    if asking:
        await asyncio.wait([asking])
    connections.close()


async def ask_all(connections: Connections, text: str, session: str, counts: Counts) -> None:
    """Ask what the page asks after a key."""
    await asyncio.sleep(PAUSE)
    start = perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            for question, options in QUESTIONS.items():
                body = {"text": text, "session": session, **options}
                group.create_task(connections.ask(question, body))
    except ExceptionGroup as group:
        counts.errors += [repr(error) for error in group.exceptions]
    else:
        counts.times.append(1000 * (perf_counter() - start))


@contextmanager
def serve(model: Path) -> Iterator[tuple[int, str]]:
    """YIELDS (Tuple[int, str]): The process and the address of a server on one core."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])  # the server inherits it
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-m", "spacy", "rnn", "serve", str(model), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        assert server.stdout is not None
        yield server.pid, server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        os.sched_setaffinity(0, cores)


def memory(process: int, name: str) -> float:
    """RETURNS (float): MB of a process, now ("VmRSS") or at most ("VmHWM")."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    (line,) = (line for line in lines if line.startswith(name))
    return int(line.split()[1]) / 1024


def cpu_seconds(process: int) -> float:
    """RETURNS (float): Seconds that a process has used, of all its threads."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    typer.run(main)
