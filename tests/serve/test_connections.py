"""Clients that say nothing, little or too much, over real connections, beside others."""

import asyncio
import json
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest

from spacy_rnn.serve.connections import WatchedProtocol
from spacy_rnn.serve.limits import ServeLimits
from spacy_rnn.serve.served_model import ServedModel

from .conftest import error_of, run_server

LIMITS = {"header_seconds": 0.4, "body_seconds": 0.4, "take_seconds": 0.4, "connections": 8}
HEAD = b"POST /api/next HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def model(pipelines, lms):
    made = ServedModel("zh", pipelines["zh"], lms["zh"], ServeLimits(**LIMITS))
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(model):
    return run_server([model], model.limits)


def connect(address, first=b""):
    place = urlsplit(address)
    connection = socket.create_connection((place.hostname, place.port), timeout=60)
    connection.sendall(first)
    return connection


def read_all(connection):
    """RETURNS (bytes): What comes until the server closes the connection."""
    parts = []
    try:
        while part := connection.recv(2**16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def ask(address):
    return httpx.post(f"{address}api/next", json={"text": "猫"}, timeout=60)


def test_connections_that_send_nothing_make_room_for_others_and_are_closed(address):
    idle = [connect(address) for _ in range(3 * LIMITS["connections"])]
    assert ask(address).status_code == 200
    for connection in idle:
        assert read_all(connection) == b""
        connection.close()


def test_a_header_that_comes_a_byte_a_time_is_told_and_others_go_on(address):
    slow = connect(address)
    for letter in HEAD[:60]:
        try:
            slow.sendall(bytes([letter]))
        except OSError:
            break
        assert ask(address).status_code == 200
        time.sleep(0.02)
    head, _, body = read_all(slow).partition(b"\r\n\r\n")
    slow.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    assert json.loads(body)["code"] == "R849"


def test_the_second_header_of_a_connection_has_its_time_too(address):
    body = b'{"text": ""}'
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    connection = connect(address, request)
    answer = connection.recv(2**16)
    assert answer.startswith(b"HTTP/1.1 200 ")
    connection.sendall(HEAD[:10])
    assert b"HTTP/1.1 408 " in read_all(connection)
    connection.close()


def test_bodies_that_do_not_come_make_room_for_others(address):
    waiting = [
        connect(address, HEAD + b"Content-Length: 100\r\n\r\n{")
        for _ in range(2 * LIMITS["connections"])
    ]
    assert ask(address).status_code == 200
    found = [read_all(connection) for connection in waiting]
    for connection in waiting:
        connection.close()
    assert {answer[:12] for answer in found} <= {b"", b"HTTP/1.1 408"}
    assert any(b"R849" in answer for answer in found)


@pytest.mark.slow
@pytest.mark.parametrize("more", [b"", b"P"], ids=["silent", "goes_on_asking"])
def test_who_takes_nothing_of_a_long_answer_is_cut_off(address, monkeypatch, more):
    made = []

    def endless(*_):
        while True:
            made.append(1)
            yield "0" * 2**16

    monkeypatch.setattr("spacy_rnn.serve.application.trace_to_json", endless)
    body = b'{"text": "a"}'
    request = HEAD.replace(b"next", b"trace") + b"Content-Length: %d\r\n\r\n" % len(body) + body
    full, lost = threading.Event(), []
    pause, lose = WatchedProtocol.pause_writing, WatchedProtocol.connection_lost
    monkeypatch.setattr(WatchedProtocol, "pause_writing", lambda self: pause(self) or full.set())
    monkeypatch.setattr(
        WatchedProtocol, "connection_lost", lambda *args: lost.append(port_of(*args)) or lose(*args)
    )
    slow = connect(address, request)
    assert full.wait(60)
    with suppress(OSError):  # a busy machine may have cut it off already
        slow.sendall(more)
    assert ask(address).status_code == 200
    until(lambda: slow.getsockname()[1] in lost, 20)
    assert is_still(made)
    # what is on its way can still be read, then it is over
    assert len(read_all(slow)) < 100 * 2**16
    slow.close()


def port_of(connection, _):
    return connection.client[1]


def until(found, seconds=60):
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_still(made):
    """RETURNS (bool): Whether nothing more is made for longer than a client may take."""
    before = len(made)
    time.sleep(2 * LIMITS["take_seconds"])
    return len(made) == before


def test_who_has_gone_is_not_answered(address, model, monkeypatch):
    asked, end = [], threading.Event()
    complete = ServedModel.complete

    def slowly(self, text, *args):
        asked.append(text)
        end.wait(20)
        return complete(self, text, *args)

    calls, thread = [], model._turns._thread
    submit = thread.submit
    monkeypatch.setattr(thread, "submit", lambda *args: calls.append(submit(*args)) or calls[-1])

    def count_waiting():
        return sum(not call.running() and not call.done() for call in calls)

    monkeypatch.setattr(ServedModel, "complete", slowly)

    async def run():
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:

            def post(text):
                return asyncio.create_task(client.post("/api/complete", json={"text": text}))

            first = post("猫")
            while not asked:
                await asyncio.sleep(0.01)
            # a key a time: each ends what the one before it asked
            for length in range(2, 5):
                typed = post("猫看着雨。"[:length])
                while not count_waiting():
                    await asyncio.sleep(0.01)
                typed.cancel()
                while count_waiting():
                    await asyncio.sleep(0.01)
            last = post("猫看着雨。")
            end.set()
            return await asyncio.gather(first, last)

    first, last = asyncio.run(run())
    assert first.status_code == last.status_code == 200
    assert asked == ["猫", "猫看着雨。"]


def test_more_requests_than_allowed_are_told(pipelines, lms):
    limits = ServeLimits(requests=2)
    model = ServedModel("zh", pipelines["zh"], lms["zh"], limits)
    address = run_server([model], limits)

    async def run():
        async with httpx.AsyncClient(base_url=address, timeout=60) as client:
            writing = {"text": "猫", "max_tokens": 1000, "excluded": ["</s>"]}
            requests = [client.build_request("POST", "/api/generate", json=writing)] * 2
            streams = [await client.send(request, stream=True) for request in requests]
            refused = await client.post("/api/next", json={"text": ""})
            for stream in streams:
                await stream.aclose()
            while (again := await client.post("/api/next", json={"text": ""})).status_code == 503:
                await asyncio.sleep(0.01)
            return refused, again

    refused, again = asyncio.run(run())
    model.close()
    status, code, _ = error_of(refused)
    assert (status, code) == (503, "R865")
    assert again.status_code == 200
