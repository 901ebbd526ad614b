"""The shipped configs and the project file say what spaCy and each other understand."""

import json
import re
import shlex
import shutil
import string

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config
from thinc.api import Config
from weasel.cli.run import check_rerun, update_lockfile
from weasel.util import load_project_config

from spacy_rnn.layers.carried import CarriedStates
from spacy_rnn.training.quickstart.config_file import readable

from .helpers import (
    CONFIG,
    ENGLISH,
    ROOT,
    load_script,
    run_spacy,
    train_corpus,
    write_corpus,
)
from .pkuseg_model import train_pkuseg

ALL = sorted((ROOT / "configs").glob("*.cfg"))
MORE = [ROOT / "benchmarks" / "tagger_cnn.cfg", ROOT / "examples" / "tagger_pretrain.cfg"]
CONFIGS = [path for path in ALL if path.name.startswith("rnn_lm")]


@pytest.fixture(scope="module")
def project():
    return srsly.read_yaml(ROOT / "project.yml")


@pytest.mark.parametrize("path", [*ALL, *MORE], ids=lambda path: path.name)
def test_filling_a_config_changes_nothing(path, tmp_path):
    filled = tmp_path / path.name
    result = run_spacy("init", "fill-config", path, filled)
    assert result.exception is None, result.output
    before, after = (p.read_text("utf8").rstrip("\n") for p in (path, filled))
    assert readable(after) == before


def test_configs_show_the_characters_of_their_words():
    assert '["我爱你", 0]' in CONFIG.read_text("utf8")
    assert not [path for path in ALL if "\\u" in path.read_text("utf8")]


@pytest.mark.parametrize(
    "words",
    [
        ["我爱你", ["𠮷野家", 3], "é"],
        ["\\u6211", "\\\\u6211", "\\我"],  # backslashes of the text
        ["\u200b", "a\u0301", "\x7f", "\u2028"],  # what can't be seen
    ],
)
def test_a_readable_config_says_the_same(words):
    config = Config({"nlp": {"tokenizer": {"user_words": words}}})
    text = readable(config.to_str())
    assert Config().from_str(text) == config
    assert readable(text) == text
    for word in ("我爱你", "𠮷野家", "é"):
        assert (word in text) == (word in str(words))


def test_the_project_shows_the_scores_of_the_language_model(project):
    (script,) = (s for command, s in scripts_of(project) if command["name"] == "evaluate")
    assert "-m spacy rnn evaluate " in script


COMMANDS = [
    shlex.split(line)[3:]
    for line in (ROOT / "configs" / "README.md").read_text("utf8").splitlines()
    if line.startswith("python -m spacy rnn init")
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[2])
def test_a_config_is_what_its_command_writes(command, tmp_path):
    path = ROOT / command[2]
    written = tmp_path / path.name
    result = run_spacy(*command[:2], written, *command[3:])
    assert result.exception is None or not result.exit_code, result.output
    assert written.read_text("utf8") == path.read_text("utf8")


def test_every_config_has_a_command():
    assert sorted(ROOT / command[2] for command in COMMANDS) == ALL


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
    training = load_config(path, interpolate=False)["training"]
    assert training["max_steps"] % training["eval_frequency"] == 0
    rate = training["optimizer"]["learn_rate"]
    assert rate["total_steps"] == "${training.max_steps}"


@pytest.mark.slow
def test_the_config_for_streams_trains_with_the_state_carried(tmp_path, monkeypatch):
    corpus, words = write_corpus(tmp_path / "text"), tmp_path / "words.json"
    config = ROOT / "configs" / "rnn_lm_streams.cfg"
    done = run_spacy(
        "rnn", "vocab", corpus / "train.txt", words, "--config", config, "--min-count", 1
    )
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


@pytest.mark.slow
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


