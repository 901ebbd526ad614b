"""The API says what the component says."""

import asyncio
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spacy_rnn import render
from spacy_rnn.serve.bodies import TraceAnswer
from spacy_rnn.serve.limits import ServeLimits
from spacy_rnn.serve.served_model import ServedModel

from ..helpers import make_trained
from .conftest import events_of, flat

TEXTS = {
    "zh": ["", "猫", "猫看着雨。鸟追云!狗看", "我在猫头鹰"],
    "en": ["", "the baker paints a let", "the zeppelin  paints", "Two  lines\nof text "],
}
CASES = [(name, text) for name, texts in TEXTS.items() for text in texts]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1][:9]!r}")
def case(request):
    return request.param


def assert_same_words(found, expected):
    assert [word for word, _ in found] == [word for word, _ in expected]
    assert_allclose([p for _, p in found], [p for _, p in expected], rtol=1e-4, atol=1e-6)


def test_scores_are_those_of_the_pipeline(client, pipelines, lms, case):
    name, text = case
    found = client.ask("score", model=name, text=text)
    with pipelines[name].select_pipes(enable=["rnn_lm"]):
        doc = pipelines[name](text)
    assert [token["text"] for token in found["tokens"]] == [token.text for token in doc]
    assert all(text[t["start"] : t["end"]] == t["text"] for t in found["tokens"])
    bits = [token["surprisal"] for token in found["tokens"]]
    assert_allclose(bits, -doc._.rnn_lm.log_probs / math.log(2), atol=1e-4)
    assert found["surprisal"] == pytest.approx(doc._.rnn_surprisal, abs=1e-4)
    assert found["perplexity"] == pytest.approx(doc._.rnn_perplexity, rel=1e-4)
    end = -doc._.rnn_lm.end_log_prob / math.log(2)
    assert found["end_surprisal"] == pytest.approx(end, abs=1e-4)
    if text:
        assert found["bits_per_character"] == pytest.approx((sum(bits) + end) / len(text))
    else:
        assert found["bits_per_character"] is None
    few = client.ask("score", model=name, text=text, last=2)
    assert few.pop("tokens") == found["tokens"][-2:]
    assert few == {field: value for field, value in found.items() if field != "tokens"}
    known = [lms[name].vocabulary.row(token.text) != 0 for token in doc]
    assert [token["known"] for token in found["tokens"]] == known


def test_white_space_that_the_model_skips_has_no_surprisal():
    nlp = make_trained(model={"white_space": "skip"})
    model = ServedModel("skips", nlp, nlp.get_pipe("rnn_lm"), ServeLimits())
    found = model.score("the  baker\n\npaints", None, None)
    doc = nlp("the  baker\n\npaints")
    assert [t["known"] for t in found["tokens"]] == [True, None, True, None, True]
    bits = [token["surprisal"] for token in found["tokens"]]
    assert bits[1] == bits[3] == 0
    assert_allclose(bits, -doc._.rnn_lm.log_probs / math.log(2), atol=1e-4)


def test_next_words_are_those_of_the_component(client, lms, case):
    name, text = case
    found = client.ask("next", model=name, text=text, k=7)["next"]
    expected = lms[name].predict_next(text, k=7)
    assert_same_words([(each["word"], each["probability"]) for each in found], expected)
    # what is inserted is what generating would write
    best = next(word for word, _ in expected if word != "</s>")
    (written,) = lms[name].stream(text, max_tokens=1, temperature=0, excluded=["</s>"])
    assert next(each["insert"] for each in found if each["word"] == best) == written


def test_next_words_that_begin_with_letters(client, lms):
    found = client.ask("next", model="en", text="the baker", prefix="p", k=9)["next"]
    session = lms["en"].session()
    session.feed("the baker")
    expected = session.next(prefix="p", k=9)
    assert expected and all(word.startswith("p") for word, _ in expected)
    assert_same_words([(each["word"], each["probability"]) for each in found], expected)


def test_completions_are_those_of_the_component(client, lms, case):
    name, text = case
    found = client.ask("complete", model=name, text=text, k=8)["completions"]
    expected = lms[name].complete(text, k=8)
    assert_allclose(
        [each.pop("probability") for each in found],
        [each.probability for each in expected],
        rtol=1e-4,
        atol=1e-7,
    )
    for each in found:
        assert text[each["start"] :] + each["rest"].lstrip() != ""
    fields = ("word", "start", "rest")
    pairs = [tuple(getattr(each, field) for field in fields) for each in expected]
    assert [tuple(each[field] for field in fields) for each in found] == pairs


