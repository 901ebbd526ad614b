"""spaCy's own tools on a pipeline with the component."""

import json
import os
import site
import subprocess
import venv
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import load_config

from .helpers import CONFIG, ENGLISH, TINY, make_trained, run_spacy


def arguments(settings):
    return [item for pair in settings.items() for item in pair]


def succeed(*args):
    result = run_spacy(*args)
    assert result.exit_code == 0, result.output
    return result.output


def corpus_of(workflow):
    return {
        "--paths.train": workflow.text / "train.txt",
        "--paths.dev": workflow.text / "dev.txt",
    }


@pytest.mark.slow
def test_a_packaged_wheel_loads_in_a_fresh_environment(workflow, tmp_path):
    options = ["--name", "tiny", "--version", "1.2.3", "--build", "wheel"]
    succeed("package", workflow.model, tmp_path, *options)
    (wheel,) = tmp_path.glob("**/*.whl")
    fresh = tmp_path / "fresh"
    venv.create(fresh, with_pip=True)
    python = fresh / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([python, *install], check=True, timeout=300)
    # the requirements, which a user's pip would fetch, come from this environment
    folder = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    ours = [*site.getsitepackages(), str(Path(__file__).parents[1])]
    (Path(folder) / "ours.pth").write_text("\n".join(ours), encoding="utf8")
    program = "import spacy, sys; print(repr(spacy.load('zh_tiny')(sys.argv[1])._.rnn_perplexity))"
    text = workflow.lines[0]
    done = subprocess.run(
        [python, "-c", program, text], check=True, capture_output=True, text=True, timeout=300
    )
    here = spacy.load(workflow.model)(text)._.rnn_perplexity
    # another process, another number of threads: the sums may round differently
    assert float(done.stdout) == pytest.approx(here, rel=1e-5)
    with pytest.raises(OSError, match="E050"):
        spacy.load("zh_tiny")


def test_debug_config_finds_nothing_wrong(workflow):
    output = succeed("debug", "config", CONFIG, *arguments(corpus_of(workflow)))
    assert "Config is valid" in output.replace("✔", "") or "valid" in output


def test_debug_model_trains_and_predicts(workflow):
    settings = {**TINY, **corpus_of(workflow)}
    output = succeed("debug", "model", CONFIG, "rnn_lm", "-P3", *arguments(settings))
    assert "model looks good" in output
    assert "training corpus" in output


def test_debug_profile_counts_the_component(workflow, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where spaCy writes Profile.prof
    texts = tmp_path / "texts.jsonl"
    rows = [json.dumps({"text": line}, ensure_ascii=False) for line in workflow.lines]
    texts.write_text("\n".join(rows), encoding="utf8")
    output = succeed("debug", "profile", workflow.model, texts)
    assert "rnn_lm.py" in output


def test_assembled_pipeline_predicts_as_its_source(workflow, tmp_path):
    config = load_config(workflow.model / "config.cfg")
    config["components"]["rnn_lm"] = {"source": str(workflow.model)}
    config["initialize"]["components"] = {}
    config.to_disk(tmp_path / "assemble.cfg")
    succeed("assemble", tmp_path / "assemble.cfg", tmp_path / "out")
    text = workflow.lines[0]
    found = spacy.load(tmp_path / "out")(text)._.rnn_perplexity
    assert found == spacy.load(workflow.model)(text)._.rnn_perplexity


def test_benchmark_speed_runs(workflow):
    output = succeed("benchmark", "speed", workflow.model, workflow.test, "-b", 8, "-w", 0)
    assert "Mean" in output and "words/s" in output


def test_find_threshold_still_finds_those_of_other_components(tmp_path):
    nlp = make_trained()
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 12, "upstream": "*"}
    model = {**spacy.Language.get_factory_meta("spancat").default_config["model"]}
    nlp.add_pipe("spancat", config={"model": {**model, "tok2vec": listener}})
    examples = []
    for text in ENGLISH[:8]:
        doc = nlp.make_doc(text)
        spans = {"sc": [(0, len(doc[0]), "START")]}
        examples.append(spacy.training.Example.from_dict(doc, {"spans": spans}))
    nlp.get_pipe("spancat").initialize(lambda: examples, nlp=nlp)
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[example.reference for example in examples]).to_disk(tmp_path / "data.spacy")
    options = ["spancat", "threshold", "spans_sc_f", "--n_trials", 3]
    output = succeed("find-threshold", tmp_path / "model", tmp_path / "data.spacy", *options)
    assert "Best threshold" in output


def test_analysis_shows_what_is_assigned_and_required():
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm")
    nlp.add_pipe("tagger")
    analysis = nlp.analyze_pipes()
    assigned = analysis["summary"]["rnn_lm"]["assigns"]
    assert {"doc._.rnn_lm", "doc.tensor", "token._.rnn_surprisal"} <= set(assigned)
    assert analysis["summary"]["rnn_lm"]["requires"] == []
    assert analysis["problems"]["rnn_lm"] == []
    assert analysis["summary"]["rnn_lm"]["scores"][0].startswith("lm_")
