"""What one worker of `examples/prefork_server.py` answers, in this process."""

import contextlib
import http.client
import importlib.util
import json
import os
import socket
import struct
import threading
import time

import pytest

from .helpers import CHINESE, ROOT, make_trained

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
SECONDS = 60


@pytest.fixture(scope="module")
def example():
    path = ROOT / "examples" / "prefork_server.py"
    spec = importlib.util.spec_from_file_location("prefork_server", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def nlp():
    return make_trained(CHINESE, lang="zh", annotations=["log_probs"])


@pytest.fixture(scope="module")
def port(example, nlp):
    example.Handler.nlp = nlp
    server = example.Server(socket.create_server(("127.0.0.1", 0), backlog=128))
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def post(port, body, **headers):
    """RETURNS (Tuple[int, Any]): Status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("POST", "/", body=body, headers=headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def ask(port, request):
    """RETURNS (bytes): What comes back for a request that is sent as it is."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return client.makefile("rb").read()


def test_a_text_is_scored(port, nlp):
    status, answer = post(port, "猫看着雨。".encode())
    doc = nlp("猫看着雨。")
    assert status == 200
    assert answer["surprisal"] == pytest.approx(doc._.rnn_surprisal, rel=1e-5)
    assert [word for word, _ in answer["words"]] == [token.text for token in doc]


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"", {}, "empty"),
        (b" \n\t", {}, "empty"),
        ("我爱".encode("gb18030"), {}, "UTF-8"),
        ("\ud800".encode("utf-8", "surrogatepass"), {}, "UTF-8"),
        (b"x" * 10_000_000, {}, "parts"),
        (iter([b"3\r\nabc\r\n0\r\n\r\n"]), {"Transfer-Encoding": "chunked"}, "chunks"),
        (b"3\r\nabc\r\n0\r\n\r\n", {"Transfer-Encoding": "chunked"}, "chunks"),
        (b"abc", {"Content-Length": "-3"}, "number of bytes"),
        (b"abc", {"Content-Length": "+3"}, "number of bytes"),
        (b"abc", {"Content-Length": "3, 3"}, "number of bytes"),
        (b"abc", {"Content-Length": "٣".encode()}, "number of bytes"),
        (b"abc", {"Content-Length": "9" * 5000}, "parts"),
    ],
    ids=[
        *(
            "nothing",
            "spaces",
            "gb18030",
            "surrogate",
            "too-long",
            "chunked",
            "chunked-with-length",
        ),
        *("negative", "sign", "twice", "arabic", "5000-digits"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(port, body, headers, said):
    status, answer = post(port, body, **headers)
    assert status == 400 and said in answer["error"]
    # and the worker goes on
    assert post(port, "猫".encode())[0] == 200


def test_leading_zeros_are_no_number_of_their_own(port):
    status, answer = post(port, "猫".encode(), **{"Content-Length": "0" * 6000 + "3"})
    assert (status, answer["words"][0][0]) == (200, "猫")


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (b"Content-Length: 100\r\n\r\nabc", b"shorter"),
        (b"\r\nabc", b"Content-Length"),
        (b"Content-Length: 3\r\nContent-Length: 2\r\n\r\nabc", b"one Content-Length"),
        (
            b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            b"chunks",
        ),
    ],
)
def test_bodies_without_one_clear_length_are_bad_requests(port, request_, said):
    answer = ask(port, b"POST / HTTP/1.0\r\n" + request_)
    assert b" 400 " in answer.splitlines()[0] and said in answer


def test_connections_that_send_nothing_delay_nobody(port):
    with contextlib.ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(8)
        ]
        assert post(port, "猫".encode())[0] == 200
        for client in silent:  # nobody waited until they were dropped
            client.setblocking(False)
            with pytest.raises(BlockingIOError):
                client.recv(1)


@pytest.mark.parametrize(
    "beginning", [b"POST / HT", b"POST / HTTP/1.0\r\nContent-Length: 500\r\n\r\n"]
)
def test_a_request_that_never_ends_is_dropped(port, example, monkeypatch, beginning):
    monkeypatch.setattr(example, "REQUEST_SECONDS", 0.4)
    with socket.create_connection(("127.0.0.1", port), timeout=0.1) as client:
        client.sendall(beginning)
        for _ in range(300):
            try:
                client.sendall(b"x")
                if client.recv(100) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("the connection is still open")


def test_clients_that_leave_print_nothing(port, capfd):
    requests = [b"", b"POST /", b"POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n\xe7"]
    requests.append(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n" + "猫".encode())
    requests.append(b"POST / HTTP/1.0\r\nContent-Length: nine\r\n\r\n" + b"x" * 100_000)
    for request in requests:
        for reset in (False, True):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(request)
                if reset:  # close with RST: the next that the server sends or reads is an error
                    linger = struct.pack("ii", 1, 0)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert post(port, "猫".encode())[0] == 200
    while threading.active_count() > 2 and any(
        "process_request" in thread.name for thread in threading.enumerate()
    ):
        time.sleep(0.01)
    assert capfd.readouterr().err == ""


def test_an_error_of_the_pipeline_is_told(port, example, monkeypatch):
    class Broken:
        def memory_zone(self):
            return contextlib.nullcontext()

        def __call__(self, text):
            raise ValueError("the weights are damaged")

    monkeypatch.setattr(example.Handler, "nlp", Broken())
    assert post(port, b"x") == (500, {"error": "the weights are damaged"})