OPTIONS = [
    {},
    {"temperature": 0, "max_tokens": 4},
    {"top_k": 3, "top_p": 0.9, "temperature": 1.5, "seed": 4, "repetition_penalty": 1.2},
    {"excluded": ["</s>", "。", "."], "max_tokens": 30, "seed": -1},
    {"max_tokens": 0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name, text", [("zh", "猫"), ("en", "the baker")])
def test_what_is_written_is_what_the_component_writes(client, lms, name, text, options):
    answer = client.send("POST", "/api/generate", json={"model": name, "text": text, **options})
    assert answer.headers["content-type"].startswith("text/event-stream")
    *words, (last, end) = events_of(answer.text)
    assert {event for event, _ in words} <= {"word"} and last == "end"
    expected = list(lms[name].stream(text, **options))
    assert [data["text"] for _, data in words] == expected
    assert end["tokens"] == len(expected)
    is_full = len(expected) == options.get("max_tokens", 20)
    assert end["reason"] == ("length" if is_full else "end")


def test_steps_are_those_of_the_component(client, lms, case):
    name, text = case
    found = client.ask("trace", model=name, text=text, k=3)
    trace = lms[name].trace(text, k=3)
    assert (found["cell"], found["direction"]) == (trace.cell, trace.direction)
    assert len(found["steps"]) == len(trace)
    for number, step in enumerate(found["steps"]):
        assert step["word"] == trace.words[number] and step["came"] == trace.came[number]
        # every float32 comes as it is
        assert np.array_equal(np.float32(step["embedding"]), trace.inputs[number])
        for layer, expected in zip(step["layers"], trace.layers, strict=True):
            assert_allclose(layer["h"], expected.h[number])
            assert_allclose(layer["c"], expected.c[number])
            for gate, values in expected.gates.items():
                assert_allclose(layer["gates"][gate], values[number])
        words = [(each["word"], each["probability"]) for each in step["next"]]
        assert_same_words(words, trace.next_words(number))
        assert step["surprisal"] == pytest.approx(-trace.log_probs[number] / math.log(2))
        assert (step["rank"] or -1) == trace.ranks[number]
    TraceAnswer.model_validate(found, strict=True)
    few = client.ask("trace", model=name, text=text, k=3, units=2)["steps"][0]
    assert few["embedding"] == found["steps"][0]["embedding"][:2]


@pytest.mark.parametrize("style", ["steps", "states"])
def test_pictures_are_those_of_the_component(client, lms, style):
    query = {"model": "zh", "text": "猫看着<b>雨", "style": style}
    answer = client.send("GET", "/api/picture", params=query)
    assert answer.text == render(lms["zh"].trace("猫看着<b>雨"), style, page=True)
    query["lang"] = "en"
    english = client.send("GET", "/api/picture", params=query)
    assert english.text == render(lms["zh"].trace("猫看着<b>雨"), style, page=True, lang="en")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script" not in policy


def test_models_are_described(client, lms):
    found = client.send("GET", "/api/models").json()
    assert [model["name"] for model in found["models"]] == ["zh", "en"]
    for model in found["models"]:
        lm = lms[model["name"]]
        assert model["words"] == len(lm.vocabulary) and model["lang"] == lm.vocab.lang
        assert model["width"] == lm.network.settings.width
        assert model["spells"] == (model["name"] == "zh")
    assert found["limits"]["text_chars"] == 10_000


def test_the_first_model_answers_if_none_is_named(client):
    assert client.ask("next", text="猫")["model"] == "zh"


def test_the_description_of_the_api_has_every_question_and_nothing_from_outside(client):
    found = client.send("GET", "/openapi.json").json()
    questions = {"models", "score", "next", "complete", "generate", "trace", "picture"}
    assert set(found["paths"]) == {f"/api/{question}" for question in questions}
    page = client.send("GET", "/docs/")
    assert page.status_code == 200 and "http://127" in page.text
    for name in ("docs.js", "docs.css"):
        assert client.send("GET", f"/docs/{name}").status_code == 200
    assert client.send("GET", "/docs").headers["location"].endswith("/docs/")


@pytest.mark.parametrize("name", ["zh", "en"])
def test_a_session_gives_the_answers_of_a_text_that_is_read_anew(client, name):
    text = TEXTS[name][2 if name == "zh" else 1]
    typed = [text[:end] for end in range(0, len(text) + 1, 1 if name == "zh" else 3)]
    # taken back, changed at the beginning, made long, cut, and emptied
    typed += [text[:3], "x" + text, text * 9, (text * 9)[:20], text * 9 + "y", "", text]
    for each in typed:
        for question, options in (("score", {}), ("next", {"k": 4}), ("complete", {"k": 4})):
            kept = client.ask(question, model=name, text=each, session="s", **options)
            anew = client.ask(question, model=name, text=each, **options)
            numbers, words = np.array(flat(kept, float)), flat(kept, str)
            assert_allclose(numbers, flat(anew, float), rtol=1e-4, atol=1e-5)
            assert words == flat(anew, str)


def test_many_clients_at_once_get_what_one_gets(client):
    texts = ["猫看着雨。"[:end] for end in range(6)]
    alone = [client.ask("complete", text=text) for text in texts]

    async def ask(connection, number, text):
        body = {"text": text, "session": str(number)}
        return (await connection.post("/api/complete", json=body)).json()

    async def run():
        async with client.connect() as connection:
            asked = [ask(connection, n, text) for n in range(4) for text in texts]
            return await asyncio.gather(*asked)

    for number, found in enumerate(asyncio.run(run())):
        expected = alone[number % len(texts)]
        assert flat(found, str) == flat(expected, str)
        assert_allclose(flat(found, float), flat(expected, float), rtol=1e-4, atol=1e-6)
