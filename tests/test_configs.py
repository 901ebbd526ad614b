"""The shipped configs and the project file say what spaCy and each other understand."""

import json
import re

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config

from spacy_rnn.layers.carried import CarriedStates

from .helpers import CONFIG, ENGLISH, ROOT, run_spacy, train_corpus, write_corpus
from .pkuseg_model import train_pkuseg

ALL = sorted((ROOT / "configs").glob("*.cfg"))
CONFIGS = [path for path in ALL if path.name.startswith("rnn_lm")]


@pytest.fixture(scope="module")
def project():
    return srsly.read_yaml(ROOT / "project.yml")


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_filling_a_config_changes_nothing(path, tmp_path):
    filled = tmp_path / path.name
    result = run_spacy("init", "fill-config", path, filled)
    assert result.exception is None, result.output
    before, after = (p.read_text("utf8").rstrip("\n") for p in (path, filled))
    assert after == before


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_spacy_finds_no_fault_with_a_config(path):
    text = ROOT / "assets" / "zh-modern"
    corpus = [item for n in ("train", "dev") for item in (f"--paths.{n}", text / f"{n}.txt")]
    result = run_spacy("debug", "config", path, *corpus)
    assert result.exception is None, result.output
    assert "Config is valid" in result.output


def test_jieba_and_pkuseg_configs_differ_in_their_tokenizer_only():
    jieba, pkuseg = load_config(CONFIG), load_config(ROOT / "configs" / "rnn_lm_pkuseg.cfg")
    for config in (jieba, pkuseg):
        config["nlp"].pop("tokenizer")
        config["initialize"].pop("tokenizer")
        config["paths"].pop("pkuseg_model", None)
    assert jieba == pkuseg


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_the_last_step_is_evaluated_and_ends_the_schedule(path):
    """spaCy evaluates multiples of eval_frequency only."""
    training = load_config(path)["training"]
    assert training["max_steps"] % training["eval_frequency"] == 0
    rate = training["optimizer"]["learn_rate"]
    if path.name != "tagger_cnn.cfg":  # which is as spaCy writes it, at a constant rate
        assert training["max_steps"] == rate["total_steps"]


def test_the_config_for_streams_trains_with_the_state_carried(tmp_path, monkeypatch):
    corpus, words = write_corpus(tmp_path / "text"), tmp_path / "words.json"
    config = ROOT / "configs" / "rnn_lm_streams.cfg"
    done = run_spacy("rnn", "vocab", corpus / "train.txt", words, "-c", config, "--min-count", 1)
    assert done.exit_code == 0, done.output
    carried = []
    put = CarriedStates.put

    def spy(self, marks, state):
        carried.extend(mark.carried for mark in marks)
        put(self, marks, state)

    monkeypatch.setattr(CarriedStates, "put", spy)
    arguments = {
        "--paths.train": corpus / "train.txt",
        "--paths.dev": corpus / "dev.txt",
        "--paths.vocabulary": words,
        "--corpora.train.streams": 3,
        "--corpora.train.window": 5,
        "--components.rnn_lm.model.width": 8,
        "--training.max_steps": 40,
        "--training.eval_frequency": 20,
        "--training.optimizer.learn_rate.total_steps": 40,
    }
    settings = [item for pair in arguments.items() for item in pair]
    done = run_spacy("train", config, "--output", tmp_path / "out", *settings)
    assert done.exception is None, done.output
    assert True in carried and False in carried
    nlp = spacy.load(tmp_path / "out" / "model-best")
    text = (corpus / "dev.txt").read_text("utf8").strip()
    assert 1 < nlp(text)._.rnn_perplexity < len(nlp.get_pipe("rnn_lm").vocabulary)


def test_jieba_does_not_join_the_words_of_the_example():
    nlp = load_model_from_config(load_config(CONFIG), auto_fill=True)
    assert [token.text for token in nlp.make_doc("我爱你")] == ["我", "爱", "你"]


