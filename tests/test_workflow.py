"""spaCy's command line with the shipped config, on a tiny corpus."""

import json
import re
import shutil
from copy import deepcopy

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from thinc.api import Config

from spacy_rnn.training.log_outputs import read_evaluations

from .helpers import CONFIG, TINY, chinese_texts, make_examples, run_spacy, train_corpus

SCORES = ["lm_perplexity", "lm_perplexity_open", "lm_bits_per_char", "lm_acc", "lm_oov", "lm_prob"]


def test_training_logs_and_learns(workflow):
    rows = read_evaluations(workflow.log)
    assert [row["step"] for row in rows] == [0, 10, 20]
    perplexities = [row["scores"]["lm_perplexity"] for row in rows]
    assert perplexities == sorted(perplexities, reverse=True)
    assert rows[-1]["train_perplexity"] < rows[0]["train_perplexity"]
    assert "DEV PPL" in workflow.training


def test_two_language_models_are_logged_each_with_its_own_scores(workflow, tmp_path):
    config = load_config(CONFIG)
    config["nlp"]["pipeline"] = ["forth", "back"]
    original, config["components"] = config["components"]["rnn_lm"], {}
    weights = config["training"]["score_weights"] = {"lm_prob": None}
    for name, direction in (("forth", "forward"), ("back", "backward")):
        component = config["components"][name] = deepcopy(original)
        component["scorer"] = {"@scorers": "spacy-rnn.lm_scorer.v1", "prefix": f"{name}_lm"}
        component["model"].update(direction=direction, width=8)
        component["min_count"] = 1
        weights[f"{name}_lm_prob"] = 0.5
    config.to_disk(tmp_path / "two.cfg")
    settings = {n: v for n, v in TINY.items() if n.startswith("--training")}
    settings |= {f"--paths.{part}": workflow.text / f"{part}.txt" for part in ("train", "dev")}
    settings["--paths.log"] = tmp_path / "log.jsonl"
    arguments = [item for pair in settings.items() for item in pair]
    result = run_spacy("train", tmp_path / "two.cfg", "--output", tmp_path / "out", *arguments)
    assert result.exception is None, result.output
    lines = result.output.splitlines()
    (start,) = (number for number, line in enumerate(lines) if "DEV FORTH" in line)
    headers = [header.strip() for header in re.split(" {2,}", lines[start].strip())]
    rows = read_evaluations(tmp_path / "log.jsonl")
    table = [
        dict(zip(headers, line.split(), strict=False)) for line in lines[start + 2 :][: len(rows)]
    ]
    for shown, row in zip(table, rows, strict=True):
        for name in ("forth", "back"):
            assert shown[f"DEV {name.upper()}"] == f"{row['scores'][f'{name}_lm_perplexity']:.1f}"
            assert shown[f"ACC {name.upper()}"] == f"{100 * row['scores'][f'{name}_lm_acc']:.2f}"
    assert rows[-1]["scores"]["forth_lm_perplexity"] != rows[-1]["scores"]["back_lm_perplexity"]
    assert not any("PROB" in header for header in headers)


def test_the_best_model_has_the_score_of_the_log(workflow):
    rows = read_evaluations(workflow.log)
    nlp = spacy.load(workflow.model)
    scores = nlp.evaluate(make_examples(nlp, chinese_texts("dev")))
    best = max(row["scores"]["lm_prob"] for row in rows)
    assert scores["lm_prob"] == pytest.approx(best, rel=1e-6)
    assert nlp.meta["performance"]["lm_prob"] == pytest.approx(best, rel=1e-6)


def test_evaluate_writes_every_score(workflow):
    written = json.loads(workflow.metrics.read_text("utf8"))
    nlp = spacy.load(workflow.model)
    scores = nlp.evaluate(make_examples(nlp, workflow.lines))
    for name in SCORES:
        assert written[name] == pytest.approx(scores[name], rel=1e-6), name


def test_evaluate_shows_the_perplexity(workflow):
    written = json.loads(workflow.metrics.read_text("utf8"))
    rows = dict(line.rsplit(maxsplit=1) for line in workflow.evaluation.splitlines() if line)
    shown = {name.strip(): value for name, value in rows.items()}["Perplexity, <unk> a word"]
    assert float(shown.replace(",", "")) == pytest.approx(written["lm_perplexity"], rel=1e-3)
    assert "TOK" not in workflow.evaluation


def test_apply_writes_documents_with_their_outputs(workflow, tmp_path):
    path = tmp_path / "applied.spacy"
    result = run_spacy("apply", workflow.model, workflow.test, path)
    assert result.exception is None, result.output
    nlp = spacy.load(workflow.model)
    docs = list(DocBin().from_disk(path).get_docs(nlp.vocab))
    assert [doc.text for doc in docs] == workflow.lines
    for doc in docs:
        expected = nlp(doc.text)
        assert doc._.rnn_perplexity == pytest.approx(expected._.rnn_perplexity, rel=1e-5)
        assert doc._.rnn_surprisal == pytest.approx(expected._.rnn_surprisal, rel=1e-5)
        assert [len(row) for row in doc._.rnn_next] == [5] * len(doc)


