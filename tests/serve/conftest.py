"""Served models, and a client that asks them in this process."""

import asyncio
import json
import threading

import httpx
import pytest
import spacy

from spacy_rnn.serve.application import make_app
from spacy_rnn.serve.limits import ServeLimits
from spacy_rnn.serve.running import listen, serve_app, url_of
from spacy_rnn.serve.served_model import ServedModel

from ..helpers import CHINESE, make_trained
from .chromium import Chromium
from .typing_page import choose

HERE = "http://127.0.0.1:8000"


class Client:
    """Asks an application as a program on this machine does."""

    def __init__(self, app):
        self.app = app

    def send(self, method, path, **options):
        """RETURNS (Response)."""

        async def run():
            async with self.connect() as client:
                return await client.request(method, path, **options)

        return asyncio.run(run())

    def connect(self):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=HERE)

    def ask(self, question, **body):
        """RETURNS (Dict): The answer, which is none of an error."""
        found = self.send("POST", f"/api/{question}", json=body)
        assert found.status_code == 200, found.text
        return found.json()

    def fail(self, question, **body):
        """RETURNS (Tuple[int, str, str]): The status, code and message of an error."""
        return error_of(self.send("POST", f"/api/{question}", json=body))


def run_server(models, limits):
    """Serve models on a thread of this process, so that tests can see what they do.

    RETURNS (str): The address.
    """
    listener, started = listen("127.0.0.1", 0), threading.Event()
    options = {"started": started.set}
    app = make_app(models, limits)
    threading.Thread(
        target=serve_app, args=(app, listener, limits), kwargs=options, daemon=True
    ).start()
    assert started.wait(20)
    return url_of(listener)


def error_of(answer):
    assert answer.status_code >= 400 and answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert found.keys() == {"code", "message"}
    return answer.status_code, found["code"], found["message"]


def events_of(text):
    """RETURNS (List[Tuple[str, Dict]]): Server-sent events by name."""
    assert text.endswith("\n\n")
    pairs = [event.split("\n") for event in text.split("\n\n")[:-1]]
    return [(name[len("event: ") :], json.loads(data[len("data: ") :])) for name, data in pairs]


def flat(value, kind):
    """RETURNS (List): All values of a kind in an answer."""
    if isinstance(value, dict | list):
        parts = value.values() if isinstance(value, dict) else value
        return [each for part in parts for each in flat(part, kind)]
    return [value] if isinstance(value, kind) else []


@pytest.fixture(scope="session")
def pipelines():
    """A Chinese pipeline with jieba and a speller, and an English one, both changed by serving."""
    chinese = make_trained(CHINESE, lang="zh", model={"speller_width": 8})
    config = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "user_words": ["猫头鹰"]}
    chinese.tokenizer = spacy.registry.resolve({"tokenizer": config})["tokenizer"](chinese)
    chinese.get_pipe("rnn_lm").tokenizer = chinese.tokenizer
    return {"zh": chinese, "en": make_trained()}


@pytest.fixture(scope="session")
def lms(pipelines):
    return {name: nlp.get_pipe("rnn_lm") for name, nlp in pipelines.items()}


@pytest.fixture
def serve(pipelines, lms):
    """Makes a client of both models, with limits of its own."""

    every = []

    def make(hosts=(), **limits):
        allowed = ServeLimits(**limits)
        models = [ServedModel(name, pipelines[name], lms[name], allowed) for name in pipelines]
        client = Client(make_app(models, allowed, hosts))
        client.models = {model.name: model for model in models}
        every.append(models)
        return client

    yield make
    for models in every:
        for model in models:
            model.close()


@pytest.fixture
def client(serve):
    return serve()


@pytest.fixture(scope="module")
def address(pipelines, lms):
    limits = ServeLimits(text_chars=500)
    models = [ServedModel(name, pipelines[name], lms[name], limits) for name in ("en", "zh")]
    yield run_server(models, limits)
    for model in models:
        model.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser, address):
    """The page in English, with one model; at the end nothing was refused by the browser, and
    nothing was asked of anybody else."""
    browser.resize(1100, 900)
    browser.open(address)
    choose(browser, "en", "")
    browser.run("document.querySelector('#text').focus()")
    yield browser
    assert browser.complaints() == []
    assert all(url.startswith((address, "data:")) for url in browser.addresses())