def test_the_pkuseg_config_trains_with_a_pkuseg_model(tmp_path):
    pytest.importorskip("spacy_pkuseg")
    corpus = write_corpus(tmp_path / "text")
    model = train_pkuseg(tmp_path)
    config = ROOT / "configs" / "rnn_lm_pkuseg.cfg"
    result = train_corpus(
        corpus, tmp_path / "out", config=config, **{"--paths.pkuseg_model": model}
    )
    assert result.exception is None, result.output
    nlp = spacy.load(tmp_path / "out" / "model-best")
    doc = nlp("老师喜欢北京")
    assert [token.text for token in doc] == nlp.tokenizer.pkuseg_seg.cut("老师喜欢北京")
    assert doc._.rnn_lm.hidden.shape == (len(doc), 8)
    assert doc._.rnn_perplexity > 1
    assert nlp.get_pipe("rnn_lm").predict_next("老师")


def scripts_of(project):
    for command in project["commands"]:
        for script in command["script"]:
            yield command, script


def test_every_override_of_the_project_is_a_setting_of_the_config(project):
    config = load_config(CONFIG)
    overrides = [
        name
        for command, script in scripts_of(project)
        if command["name"] == "train"
        for name in re.findall(r"--([a-z_0-9]+\.[a-zA-Z_0-9.]+)", script)
    ]
    assert len(overrides) > 5
    for override in overrides:
        value = config
        for key in override.split("."):
            assert key in value, override
            value = value[key]


def test_every_variable_of_the_project_exists_and_is_used(project):
    text = "".join(script for _, script in scripts_of(project)) + str(project["commands"])
    used = set(re.findall(r"\$\{vars\.([a-z_0-9]+)\}", text))
    assert used == set(project["vars"])


def test_the_project_runs_python_only(project):
    for _, script in scripts_of(project):
        assert script.startswith("python "), script
        for name in re.findall(r"scripts/\w+\.py", script):
            assert (ROOT / name).exists()


def test_the_main_job_is_made_of_commands_that_exist(project):
    names = [command["name"] for command in project["commands"]]
    for workflow in project["workflows"].values():
        assert set(workflow) <= set(names)


def test_what_the_project_writes_lies_in_its_directories(project):
    for command in project["commands"]:
        for path in (*command.get("outputs", ()), *command.get("outputs_no_cache", ())):
            top = path.replace("${vars.metrics}", project["vars"]["metrics"]).partition("/")[0]
            assert top in project["directories"]


def write_tagged(path, texts):
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(text) for text in texts]
    for doc in docs:
        for token in doc:
            token.tag_ = "ABC"[len(token) % 3]
    DocBin(docs=docs).to_disk(path)


def test_the_pretraining_config_serves_both_commands(tmp_path):
    """As docs/encoders.md has it: a vocabulary, spacy pretrain, spacy train."""
    raw, words, labelled = (tmp_path / name for name in ("raw.txt", "words.json", "tags.spacy"))
    raw.write_text("\n".join(ENGLISH) + "\n", encoding="utf8")
    write_tagged(labelled, ENGLISH[:12])
    config = ROOT / "configs" / "tagger_pretrain.cfg"
    small = {
        "--paths.vocabulary": words,
        "--components.tagger.model.tok2vec.width": 8,
        "--components.tagger.model.tok2vec.subword_rows": 30,
    }
    training = {
        "--paths.train": labelled,
        "--paths.dev": labelled,
        "--paths.init_tok2vec": tmp_path / "out" / "model-last.bin",
        "--training.max_steps": 4,
        "--training.eval_frequency": 2,
    }
    options = [item for pair in small.items() for item in pair]
    commands = [
        ["rnn", "vocab", raw, words, "--config", ROOT / "configs" / "encoder.cfg"],
        ["pretrain", config, tmp_path / "out", "--paths.raw", raw, *options],
        [
            *["train", config, "--output", tmp_path / "tagger", *options],
            *[item for pair in training.items() for item in pair],
        ],
    ]
    for command in commands:
        result = run_spacy(*command)
        assert result.exception is None, result.output
    nlp = spacy.load(tmp_path / "tagger" / "model-last")
    assert {token.tag_ for token in nlp(ENGLISH[0])} <= set("ABC")
    learned = json.loads(words.read_text("utf8"))
    vocabulary = nlp.get_pipe("tagger").model.get_ref("tok2vec").attrs["vocabulary"]
    assert sorted(vocabulary.labels) == sorted(learned)
