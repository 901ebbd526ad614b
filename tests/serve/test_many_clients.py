"""Sixteen clients type while others misbehave, as `benchmarks/serve_load.py` measures it."""

import asyncio
import json

import httpx
import numpy as np
import pytest

from spacy_rnn.serve.limits import ServeLimits
from spacy_rnn.serve.served_model import ServedModel

from .conftest import error_of, flat, run_server

pytestmark = pytest.mark.slow

CLIENTS, KEYS = 16, 13
HEAD = b"POST /api/next HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def model(pipelines, lms):
    limits = ServeLimits(header_seconds=1, body_seconds=1, take_seconds=1, connections=100)
    made = ServedModel("zh", pipelines["zh"], lms["zh"], limits)
    yield made
    made.close()


@pytest.fixture(scope="module")
def address(model):
    return run_server([model], model.limits)


async def type_text(client, number, text):
    """Ask what the page asks, a character a time.

    RETURNS (List): The answers to the last key.
    """
    for end in range(1, len(text) + 1):
        body = {"text": text[:end], "session": f"client {number}"}
        questions = {"complete": {"k": 5}, "next": {"k": 4}, "score": {"last": 300}}
        asked = [
            client.post(f"/api/{question}", json={**body, **options})
            for question, options in questions.items()
        ]
        if end % 3 == 0:  # overtaken by the next key
            overtaken = [asyncio.create_task(each) for each in asked]
            await asyncio.sleep(0.01)
            for task in overtaken:
                task.cancel()
            continue
        found = await asyncio.gather(*asked)
        assert [answer.status_code for answer in found] == [200] * 3
    return [answer.json() for answer in found]


async def send_raw(address, *parts):
    """Send parts, a tenth of a second between them.

    RETURNS (bytes): What comes back until the server closes the connection.
    """
    url = httpx.URL(address)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.1)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def misbehave(address, client):
    """RETURNS (Dict[str, List]): The answers, by what was sent."""
    json_type = {"Content-Type": "application/json"}
    idle = [asyncio.create_task(send_raw(address)) for _ in range(150)]
    trickles = [send_raw(address, *(bytes([letter]) for letter in HEAD[:40])) for _ in range(10)]
    halves = [send_raw(address, HEAD + b"Content-Length: 9\r\n\r\n{") for _ in range(10)]
    sent = {
        "megabyte": [client.post("/api/score", json={"text": "a" * 10**6}) for _ in range(5)],
        "broken": [
            client.post("/api/score", content=b'{"text": ', headers=json_type) for _ in range(20)
        ],
        "foreign": [
            client.post("/api/score", json={"text": ""}, headers={"Origin": "http://evil.example"})
            for _ in range(20)
        ],
        "headers": trickles,
        "bodies": halves,
    }
    found = {name: await asyncio.gather(*each) for name, each in sent.items()}
    found["idle"] = await asyncio.gather(*idle)
    return found


def test_sixteen_clients_type_while_others_misbehave(address, model):
    text = "猫看着雨。鸟追云!狗看" * 20
    texts = [text[3 * number : 3 * number + KEYS] for number in range(CLIENTS)]

    async def run():
        limits = httpx.Limits(max_connections=60)
        options = {"base_url": address, "timeout": 120, "limits": limits}
        async with httpx.AsyncClient(**options) as typing, httpx.AsyncClient(**options) as others:
            bad = asyncio.create_task(misbehave(address, others))
            typed = [type_text(typing, number, each) for number, each in enumerate(texts)]
            return await asyncio.gather(*typed), await bad

    typed, bad = asyncio.run(run())
    for each, answers in zip(texts, typed, strict=True):
        expected = [
            model.complete(each, None, 5),
            model.next(each, None, "", 4),
            model.score(each, None, 300),
        ]
        assert flat(answers, str) == flat(expected, str)
        np.testing.assert_allclose(flat(answers, float), flat(expected, float), 1e-4, 1e-5)
    assert {error_of(answer)[:2] for answer in bad["megabyte"]} == {(413, "R843")}
    assert {error_of(answer)[:2] for answer in bad["broken"]} == {(400, "R844")}
    assert {error_of(answer)[:2] for answer in bad["foreign"]} == {(403, "R842")}
    assert set(bad["idle"]) == {b""}
    # where a hundred others asked to be let in, some got no answer
    for name in ("headers", "bodies"):
        answers = [answer.partition(b"\r\n\r\n") for answer in bad[name] if answer]
        assert all(head.startswith(b"HTTP/1.1 408") for head, _, _ in answers)
        assert {json.loads(body)["code"] for _, _, body in answers} <= {"R849"}
