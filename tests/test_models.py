"""The models to take away: their recipes, their texts, their cards, and one built and installed."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import spacy
import srsly
import typer
from spacy.tokens import DocBin
from spacy.util import load_config
from typer.testing import CliRunner

import spacy_rnn

from .helpers import ENGLISH, ROOT, chinese_texts, write_corpus

FOLDER = ROOT / "scripts" / "models"
sys.path.insert(0, str(FOLDER))
build, cards, check_paths, measure_model, recipes, train_model, write_table, write_text = (
    importlib.import_module(name)
    for name in (
        *("build", "cards", "check_paths", "measure_model", "recipes", "train_model"),
        *("write_table", "write_text"),
    )
)
sys.path.remove(str(FOLDER))

RECIPES = recipes.read_recipes()
PROJECT = srsly.read_yaml(ROOT / "project.yml")


def run(main, *args):
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, [str(arg) for arg in args])


def write_texts(folder, *names):
    """A folder for each text, whose documents say whose they are."""
    for name in names:
        write_corpus(folder / name)
        if name == "wikitext":
            for part in ("train", "valid", "test"):
                lines = [" = Title = ", *(f" {text} The <unk> did n't go . " for text in ENGLISH)]
                (folder / name / f"{part}.txt").write_text("\n".join(lines), encoding="utf8")
    return {name: folder / name for name in names}


def folders(found):
    return [f"--folder={name}={path}" for name, path in found.items()]


def test_every_recipe_has_a_command_that_names_its_texts():
    commands = {command["name"]: command for command in PROJECT["commands"]}
    first, *others = PROJECT["workflows"]["models"]
    assert others == list(RECIPES)
    (check,) = commands[first]["script"]
    given = {word for name in RECIPES for word in commands[name]["script"][0].split()}
    assert {word for word in given if "=$" in word or "_pairs}" in word} <= set(check.split())
    assert '--reading-times "${vars.reading_times}"' in check
    for name, recipe in RECIPES.items():
        (script,) = commands[name]["script"]
        assert f"scripts/models/build.py {name} " in script
        texts = [text.name for text in recipe.texts if text.name != "embedded"]
        assert [part for part in texts if f'"{part}=${{vars.{part}}}"' in script] == texts
        assert script.count("--folder") == len(texts)
        assert not {"deps", "outputs"} & set(commands[name])


@pytest.mark.parametrize("name", RECIPES)
def test_the_settings_of_a_recipe_are_settings_of_its_config(name):
    recipe = RECIPES[name]
    config = load_config(ROOT / recipe.config)
    for steps in (0, 1, 3, 1000):
        settings = train_model.make_settings(recipe, steps=steps, seed=3)
        for setting in settings:
            value = config
            for key in setting.split("."):
                assert key in value, setting
                value = value[key]
        assert settings["training.max_steps"] % settings["training.eval_frequency"] == 0
        assert 0 <= (steps or recipe.steps) - settings["training.max_steps"] < 4
        assert settings["system.seed"] == 3


def test_what_has_no_text_is_skipped_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "assets" / "zh-modern")
    given = write_texts(tmp_path, "luxun")
    done = run(build.main, "zh_rnn_modern", *folders(given), "--folder", "pydocs=")
    assert done.exit_code == 0 and "skipped" in done.output and "pydocs" in done.output
    assert "luxun" not in done.output and not (tmp_path / "corpus").exists()
    # the default of a variable may be absent, another path may not
    absent = run(build.main, "en_rnn_encoder", "--folder", "wikitext=assets/wikitext-2")
    assert absent.exit_code == 0 and "skipped" in absent.output
    wrong = run(build.main, "en_rnn_encoder", "--folder", "wikitext=wikitex-2")
    assert wrong.exit_code == 1 and "wikitex-2" in wrong.output


@pytest.mark.parametrize("program", ["build", "check"])
@pytest.mark.parametrize("wrong", ["pairs", "sling", "times", "dev.txt", "test.txt", "valid.txt"])
def test_a_path_that_is_wrong_ends_the_build_before_it_begins(
    tmp_path, monkeypatch, wrong, program
):
    monkeypatch.chdir(tmp_path)
    name = "en_rnn_wikitext" if wrong in ("times", "valid.txt") else "zh_rnn_classics"
    given = write_texts(tmp_path / "texts", "classics", "wikitext")
    write_corpus(tmp_path / "assets" / "zh-modern")
    (tmp_path / "minimal" / "blimp").mkdir(parents=True)
    options = ["--minimal-pairs=minimal"] * (wrong == "sling")
    options += ["--minimal-pairs=absent/pairs"] * (wrong == "pairs")
    options += ["--reading-times=absent/times"] * (wrong == "times")
    if wrong.endswith(".txt"):
        (given["wikitext" if wrong == "valid.txt" else "classics"] / wrong).unlink()
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(build, "write_text", lambda *args: pytest.fail("it has begun"))
    main, more = (build.main, [name]) if program == "build" else (check_paths.main, [])
    done = run(main, *more, *folders(given), *options)
    assert done.exit_code == 1 and not isinstance(done.exception, pytest.fail.Exception)
    assert f"{wrong} is not there" in done.output.replace("\n", " ")
    assert sorted(tmp_path.rglob("*")) == before


def test_paths_that_are_right_or_left_out_are_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "assets" / "zh-modern")
    given = write_texts(tmp_path, "classics")
    default = ["--folder=wikitext=assets/wikitext-2", "--folder=luxun=", "--minimal-pairs="]
    done = run(check_paths.main, *folders(given), *default, "--reading-times=assets/no/words.tsv")
    assert done.exit_code == 0, done.output


def test_documents_of_several_texts_stay_apart(tmp_path, monkeypatch):
    """A text of lines has a document a line; one of blocks a document a block."""
    monkeypatch.chdir(tmp_path)
    lines = write_corpus(tmp_path / "assets" / "zh-modern") / "dev.txt"
    blocks = tmp_path / "blocks" / "dev.txt"
    blocks.parent.mkdir()
    blocks.write_text("﻿甲。\n乙。\n\n  \n\n丙。\n", encoding="utf8")
    recipe = RECIPES["zh_rnn_modern"]
    found, _ = recipes.find_texts(recipe, {})
    read = list(write_text.read_blocks(found[0][0], lines.parent, "dev"))
    assert read == chinese_texts("dev")
    read = list(write_text.read_blocks(recipe.texts[0], blocks.parent, "dev"))
    assert read == ["甲。\n乙。", "丙。"]


def write_all_figures(recipe):
    """Files as the steps write them, with figures that are nowhere else."""
    network = {"cell": "lstm", "depth": 1, "width": 24, "direction": "forward"}
    network |= {"subword_rows": 0, "speller_width": 7, "spelling": "context"}
    network |= {"ngram_rows": 9, "ngram_min": 1, "ngram_max": 2}
    text = {"name": "wikitext", "title": "A text", "licence": "free"}
    versions = {"spacy": "3.8.0"}
    groups = [{"by": "paradigm"}, {"by": "paradigm"}, {"by": "field"}]
    judged = {"groups": groups, "means": {"paradigm": {"lp": 0.6125}}}
    gains = [{"predictor": "surprisal", "delta_ll": 0.00257, "t": 2.25}]
    files = {
        "corpus": {"texts": [text], "train": {"tokens": 1234567}},
        "training": {
            **{"network": network, "cpu_seconds": 987.6, "steps": 1500},
            **{"seed": 4, "commit": "abc123", "spacy_rnn": "0.1.0", "versions": versions},
            "machine": "Linux",
        },
        "test": {"lm_perplexity": 133.062, "lm_perplexity_open": 155.48, "tokens": 2345},
        "sentences": {"lm_bits_per_char": 1.98765},
        "speed": {"words": 27125, "tokens_per_cpu_second": 45678, "megabytes": 31.25},
        "pairs": {"models": [judged]},
        "reading-times": {"gains": gains},
    }
    for name, figures in files.items():
        recipes.write_figures(recipe.figures(name), figures)


def test_a_card_says_what_the_files_say_and_names_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = RECIPES["en_rnn_wikitext"]
    assert set(cards.find_figures(recipe).values()) == {cards.UNKNOWN}
    write_all_figures(recipe)
    readme = cards.make_readme(recipe)
    for figure in ("1,234,567", "27,125", "31.2 MB", "133.1", "155.5", "1.988", "45,678"):
        assert f"| {figure} |" in readme
    shape = "LSTM 1×24, n-grams of 1 to 2 characters, speller 7 (context)"
    for figure in ("61.3% (2 paradigms)", "2.57 (t 2.2)", shape, "988"):
        assert f"| {figure} |" in readme
    for figure in ("seed 4", "abc123", "1,500 steps", "A text: free", recipe.license):
        assert figure in readme
    assert readme.count(cards.UNKNOWN) == 2  # unknown words, and the other predictor
    meta = cards.make_meta(recipe)
    assert (meta["name"], meta["license"]) == ("rnn_wikitext", recipe.license)
    assert meta["requirements"] == ["spacy-rnn>=0.1.0"]
    assert meta["spacy_rnn"]["sentences"] == {"lm_bits_per_char": 1.98765}
    assert meta["performance"]["lm_perplexity"] == 133.062


def test_a_file_of_figures_is_made_again_for_a_newer_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe, text = RECIPES["zh_rnn_classics"], tmp_path / "text"
    text.touch()
    recipes.write_figures(recipe.figures("training"), {})
    output = recipe.figures("test")
    assert not measure_model.is_measured(recipe, output, text)
    recipes.write_figures(output, {"a": 1})
    assert measure_model.is_measured(recipe, output, text)
    later = output.stat().st_mtime_ns + 10**9
    os.utime(recipe.figures("training"), ns=(later, later))
    assert not measure_model.is_measured(recipe, output, text)


def test_the_speed_of_a_chinese_encoder_is_of_text_without_spaces(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = RECIPES["zh_rnn_encoder"]
    raw = ["我爱北京。", "他说：“你好”，用 Python 写了 3 行。", "Hello world 是一句话。"]
    nlp = write_text.load_tokenizer(ROOT / recipe.config)
    lines = [" ".join(t.text for t in nlp.make_doc(text) if not t.is_space) for text in raw]
    recipe.corpus.mkdir(parents=True)
    (recipe.corpus / "test.txt").write_text("\n".join(lines) + "\n", encoding="utf8")
    read = measure_model.read_raw_texts(recipe, nlp)
    # beside Chinese, spaces are a matter of taste
    assert read == [text.replace("用 Python 写了 3 行", "用Python写了3行") for text in raw[:2]] + [
        "Hello world是一句话。"
    ]


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """A recipe with its text, and a training that can be stopped in one of its commands."""
    monkeypatch.chdir(tmp_path)
    recipe, stops = RECIPES["zh_rnn_classics"], set()
    write_corpus(recipe.corpus)
    commands = []

    def pretend(*arguments):
        name, *_ = arguments[3:]
        commands.append(name if "--resume" not in arguments else "resume")
        if name in stops:
            raise OSError(name)
        if name == "train":
            recipe.model.mkdir(parents=True, exist_ok=True)
            (recipe.training / "checkpoint").mkdir(exist_ok=True)
        return 1.0

    monkeypatch.setattr(train_model, "run", pretend)
    monkeypatch.setattr(train_model, "describe_training", lambda recipe: {})
    return recipe, stops, commands


@pytest.mark.parametrize("where", ["vocab", "train"])
@pytest.mark.parametrize("other", ["text", "seed", "steps"])
def test_a_training_of_something_else_that_was_stopped_is_not_taken_as_finished(
    stopped, where, other
):
    recipe, stops, commands = stopped
    train_model.train_model(recipe)
    train_model.train_model(recipe)
    assert commands == ["vocab", "train"]  # the second time it is there
    asked = {other: 1} if other != "text" else {}
    if other == "text":
        text = recipe.corpus / "train.txt"
        before = text.stat().st_mtime_ns
        text.write_text(text.read_text("utf8") + "乙。\n", encoding="utf8")
        os.utime(text, ns=(before, before))  # as a text that was copied
    stops.add(where)
    with pytest.raises(OSError, match=where):
        train_model.train_model(recipe, **asked)
    stops.clear()
    commands.clear()
    train_model.train_model(recipe, **asked)
    assert commands == ["vocab", "train"]  # anew, not from the checkpoint of something else


def test_a_training_that_was_stopped_goes_on_at_its_checkpoint(stopped):
    recipe, _, commands = stopped
    train_model.train_model(recipe)
    recipe.figures("training").unlink()
    commands.clear()
    train_model.train_model(recipe)
    assert commands == ["vocab", "resume"]


@pytest.fixture
def project(tmp_path):
    """The project in a folder with a small embedded corpus."""
    root = tmp_path / "my project"
    for folder in ("scripts", "configs"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "project.yml", root)
    write_corpus(root / "assets" / "zh-modern")
    return root


def command(project, *args, **options):
    words = [sys.executable, *map(str, args)]
    done = subprocess.run(
        words, cwd=project, capture_output=True, encoding="utf8", timeout=300, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_a_wheel_installs_and_its_pipeline_loads_by_name(project):
    given = write_texts(project, "luxun", "pydocs")
    variables = [f"--vars.{name}={path}" for name, path in given.items()]
    job = ["-m", "spacy", "project", "run", "zh_rnn_modern", ".", *variables]
    job.append("--vars.model_steps=1")
    said = command(project, *job)
    assert "without SLING" in said
    wheel = project / "packages" / f"zh_rnn_modern-{spacy_rnn.__version__}-py3-none-any.whl"
    site = project / "site"
    command(project, "-m", "pip", "install", "-q", "--no-deps", "--target", site, wheel)
    program = (
        "import json, spacy; nlp = spacy.load('zh_rnn_modern'); doc = nlp('老师画了苹果。');"
        "print(json.dumps([nlp.meta, doc._.rnn_lm.log_probs.tolist()]))"
    )
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
    output = command(project, "-c", program, env={**os.environ, "PYTHONPATH": path})
    meta, log_probs = json.loads(output.splitlines()[-1])
    trained = spacy.load(project / "training" / "zh_rnn_modern" / "model-best")
    assert log_probs == trained("老师画了苹果。")._.rnn_lm.log_probs.tolist()
    (installed,) = site.glob("zh_rnn_modern/*/README.md")
    # by the reader of meta.json, whose last digits are not those of json
    measured = srsly.read_json(project / "metrics" / "zh_rnn_modern.test.json")
    assert f"| {measured['lm_bits_per_char']:,.3f} |" in installed.read_text("utf8")
    assert meta["spacy_rnn"]["test"] == measured
    assert meta["spacy_rnn"]["training"]["seed"] == 0
    assert f"spacy-rnn>={spacy_rnn.__version__}" in meta["requirements"]
    # what is there is not made again, whatever else has changed
    model = project / "training" / "zh_rnn_modern" / "model-best" / "rnn_lm" / "model"
    before = [path.stat().st_mtime_ns for path in (model, wheel)]
    again = command(project, *job)
    assert "the training is there" in again and " -m spacy" not in again
    assert [path.stat().st_mtime_ns for path in (model, wheel)] == before


@pytest.mark.slow
def test_an_encoder_of_english_reads_sentences_in_the_tokens_of_spacy(project):
    given = write_texts(project, "wikitext")
    command(project, "scripts/models/write_text.py", "en_rnn_encoder", *folders(given))
    docs = DocBin().from_disk(project / "corpus" / "en_rnn_encoder" / "dev.spacy")
    (first, second, *_) = docs.get_docs(spacy.blank("en").vocab)
    assert first.text == ENGLISH[0].replace(" .", ".").replace(" !", "!")
    assert [token.text for token in second] == ["The", "<unk>", "did", "n't", "go", "."]
    figures = json.loads((project / "metrics" / "en_rnn_encoder.corpus.json").read_text("utf8"))
    expected = sum(len(text.split()) + 6 for text in ENGLISH)
    assert figures["train"]["tokens"] == expected


def test_the_extra_for_models_has_what_their_build_asks_for():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    names = {text.partition(">")[0] for text in extras["optional-dependencies"]["models"]}
    asked = "".join(path.read_text("utf8") for path in Path(FOLDER).glob("*.py"))
    assert {name for name in names if f'find_spec("{name}")' in asked} == names


def test_the_table_of_the_docs_has_every_model_and_figure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = write_table
    page = tmp_path / "models.md"
    text = table.PAGE.read_text("utf8")
    page.write_text(text.replace(table.END, "| old |\n" + table.END), "utf8")
    monkeypatch.setattr(table, "PAGE", page)
    write_all_figures(RECIPES["en_rnn_wikitext"])
    table.main()
    before, rest = page.read_text("utf8").split(table.BEGIN)
    rows, after = rest.split(table.END)
    head, _, *rows = ([cell.strip() for cell in row.split("|")[1:-1]] for row in rows.splitlines())
    assert (before, after) == (text.split(table.BEGIN)[0], text.split(table.END)[1])
    assert head[1:] == [f"`{name}`" for name in RECIPES]
    column = {row[0]: row[head.index("`en_rnn_wikitext`")] for row in rows}
    other = {row[0]: row[head.index("`zh_rnn_modern`")] for row in rows}
    assert column["Perplexity, unknown words spelled"] == "155.5"
    assert other["Perplexity, unknown words spelled"] == cards.UNKNOWN
    assert (other["BLiMP, mean by paradigm"], column["SLING, mean by paradigm"]) == ("", "")
    for recipe in RECIPES.values():
        assert {row[0] for row in rows} >= set(cards.find_figures(recipe))


def test_the_page_of_models_names_the_licenses_of_the_recipes():
    page = (ROOT / "docs" / "models.md").read_text("utf8")
    for name, recipe in RECIPES.items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        shown = row.split("|")[-2].strip().replace("CC BY-SA ", "CC-BY-SA-")
        assert shown == recipe.license