TEXT, RUN = "assets/zh-modern", "training/zh-modern"
BENCHMARK = [
    *["benchmarks/tagging.py", "benchmarks/fine_tuning.py"],
    *["benchmarks/tagger_cnn.cfg", "configs/tagger_rnn.cfg"],
]
COMPARE = [
    *["benchmarks/components.py", "benchmarks/fine_tuning.py", "benchmarks/tagger_cnn.cfg"],
]
READ = {
    "novels": ["scripts/split_novels.py", "assets/novels/水浒传.txt"],
    "prepare": [
        *["scripts/prepare.py", "configs/rnn_lm.cfg"],
        *[f"{TEXT}/{part}.txt" for part in ("train", "dev", "test")],
    ],
    "train": [
        *["configs/rnn_lm.cfg", "corpus/zh-modern/train.spacy", "corpus/zh-modern/dev.spacy"],
    ],
    "evaluate": ["corpus/zh-modern/test.spacy", f"{RUN}/model-best/rnn_lm/model"],
    "report": [
        *[
            "scripts/report.py",
            "scripts/report_texts.toml",
            "corpus/zh-modern/test.spacy",
            f"{RUN}/model-best/rnn_lm/model",
        ],
        *[f"{RUN}/log.jsonl", "metrics/test.json"],
    ],
    "sentences-en": [
        *["scripts/wikitext.py", "assets/wikitext-2/train.txt"],
        *["assets/wikitext-2/valid.txt"],
    ],
    "text-en": [
        *["scripts/wikitext.py", "assets/wikitext-2/train.txt", "assets/wikitext-2/valid.txt"],
    ],
    "model-en": [
        *["configs/rnn_lm_en.cfg", "corpus/wikitext/train.spacy", "corpus/wikitext/dev.spacy"],
    ],
    "surprisals": [
        *["training/wikitext-0/model-last/config.cfg", "assets/natural-stories/words.tsv"],
    ],
    "regression": ["scripts/reading_times.py", "training/reading-times-0.tsv"],
    "pairs": ["training/wikitext-0/model-last/config.cfg", "assets/blimp/one.jsonl"],
    "encoder-en": [
        *["configs/encoder_en.cfg", "corpus/sentences-en/train.txt", "corpus/sentences-en/dev.txt"],
    ],
    "tag-en": [
        *[*BENCHMARK, "assets/ud-en-ewt/en_ewt-ud-dev.conllu"],
        *["assets/ud-en-ewt/en_ewt-ud-test.conllu", "training/encoder-en/model-last/config.cfg"],
    ],
    "sentences-zh": [
        *["scripts/chinese_sentences.py", "assets/zh-classics/train.txt"],
        *["assets/zh-classics/dev.txt", f"{TEXT}/train.txt", f"{TEXT}/dev.txt"],
    ],
    "encoder-zh": [
        *["configs/encoder_zh.cfg", "corpus/sentences-zh/train.txt", "corpus/sentences-zh/dev.txt"],
    ],
    "tag-zh": [
        *[*BENCHMARK, "assets/ud-zh-gsdsimp/zh_gsdsimp-ud-dev.conllu"],
        *["assets/ud-zh-gsdsimp/zh_gsdsimp-ud-test.conllu"],
        *["training/encoder-zh/model-last/config.cfg"],
    ],
    "compare-ner-en": [
        *[*COMPARE, "assets/ner-en/train.spacy", "assets/ner-en/test.spacy"],
        *["training/encoder-en/model-last/config.cfg", "corpus/sentences-en/train.txt"],
    ],
    "compare-ner-zh": [
        *[*COMPARE, "assets/ner-zh/train.spacy", "assets/ner-zh/test.spacy"],
        *["training/encoder-zh/model-last/config.cfg", "corpus/sentences-zh/train.txt"],
    ],
    "compare-textcat": [
        *[*COMPARE, "assets/textcat/train.spacy", "assets/textcat/test.spacy"],
        *["training/encoder-en/model-last/config.cfg", "corpus/sentences-en/train.txt"],
    ],
}


