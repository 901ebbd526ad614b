"""Configs as they are asked for: whole, valid, with numbers that fit, and trained with."""

import io
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import load_config, load_model_from_config

from spacy_rnn.training.quickstart import requests
from spacy_rnn.training.quickstart.language_model_config import language_model_settings
from spacy_rnn.training.quickstart.requests import ConfigRequest, make_config, steps_in
from spacy_rnn.training.quickstart.sizes import TASKS, WIDTHS, Budget
from spacy_rnn.training.quickstart.source_settings import SourceSettings
from spacy_rnn.training.quickstart.trial import seconds_per_step

from ...helpers import ENGLISH, make_trained, run_spacy

LANGUAGES = ("zh", "en", "de", "ja")
TEXTS = {
    "zh": ["妹妹喜欢苹果。", "老师忘记了新帽子。", "医生画了一只猫！"],
    "en": ENGLISH[:3],
    "de": ["Der Bäcker malt ein Boot.", "Die Katze vergisst zwei Birnen.", "Wir sehen den Hafen."],
    "ja": ["猫が好きです。", "先生は帽子を忘れました。", "今日は雨です。"],
}


def request(task="lm", lang="en", **options):
    return ConfigRequest(task, lang, **{"budget": Budget.of(12), **options})


def write_labelled(path, nlp, lang):
    """Docs of a language, cut by the pipeline, with annotations for every task."""
    docs = []
    for number, text in enumerate(TEXTS[lang] * 12):  # the parser forgets rare labels
        made = nlp.make_doc(text)
        doc = Doc(
            nlp.vocab,
            words=[token.text for token in made],
            spaces=[bool(token.whitespace_) for token in made],
            tags=["AB"[place % 2] for place in range(len(made))],
            # spaCy's parser can't learn from texts whose first token is the root
            heads=[1] * len(made),
            deps=["ROOT" if place == 1 else "obj" for place in range(len(made))],
        )
        doc.ents = [Span(doc, 0, 1, label="THING")]
        doc.spans["sc"] = [Span(doc, 0, 2, label="PAIR")]
        doc.cats = {"even": float(number % 2 == 0), "odd": float(number % 2)}
        docs.append(doc)
    DocBin(docs=docs, store_user_data=True).to_disk(path)


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("task", TASKS)
def test_a_config_for_any_task_and_language_is_whole_and_trains(task, lang, tmp_path):
    if lang == "ja":
        pytest.importorskip("sudachipy")
    path, filled = tmp_path / "config.cfg", tmp_path / "filled.cfg"
    if task in ("lm", "encoder"):
        data = tmp_path / "text.txt"
        data.write_text("\n".join(TEXTS[lang]) + "\n", encoding="utf8")
    else:
        data = tmp_path / "docs.spacy"
        config, _ = make_config(request(task, lang))
        write_labelled(data, load_model_from_config(config), lang)
    paths = {"paths.train": str(data), "paths.dev": str(data)}
    small = {"components.rnn_lm.model.width": 8, "components.rnn_lm.min_count": 1}
    config, _ = make_config(request(task, lang, overrides=paths | small))
    if task not in ("lm", "encoder"):
        narrow = {"components.rnn_lm.model.width": 8}
        config, _ = make_config(request(task, lang, overrides=paths | narrow))
        _set_listeners(config["components"][task], 16)
    config["training"].update(max_steps=3, eval_frequency=3)
    config.to_disk(path)
    assert run_spacy("init", "fill-config", path, filled).exception is None
    assert filled.read_text("utf8").rstrip() == path.read_text("utf8").rstrip()
    debug = run_spacy("debug", "config", path)
    assert "Config is valid" in debug.output, debug.output
    nlp = init_nlp(load_config(path))
    nlp, _ = train(nlp, stdout=io.StringIO(), stderr=io.StringIO())
    assert nlp(TEXTS[lang][0])._.rnn_lm is not None