def test_a_package_loads_from_its_folder_and_asks_for_this_one(workflow, tmp_path):
    result = run_spacy("package", workflow.model, tmp_path, "--name", "tiny", "--build", "none")
    assert result.exception is None, result.output
    folder = tmp_path / "zh_tiny-0.0.0"
    nlp = spacy.load(folder / "zh_tiny" / "zh_tiny-0.0.0")
    text = workflow.lines[0]
    assert nlp(text)._.rnn_perplexity == spacy.load(workflow.model)(text)._.rnn_perplexity
    requirements = json.loads((folder / "meta.json").read_text("utf8"))["requirements"]
    assert any(requirement.startswith("spacy-rnn") for requirement in requirements)


def test_labels_from_the_command_line_are_the_vocabulary(workflow, tmp_path):
    paths = ["--paths.train", workflow.text / "train.txt", "--paths.dev", workflow.text / "dev.txt"]
    result = run_spacy("init", "labels", CONFIG, tmp_path, *paths, "--training.max_epochs", 1)
    assert result.exception is None, result.output
    labels = json.loads((tmp_path / "rnn_lm.json").read_text("utf8"))
    assert sum(count for word, count in labels if word == "</s>") == len(chinese_texts("train"))
    config = load_config(CONFIG, {"paths.train": str(workflow.text / "dev.txt")})
    reader = {"@readers": "spacy.read_labels.v1", "path": str(tmp_path / "rnn_lm.json")}
    config["initialize"]["components"]["rnn_lm"] = {"labels": reader}
    nlp = init_nlp(Config(config))
    assert nlp.get_pipe("rnn_lm").label_data == labels
    path = {"components.rnn_lm.model.vocabulary": str(tmp_path / "rnn_lm.json")}
    nlp = init_nlp(load_config(CONFIG, {"paths.train": str(workflow.text / "dev.txt"), **path}))
    assert nlp.get_pipe("rnn_lm").label_data == labels


def test_training_that_runs_away_stops_with_advice_and_keeps_the_best_model(workflow, tmp_path):
    away = {
        "--training.optimizer.learn_rate.initial_rate": 1e30,
        "--training.optimizer.learn_rate.warmup_steps": 15,
    }
    result = train_corpus(workflow.text, tmp_path, **away)
    assert isinstance(result.exception, ValueError)
    assert "learning rate" in str(result.exception) and "grad_clip" in str(result.exception)
    assert spacy.load(tmp_path / "model-best")(workflow.lines[0])._.rnn_perplexity > 1


def test_an_evaluation_without_a_finite_perplexity_stops_with_advice(workflow, tmp_path):
    away = {
        "--training.optimizer.learn_rate.initial_rate": 1e20,
        "--training.optimizer.learn_rate.warmup_steps": 0,
    }
    result = train_corpus(workflow.text, tmp_path, **away)
    assert "R315" in str(result.exception)


def test_equal_trainings_give_equal_models(workflow, tmp_path):
    result = train_corpus(workflow.text, tmp_path)
    assert result.exception is None, result.output
    saved = [path / "rnn_lm" / "model" for path in (tmp_path / "model-best", workflow.model)]
    assert saved[0].read_bytes() == saved[1].read_bytes()


def resuming_config(workflow, path):
    config = load_config(CONFIG)
    config["components"]["rnn_lm"] = {"source": str(workflow.model)}
    config["nlp"]["tokenizer"] = load_config(workflow.model / "config.cfg")["nlp"]["tokenizer"]
    config.to_disk(path)
    return path


def test_training_goes_on_from_a_saved_model(workflow, tmp_path):
    config = resuming_config(workflow, tmp_path / "resume.cfg")
    overrides = {name: value for name, value in TINY.items() if name.startswith("--training")}
    paths = ["--paths.train", workflow.text / "train.txt", "--paths.dev", workflow.text / "dev.txt"]
    settings = [item for pair in overrides.items() for item in pair]
    log = tmp_path / "log.jsonl"
    result = run_spacy(
        "train", config, "--output", tmp_path / "out", *paths, *settings, "--paths.log", log
    )
    assert result.exception is None, result.output
    first = read_evaluations(log)[0]["scores"]["lm_perplexity"]
    nlp, before = spacy.load(tmp_path / "out" / "model-best"), spacy.load(workflow.model)
    examples = make_examples(nlp, chinese_texts("dev"))
    old, new = (n.evaluate(examples)["lm_perplexity"] for n in (before, nlp))
    # it begins where the other ended (its first step has no learning rate yet), and goes on
    assert first == pytest.approx(old, rel=1e-5)
    assert new < old
    # what was saved needs no source any more
    moved = tmp_path / "moved"
    shutil.copytree(tmp_path / "out" / "model-best", moved)
    assert "source" not in load_config(moved / "config.cfg")["components"]["rnn_lm"]


def test_a_loaded_pipeline_can_be_trained_without_spacy_train(workflow):
    nlp = spacy.load(workflow.model)
    losses = nlp.update(make_examples(nlp, workflow.lines[:2]))
    assert losses["rnn_lm"] > 0
