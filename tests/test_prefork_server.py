"""The example of a web service: workers that were forked after loading answer requests, and end."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import spacy

from .helpers import ROOT, chinese_texts, make_trained

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork"),
]
SECONDS, WORKERS = 60, 3


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Wide enough that torch uses its threads."""
    path = tmp_path_factory.mktemp("service") / "model"
    texts = chinese_texts("train")
    make_trained(texts, lang="zh", model={"width": 128, "speller_width": 16}).to_disk(path)
    return path


CODE = """
import sys
sys.path.insert(0, "examples")
import prefork_server as example
{settings}
sys.exit(example.main())
"""


def start(model, port=0, **constants):
    """RETURNS (Tuple[Popen, int]): The service, in a session of its own, and its port."""
    settings = "\n".join(f"example.{name} = {value}" for name, value in constants.items())
    program = [sys.executable, "-W", "ignore", "-c", CODE.format(settings=settings), str(model)]
    program += ["--port", str(port), "--workers", str(WORKERS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "4"}
    options = {"stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    service = subprocess.Popen(program, cwd=ROOT, env=environment, **options)
    address = service.stdout.readline()
    assert address.startswith("http://127.0.0.1:"), address
    return service, int(address.rpartition(":")[2].strip("/\n"))


@pytest.fixture
def service(model):
    service, port = start(model)
    yield service, port
    with contextlib.suppress(ProcessLookupError):
        os.killpg(service.pid, signal.SIGKILL)
    service.communicate()


def post(port, body, **headers):
    """RETURNS (Tuple[int, Any]): Status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    connection.request("POST", "/", body=body, headers=headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_many_requests_at_once_get_what_the_pipeline_says(service, model):
    _, port = service
    nlp = spacy.load(model)
    texts = [
        *chinese_texts("test"),
        *chinese_texts("dev"),
        "新词犇犇 and Latin words",
        "我爱北京\n",
    ]
    expected = [nlp(text) for text in texts]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda i: post(port, texts[i % len(texts)].encode()), range(200)))
    for number, (status, answer) in enumerate(answers):
        doc = expected[number % len(texts)]
        assert status == 200
        assert answer["surprisal"] == pytest.approx(doc._.rnn_surprisal, rel=1e-5)
        assert [word for word, _ in answer["words"]] == [token.text for token in doc]
        bits = [token._.rnn_surprisal for token in doc]
        assert [b for _, b in answer["words"]] == pytest.approx(bits, rel=1e-5, abs=1e-5)
    assert len({answer["worker"] for _, answer in answers}) > 1


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_sigterm_ends_all_processes_after_the_answers_under_way(service):
    process, port = service
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as client:
        body = "妹妹喜欢苹果。".encode()
        client.sendall(b"POST / HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body))
        time.sleep(0.5)  # a worker has the connection, and waits for the text
        process.send_signal(signal.SIGTERM)
        client.sendall(body)
        assert b" 200 " in client.makefile("rb").readline()
    assert process.wait(SECONDS) == 0
    assert not alive(process.pid)
    with pytest.raises(ConnectionRefusedError):
        post(port, b"x")


def test_a_worker_that_dies_ends_the_service(service):
    process, port = service
    os.kill(post(port, "我爱".encode())[1]["worker"], signal.SIGKILL)
    assert process.wait(SECONDS) == 1
    assert not alive(process.pid)


def wait_until_ended(group):
    for _ in range(SECONDS * 10):
        if not alive(group):
            return
        time.sleep(0.1)
    raise AssertionError("processes are still there")


def test_workers_end_with_their_parent_and_the_port_is_free(model):
    process, port = start(model)
    assert post(port, "我爱".encode())[0] == 200
    process.kill()
    process.communicate()
    wait_until_ended(process.pid)
    again, same = start(model, port)
    try:
        assert same == port
        assert post(port, "我爱".encode())[0] == 200
    finally:
        again.terminate()
        assert again.wait(SECONDS) == 0
        again.communicate()


def drip(port, ended):
    """A client that sends a byte now and then, and never ends."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST / HTTP/1.0\r\nContent-Length: 900\r\n\r\n")
        with contextlib.suppress(OSError):
            while not ended.wait(0.2):
                client.sendall(b"x")


@pytest.mark.parametrize(
    "constants",
    [{"REQUEST_SECONDS": 1}, {"REQUEST_SECONDS": 1000, "SHUTDOWN_SECONDS": 1}],
    ids=["request", "shutdown"],
)
def test_slow_clients_do_not_keep_the_service_from_ending(model, constants):
    process, port = start(model, **constants)
    ended = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        try:
            for _ in range(5):
                pool.submit(drip, port, ended)
            assert post(port, "我爱".encode())[0] == 200
            process.terminate()
            assert process.wait(SECONDS) == 0
            assert not alive(process.pid)
        finally:
            ended.set()
            process.kill()
            process.communicate()
