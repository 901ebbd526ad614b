"""What isn't answered has one clear message, and others are answered meanwhile."""

import asyncio
import json
import re
import threading

import httpx
import pytest

from spacy_rnn.serve.limits import ServeLimits
from spacy_rnn.serve.served_model import ServedModel

from ..helpers import make_pipeline
from .conftest import HERE, error_of, events_of


def post(client, **options):
    return client.send("POST", "/api/next", **{"json": {"text": ""}, **options})


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost@evil", "", "["],
)
@pytest.mark.parametrize("path", ["/api/models", "/", "/openapi.json"])
def test_a_name_that_is_not_the_servers_is_refused(client, host, path):
    status, code, message = error_of(client.send("GET", path, headers={"Host": host}))
    assert (status, code) == (421, "R841") and "127.0.0.1" in message


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:81", "127.0.0.1", "[::1]:8000", "10.0.0.7", "my.host:9"]
)
def test_the_servers_own_names_are_answered(serve, host):
    found = serve(["My.host"]).send("GET", "/api/models", headers={"Host": host})
    assert found.status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9000", "null", "file://", "http://[", ""]
)
def test_a_page_from_elsewhere_is_refused(client, origin):
    for answer in (
        post(client, headers={"Origin": origin}),
        client.send("GET", "/api/models", headers={"Origin": origin}),
        # what a browser asks before a request of a foreign page
        client.send("OPTIONS", "/api/next", headers={"Origin": origin}),
    ):
        assert error_of(answer)[:2] == (403, "R842")
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_an_image_of_a_foreign_page_makes_the_server_do_nothing(client, monkeypatch, site):
    drawn = []
    monkeypatch.setattr(ServedModel, "draw", lambda *_: drawn.append(_) or "")
    headers = {"Sec-Fetch-Site": site}
    for path in ("/api/picture", "/api/models"):
        answer = client.send("GET", path, params={"text": "猫"}, headers=headers)
        assert error_of(answer)[:2] == (403, "R842")
    assert not drawn
    # a link to the page itself may stand anywhere
    assert client.send("GET", "/", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_servers_own_page_and_the_address_bar_may_ask_for_pictures(client, site):
    options = {"params": {"model": "en", "text": "a cat"}, "headers": {"Sec-Fetch-Site": site}}
    assert client.send("GET", "/api/picture", **options).status_code == 200


def test_the_servers_own_page_is_answered(client):
    assert post(client, headers={"Origin": HERE}).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_foreign_form_can_send_is_refused(client, kind):
    answer = post(client, json=None, content=b'{"text": ""}', headers={"Content-Type": kind})
    assert error_of(answer)[:2] == (415, "R851")


@pytest.mark.parametrize(
    "body, status, code",
    [
        (b"", 422, "R845"),
        (b'{"text": ', 400, "R844"),
        (b"\xff\xfe", 400, "R844"),
        (b"[1]", 422, "R845"),
        (b'"text"', 422, "R845"),
        (b'{"text": 7}', 422, "R845"),
        (b'{"text": null}', 422, "R845"),
        (b'{"text": "\\ud800"}', 422, "R845"),
        (b'{"text": "", "model": "\\ud800"}', 422, "R845"),
        (b'{"text": "", "prefix": "\\udfff"}', 422, "R845"),
        (b'{"txet": ""}', 422, "R845"),
        (b'{"text": "", "k": 0}', 422, "R845"),
        (b'{"text": "", "k": 1e9}', 422, "R845"),
        (b'{"text": "", "k": "5"}', 422, "R845"),
        (b'{"text": "", "k": NaN}', 422, "R845"),
        (b'{"text": "", "model": "none"}', 404, "R848"),
        (b'{"text": "", "session": ""}', 422, "R845"),
        (b'{"text": "", "k": 100}', 400, "R308"),
        (b"[" * 50_000, 400, "R844"),
    ],
)
def test_a_broken_request_has_one_clear_message(client, body, status, code):
    headers = {"Content-Type": "application/json"}
    answer = post(client, json=None, content=body, headers=headers)
    found = error_of(answer)
    assert found[:2] == (status, code), found
    assert len(found[2]) < 400


@pytest.mark.parametrize(
    "options",
    [
        {"temperature": -1},
        {"temperature": "1"},
        {"top_p": 0},
        {"top_k": -1},
        {"max_tokens": 10**6},
        {"seed": 2**63},
        {"repetition_penalty": 0.5},
        {"excluded": "的"},
        {"excluded": [1]},
    ],
)
def test_an_option_out_of_range_is_named(client, options):
    status, code, message = client.fail("generate", text="", **options)
    assert (status, code) == (422, "R845") and next(iter(options)) in message


def test_a_text_that_leaves_no_word_to_write_is_an_error_before_anything_is_sent(client, lms):
    words = [*lms["en"].vocabulary.words]
    assert client.fail("generate", model="en", text="", excluded=words)[:2] == (400, "R830")


def test_a_text_that_is_too_long_is_refused(serve):
    client = serve(text_chars=10, trace_tokens=3)
    assert client.ask("score", text="猫" * 10)
    for question in ("score", "next", "complete", "generate", "trace"):
        assert client.fail(question, text="猫" * 11)[:2] == (413, "R846")
    assert client.fail("trace", model="en", text="a b c d")[:2] == (413, "R855")


def test_a_trace_of_too_many_numbers_says_how_many_fit(serve):
    client = serve(trace_numbers=200)
    body = {"model": "en", "text": "the baker paints two doors"}
    status, code, message = client.fail("trace", **body)
    assert (status, code) == (413, "R866")
    units = int(re.search(r"`units`: (\d+)", message)[1])
    found = client.ask("trace", **body, units=units)
    assert 0 < count_numbers(found) <= 200
    assert client.fail("trace", **body, units=units + 1)[:2] == (413, "R866")


def count_numbers(trace):
    steps = trace["steps"]
    layers = [layer for step in steps for layer in step["layers"]]
    vectors = [step["embedding"] for step in steps] + [layer["h"] for layer in layers]
    vectors += [layer["c"] for layer in layers if layer["c"]]
    vectors += [gate for layer in layers for gate in layer["gates"].values()]
    return sum(map(len, vectors))


def test_a_picture_that_cannot_be_drawn_has_a_message(client):
    for query, status, code in (
        ({"text": "a " * 300}, 413, "R855"),
        ({"text": "a", "style": "x"}, 422, "R845"),
        ({"style": "steps"}, 422, "R845"),
    ):
        answer = client.send("GET", "/api/picture", params={"model": "en", **query})
        assert error_of(answer)[:2] == (status, code)


def test_a_body_of_a_megabyte_is_refused(client):
    for options in (
        {"json": {"text": "a" * 10**6}},
        # without a length that says so
        {"json": None, "content": chunks(b"a" * 1000, 1000)},
        {"json": None, "content": b"a", "headers": {"Content-Length": str(10**12)}},
    ):
        options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        assert error_of(post(client, **options))[:2] == (413, "R843")
    assert post(client).status_code == 200


async def chunks(part, count):
    for _ in range(count):
        yield part


def test_the_longest_text_fits_into_a_body_however_it_is_escaped():
    limits = ServeLimits()
    text = "𠀀" * limits.text_chars  # two escapes each
    assert len(json.dumps({"text": text, "session": "s" * 64})) < limits.body_bytes


def test_a_slow_client_is_told_and_delays_nobody(serve):
    client = serve(body_seconds=0.5)

    async def trickle():
        yield b'{"text"'
        await asyncio.sleep(60)

    async def run():
        headers = {"Content-Type": "application/json"}
        async with client.connect() as connection:
            slow = asyncio.create_task(
                connection.post("/api/next", content=trickle(), headers=headers)
            )
            await asyncio.sleep(0)
            quick = await connection.post("/api/next", json={"text": ""})
            assert not slow.done()
            return quick, await slow

    quick, slow = asyncio.run(run())
    assert quick.status_code == 200
    assert error_of(slow)[:2] == (408, "R849")


def test_who_waits_too_long_for_a_turn_is_told(serve):
    client, end = serve(wait_seconds=0.05), threading.Event()

    async def run():
        async with client.connect() as connection:
            occupied = asyncio.create_task(client.models["zh"].turn(end.wait, 20))
            other = await connection.post("/api/next", json={"text": "", "model": "en"})
            waited = await connection.post("/api/next", json={"text": ""})
            end.set()
            await occupied
            return other, waited

    other, waited = asyncio.run(run())
    assert other.status_code == 200
    status, code, message = error_of(waited)
    assert (status, code) == (503, "R847") and "zh is busy" in message


@pytest.mark.slow
def test_a_long_text_that_is_written_leaves_turns_to_others(client):
    body = {"text": "猫", "max_tokens": 200, "excluded": ["</s>"]}

    async def run():
        async with client.connect() as connection:
            writing = asyncio.create_task(connection.post("/api/generate", json=body))
            await asyncio.sleep(0)
            answered = 0
            while not writing.done():
                answer = await connection.post("/api/next", json={"text": "猫"})
                answered += answer.status_code == 200
            return answered, writing.result()

    answered, writing = asyncio.run(run())
    assert answered > 5
    assert len(events_of(writing.text)) == 201


def test_closing_the_connection_stops_the_writing(client, lms, monkeypatch):
    drawn = []
    write_on = ServedModel.write_on

    def count(self, words):
        drawn.append(words)
        return write_on(self, words)

    monkeypatch.setattr(ServedModel, "write_on", count)
    body = json.dumps({"text": "猫", "max_tokens": 1000, "excluded": ["</s>"]}).encode()
    sent = []

    async def run():
        gone = asyncio.Event()
        requests = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            if requests:
                return requests.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if len(sent) == 5:
                gone.set()

        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/api/generate", "headers": headers}
        scope |= {"query_string": b"", "raw_path": b"/api/generate", "root_path": ""}
        scope |= {"scheme": "http", "server": ("localhost", 80), "client": ("localhost", 1)}
        await client.app(
            {**scope, "asgi": {"version": "3.0", "spec_version": "2.3"}}, receive, send
        )

    asyncio.run(run())
    assert 3 < len(drawn) < 20
    assert client.ask("next", text="猫")


def test_an_answer_that_takes_too_long_is_ended(serve):
    client = serve(request_seconds=0.3)
    body = {"text": "猫", "max_tokens": 1000, "excluded": ["</s>"]}

    async def run():
        async with client.connect() as connection:
            return await asyncio.wait_for(connection.post("/api/generate", json=body), 5)

    with pytest.raises((httpx.HTTPError, AssertionError)):
        asyncio.run(run())
    assert client.ask("next", text="猫")


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/api/none"),
        ("GET", "/../../x"),
        ("GET", "/static/none.js"),
        ("POST", "/"),
        ("GET", "/api/next"),
        ("DELETE", "/api/score"),
    ],
)
def test_what_is_not_there_has_a_message_too(client, method, path):
    options = {"json": {}} if method == "POST" else {}
    status, code, _ = error_of(client.send(method, path, **options))
    assert status in (404, 405) and code == "R854"


