"""What is kept of the texts that clients go on typing, and what a key costs."""

import asyncio

import numpy as np

from spacy_rnn.pipeline.session import Session

from .conftest import events_of, flat


def test_sessions_are_bounded_and_expire_without_changing_an_answer(serve, monkeypatch):
    client = serve(sessions=3, session_seconds=100)
    texts = client.models["zh"].texts
    now = [0.0]
    monkeypatch.setattr(texts, "_clock", lambda: now[0])
    expected = client.ask("score", text="猫看着雨。", session="a")
    for name in "bcd":
        client.ask("score", text="鸟", session=name)
    assert len(texts) == 3  # "a" was used longest ago
    assert client.ask("score", text="猫看着雨。", session="a") == expected
    now[0] = 99
    client.ask("score", text="鸟", session="d")
    now[0] = 150
    assert len(texts) == 1
    now[0] = 500
    assert client.ask("score", text="猫看着雨。", session="a") == expected
    assert len(texts) == 1


def test_of_a_large_vocabulary_few_texts_keep_what_was_computed(serve, monkeypatch):
    monkeypatch.setattr("spacy_rnn.serve.read_texts._MOST_BYTES", 1)
    client = serve()
    texts = client.models["zh"].texts
    for length in range(1, len("猫看着雨。")):  # each key may cut the text otherwise
        client.ask("complete", text="猫看着雨。"[:length], session="a")
    expected = client.ask("complete", text="猫看着雨。", session="a")
    kept = texts.get("a")
    assert count_computed(kept) > 2
    client.ask("complete", text="鸟", session="b")
    assert count_computed(kept) == 0 and count_computed(texts.get("b")) > 0
    again = client.ask("complete", text="猫看着雨。", session="a")
    assert flat(again, str) == flat(expected, str)
    np.testing.assert_allclose(flat(again, float), flat(expected, float), 1e-4, 1e-6)


def count_computed(text):
    """RETURNS (int): How many states of a text hold parts of a softmax: those of its tokens, and
    those of other cuts, which are reached from them or from what is kept of all."""
    found = {}
    waiting = [fed.read for fed in text._session.feeds]
    recent = (found() for found in waiting[0]._recent.values())
    waiting += [state for state in recent if state is not None]
    while waiting:
        state = waiting.pop()
        if id(state) not in found:
            found[id(state)] = state
            waiting += [step.state for step in state.after.values()]
    softmaxes = [state._softmax for state in found.values()]
    return sum(bool(kept._parts) or kept._whole is not None for kept in softmaxes)


def test_a_key_reads_only_what_changed(serve, monkeypatch):
    client = serve()
    fed = []
    feed = Session.feed
    monkeypatch.setattr(Session, "feed", lambda self, doc: fed.append(len(doc)) or feed(self, doc))
    text = "the baker paints two doors and " * 100
    client.ask("next", model="en", text=text, session="long")
    assert sum(fed) == 600
    fed.clear()
    for end in ("a", "a c", "a cat"):
        client.ask("next", model="en", text=text + end, session="long")
        client.ask("score", model="en", text=text + end, session="long")
    assert sum(fed) < 10


def test_a_key_cuts_only_the_end_of_a_text(serve, pipelines, monkeypatch):
    client = serve()
    tokenizer = type(pipelines["zh"].tokenizer)
    cut, call = [], tokenizer.__call__
    monkeypatch.setattr(
        tokenizer, "__call__", lambda self, text: cut.append(len(text)) or call(self, text)
    )
    text = "猫看着雨。鸟追云,狗看雨。\n" * 100
    client.ask("next", text=text + "猫", session="long")
    assert sum(cut) == len(text) + 1
    cut.clear()
    for end in ("猫看", "猫看着", "猫看着雨。", "猫看着雨。鸟追", "猫看着雨。鸟追云。"):
        client.ask("score", text=text + end, session="long")
        client.ask("complete", text=text + end, session="long")
    assert sum(cut) < 50


def test_new_words_of_requests_are_forgotten_now_and_then(serve, pipelines, monkeypatch):
    client = serve()
    asked = client.ask("complete", model="en", text="a zorblax paints", session="s")
    assert "zorblax" in pipelines["en"].vocab.strings
    body = {"model": "en", "text": "a zorblax", "max_tokens": 30, "excluded": ["</s>"]}
    monkeypatch.setattr("spacy_rnn.serve.served_model.MOST_NEW_WORDS", 2)

    async def run():
        async with client.connect() as connection:
            writing = asyncio.create_task(connection.post("/api/generate", json=body))
            await asyncio.sleep(0)
            for number in range(20):
                words = {"model": "en", "text": f"x{number}x y{number}y z{number}z"}
                await connection.post("/api/score", json=words)
            return await writing

    assert len(events_of(asyncio.run(run()).text)) == 31
    assert "zorblax" not in pipelines["en"].vocab.strings
    again = client.ask("complete", model="en", text="a zorblax paints", session="s")
    assert again == asked