def _set_listeners(block, width):
    for value in block.values():
        if isinstance(value, dict):
            if value.get("upstream") == "rnn_lm":
                value["width"] = width
            _set_listeners(value, width)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A trained encoder in both directions, with a speller and subwords."""
    path = tmp_path_factory.mktemp("source")
    model = {"direction": "both", "subword_rows": 40, "speller_width": 4, "width": 6}
    make_trained(lang="en", model=model).to_disk(path)
    return path


def test_a_source_gives_the_networks_shape_and_width(source):
    config, _ = make_config(request("tagger", source=str(source)))
    model = config["components"]["rnn_lm"]["model"]
    assert [model[name] for name in ("width", "direction", "subword_rows")] == [6, "both", 40]
    assert config["components"]["tagger"]["model"]["tok2vec"]["width"] == 12
    assert config["paths"]["source"] == str(source)
    assert model["source"] == "${paths.source}"
    nlp = load_model_from_config(config)
    docs = [nlp.make_doc(text) for text in ENGLISH[:4]]
    for doc in docs:
        for token in doc:
            token.tag_ = "ABC"[len(token) % 3]
    examples = [spacy.training.Example(nlp.make_doc(doc.text), doc) for doc in docs]
    nlp.initialize(lambda: examples)
    trained = spacy.load(source)
    assert nlp(ENGLISH[0]).tensor.tolist() == trained(ENGLISH[0]).tensor.tolist()


def test_a_network_that_only_serves_listeners_does_no_work_of_its_own(source):
    config, _ = make_config(request("ner", source=str(source)))
    component = config["components"]["rnn_lm"]
    assert component["lm_weight"] == 0
    assert component["annotations"] == ["tensor"]
    assert component["scorer"] is None
    assert component["model"]["speller_width"] == 0
    weights = config["training"]["score_weights"]
    assert {name for name, weight in weights.items() if weight} == {"ents_f"}


@pytest.mark.parametrize("steps", [1, 2, 7, 480, 503, 600, 3200])
def test_a_budget_ends_with_an_evaluation(steps):
    budget = Budget.of(steps)
    assert budget.steps % budget.eval_frequency == 0
    assert steps <= budget.steps < steps * 1.05 + 6
    assert budget.steps // budget.eval_frequency <= 12


def test_the_schedule_follows_max_steps_wherever_the_optimizer_is_made(tmp_path):
    config, _ = make_config(request(overrides={"training.max_steps": 90}))
    rate = config["training"]["optimizer"]["learn_rate"]
    assert rate["total_steps"] == "${training.max_steps}"
    nlp = load_model_from_config(config)
    nlp.get_pipe("rnn_lm").min_count = 1
    examples = [spacy.training.Example(d, d) for d in map(nlp.make_doc, ENGLISH)]
    initialized = nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "model")
    for optimizer in (initialized, spacy.load(tmp_path / "model").resume_training()):
        rates = []
        for _ in range(91):
            rates.append(float(optimizer.learn_rate))
            optimizer.step_schedules()
        peak = rates.index(max(rates))
        assert 0 < peak < 20
        assert rates[-1] == pytest.approx(0)
        assert rates[80] > 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"task": "poet"}, "R008"),
        ({"size": "huge"}, "R008"),
        ({"lang": None}, "R639"),
        ({"lang": "xx-klingon"}, "R632"),
        ({"segmenter": "jieba"}, "R633"),
        ({"lang": "zh", "segmenter": "knife"}, "R008"),
        ({"source": "no/such/model"}, "R630"),
    ],
)
def test_what_cannot_be_asked_for_is_one_clear_error(options, code):
    with pytest.raises(ValueError, match=code):
        make_config(request(**options))


def test_a_source_of_another_language_is_an_error(source):
    with pytest.raises(ValueError, match=r"R638.*language en, not de"):
        make_config(request("tagger", "de", source=str(source)))


@pytest.mark.parametrize(
    ("segmenter", "expected"),
    [
        (None, ("spacy-rnn.JiebaTokenizer.v1", "jieba")),
        ("rjieba", ("spacy-rnn.JiebaTokenizer.v1", "rjieba")),
        ("char", ("spacy.zh.ChineseTokenizer", "char")),
        ("pkuseg", ("spacy.zh.ChineseTokenizer", "pkuseg")),
    ],
)
def test_chinese_is_cut_by_what_was_asked_for(segmenter, expected):
    config, _ = make_config(request(lang="zh", segmenter=segmenter))
    block = config["nlp"]["tokenizer"]
    assert (block["@tokenizers"], block.get("engine") or block.get("segmenter")) == expected


@pytest.mark.parametrize("size", WIDTHS)
def test_a_size_is_a_width(size):
    config, _ = make_config(request(size=size))
    assert config["components"]["rnn_lm"]["model"]["width"] == WIDTHS[size]


@pytest.mark.parametrize(
    ("task", "seconds"), [("lm", 0.25), ("encoder", 0.25), ("tagger", 0.25 * 4 / 3)]
)
def test_minutes_are_as_many_steps_as_fit_into_them(task, seconds, monkeypatch):
    monkeypatch.setattr(requests, "seconds_per_step", lambda *args, **options: 0.25)
    asked = request(task, size="small", budget=None)
    for minutes in (0.001, 10, 20):
        steps = steps_in(minutes, asked)
        assert steps == max(1, round(minutes * 60 / seconds))


@pytest.mark.slow
@pytest.mark.parametrize("task", ["lm", "encoder"])
def test_a_step_is_tried_on_the_network_that_was_asked_for(task, monkeypatch):
    tried = []

    def seconds(*args):
        tried.append(seconds_per_step(*args))
        return tried[-1]

    monkeypatch.setattr(requests, "seconds_per_step", seconds)
    steps = steps_in(10, request(task, size="small", budget=None))
    assert steps == max(1, round(600 / tried[0]))


def test_an_encoder_is_no_source_of_a_language_model():
    source = SourceSettings(Path("encoder"), "en", {}, {}, {"softmax": False})
    with pytest.raises(ValueError, match="R923"):
        language_model_settings("small", Budget.of(10), source)