def test_a_mistake_of_the_server_is_told_without_its_inside(client, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(ServedModel, "next", fail)
    answer = post(client)
    assert error_of(answer)[:2] == (500, "R853") and "secret" not in answer.text
    assert client.ask("score", text="猫")


def test_a_mistake_amid_a_text_ends_it_and_is_logged(client, monkeypatch, caplog):
    write_on = ServedModel.write_on
    written = []

    def fail(self, words):
        written.append(write_on(self, words))
        if len(written) == 3:
            raise RuntimeError("secret")
        return written[-1]

    monkeypatch.setattr(ServedModel, "write_on", fail)
    answer = client.send("POST", "/api/generate", json={"text": "猫", "excluded": ["</s>"]})
    *words, (last, end) = events_of(answer.text)
    assert [data["text"] for _, data in words] == written[:2]
    assert (last, end["reason"], end["tokens"]) == ("end", "error", 2)
    assert end["error"]["code"] == "R853" and "secret" not in answer.text
    assert "RuntimeError: secret" in caplog.text
    assert client.ask("score", text="猫")


def test_every_answer_says_that_nothing_from_elsewhere_may_run(client):
    for answer in (
        client.send("GET", "/"),
        client.send("GET", "/docs/docs.js"),
        client.send("GET", "/api/none"),
        post(client),
        post(client, headers={"Origin": "http://evil.example"}),
    ):
        policy = answer.headers["content-security-policy"]
        rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
        assert rules["default-src"] == rules["frame-ancestors"] == "'none'"
        assert rules["script-src"] == rules["style-src"] == "'self'"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_model_that_reads_from_right_to_left_is_refused():
    nlp = make_pipeline(model={"direction": "backward"})
    with pytest.raises(ValueError, match="R852"):
        ServedModel("backward", nlp, nlp.get_pipe("rnn_lm"), ServeLimits())
