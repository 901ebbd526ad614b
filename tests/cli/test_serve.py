"""`rnn serve` as a process of its own."""

import json
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from spacy_rnn.cli.serve import _is_loopback

from .conftest import PROGRAM, fail


def test_what_is_missing_is_said_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "spacy_rnn.serve.running", raising=False)
    error = fail("serve", "nowhere")
    assert "R840" in error and "spacy-rnn[serve]" in error


def test_a_port_that_cannot_be_had_names_the_flag():
    error = " ".join(fail("serve", "nowhere", "--port", 10**6).split())
    assert "R850" in error and "--port" in error


def test_a_model_that_is_not_there_is_one_line(tmp_path):
    assert "E050" in fail("serve", tmp_path / "none", "--port", 0)


def test_a_backward_model_is_named(monkeypatch, tmp_path):
    from ..helpers import make_pipeline

    nlp = make_pipeline(model={"direction": "backward"})
    loaded = nlp, nlp.get_pipe("rnn_lm")
    monkeypatch.setattr("spacy_rnn.cli.serve.load_language_model", lambda *_, **__: loaded)
    assert "R852" in fail("serve", "right-to-left", "--port", 0)


@pytest.mark.parametrize(
    "address, expected",
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_an_address_is_of_this_machine_only_or_not(address, expected):
    assert _is_loopback(address) == expected


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_server_says_where_it_is_answers_and_ends(model, host):
    command = [*PROGRAM, "serve", model, model, "--port", "0", "--host", host]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            url = process.stdout.readline().strip()
            assert re.fullmatch(rf"http://{re.escape(host)}:\d+/", url), process.stderr.read()
            url = url.replace("0.0.0.0", "127.0.0.1")
            names = [each["name"] for each in ask(url + "api/models")["models"]]
            assert names == ["model", "model (2)"]
            one, other = (
                ask(url + "api/next", {"text": "the baker", "model": name}) for name in names
            )
            assert one["next"] == other["next"]
        finally:
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert ("W371" in errors) == (host == "0.0.0.0")


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