@pytest.mark.parametrize("name", READ)
def test_a_command_runs_again_when_anything_it_reads_has_changed(name, tmp_path):
    shutil.copy(ROOT / "project.yml", tmp_path)
    (command,) = (c for c in load_project_config(tmp_path)["commands"] if c["name"] == name)
    for path in READ[name]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("before")
    assert all((tmp_path / path).exists() for path in command["deps"])
    update_lockfile(tmp_path, command)
    assert not check_rerun(tmp_path, command)
    for path in READ[name]:
        (tmp_path / path).write_text("after")
        assert check_rerun(tmp_path, command), path
        (tmp_path / path).write_text("before")


def test_every_command_with_an_output_is_looked_at(project):
    assert set(READ) == {c["name"] for c in project["commands"] if "outputs" in c}


def test_what_the_main_job_depends_on_is_there_when_its_turn_comes(tmp_path):
    shutil.copy(ROOT / "project.yml", tmp_path)  # weasel makes folders where it loads it
    project = load_project_config(tmp_path)
    commands = {command["name"]: command for command in project["commands"]}
    written = set()
    for name in project["workflows"]["all"]:
        for path in commands[name]["deps"]:
            # what earlier runs left here doesn't count
            kept = path.split("/")[0] not in ("corpus", "training", "metrics")
            assert path in written or (kept and (ROOT / path).exists()), (name, path)
        written.update(commands[name].get("outputs", ()))
        written.update(commands[name].get("outputs_no_cache", ()))


@pytest.mark.parametrize("posix", [True, False], ids=["posix", "windows"])
def test_a_variable_with_a_space_stays_one_argument(project, posix):
    """As weasel splits scripts, here and on Windows, where shlex leaves quotes as they are."""
    words = {name: value for name, value in project["vars"].items() if isinstance(value, str)}
    assert {"config", "name", "text", "metrics", "wikitext", "treebank_zh"} <= set(words)
    values = project["vars"] | {name: f"my  {name}'s" for name in words}
    unquoted = load_script("unquoted").unquoted
    for _, script in scripts_of(project):
        script = script.replace("${vars.", "${")
        expected = [
            string.Template(argument).substitute(values)
            for argument in script.replace('"', "").split(" ")
        ]
        made = shlex.split(string.Template(script).substitute(values), posix=posix)
        assert unquoted(made) == expected


@pytest.mark.slow
def test_prepare_runs_on_folders_with_spaces_in_their_names_and_again_on_other_text(tmp_path):
    root = tmp_path / "my project"
    for folder in ("scripts", "configs"):
        shutil.copytree(ROOT / folder, root / folder)
    shutil.copy(ROOT / "project.yml", root)
    text = write_corpus(root / "my texts")
    variables = ["--vars.text", "my texts", "--vars.name", "my  corpus"]

    def prepare():
        done = run_spacy("project", "run", "prepare", root, *variables)
        assert done.exit_code == 0, done.output
        docs = DocBin().from_disk(root / "corpus" / "my  corpus" / "test.spacy")
        return [doc.text for doc in docs.get_docs(spacy.blank("zh").vocab)]

    assert prepare() == (text / "test.txt").read_text("utf8").splitlines()
    (text / "test.txt").write_text("妹妹画了苹果。\n", encoding="utf8")
    assert prepare() == ["妹妹画了苹果。"]


def write_tagged(path, texts):
    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text in texts]
    for doc in docs:
        for token in doc:
            token.tag_ = "ABC"[len(token) % 3]
    DocBin(docs=docs).to_disk(path)


@pytest.mark.slow
def test_the_pretraining_config_serves_both_commands(tmp_path):
    """As docs/encoders.md has it: a vocabulary, spacy pretrain, spacy train."""
    raw, words, labelled = (tmp_path / name for name in ("raw.txt", "words.json", "tags.spacy"))
    raw.write_text("\n".join(ENGLISH) + "\n", encoding="utf8")
    write_tagged(labelled, ENGLISH[:12])
    config = ROOT / "examples" / "tagger_pretrain.cfg"
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
        ["rnn", "vocab", raw, words, "--config", ROOT / "configs" / "encoder_en.cfg"],
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
