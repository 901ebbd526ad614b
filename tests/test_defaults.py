"""Defaults of options stand in one place: signatures, factory and configs have them from there."""

import ast
import inspect
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import spacy
from spacy.util import load_config

import spacy_rnn
from spacy_rnn import RNNLM, Vocabulary
from spacy_rnn.defaults import COMPONENT, ENCODER, MODEL, default_config
from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.layers.rnn_tok2vec import build_rnn_tok2vec

from .helpers import ROOT, make_trained

PACKAGE = Path(spacy_rnn.__file__).parent
OPTIONS = {field.name for field in (*fields(MODEL), *fields(COMPONENT))}
# The rooms that make vocabularies, models and components, and the command that makes vocabularies.
MAKERS = ("vocabulary/", "layers/", "pipeline/", "training/", "cli/vocab.py", "defaults.py")
# Other things of the same name there: a column's needs, how words are drawn, which of several
# directions, a vocabulary that may not be at hand, where a request starts from, what spelling adds,
# and the network of others.
OTHER = {
    ("layers/example_network.py", "cell"),
    ("pipeline/adding_up.py", "annotations"),
    ("pipeline/annotations.py", "direction"),
    ("pipeline/annotations.py", "spelling"),
    ("pipeline/counting.py", "direction"),
    ("pipeline/counting.py", "spelling"),
    ("pipeline/output.py", "spelling"),
    ("pipeline/prompting.py", "top_k"),
    ("pipeline/token_numbers.py", "vocabulary"),
    ("pipeline/tracing.py", "direction"),
    ("training/quickstart/", "source"),
}
CONFIGS = sorted((ROOT / "configs").glob("*.cfg"))
# What `rnn init` decides: how large, which way, of which text, and what is a word; an encoder that
# only serves does no work of its own.
SPELLERS = {"speller_width", "speller_ngram_rows", "spelling"}
CHOSEN = {"width", "direction", "subword_rows", "vocabulary", *SPELLERS}
CHOSEN |= {"min_count", "white_space", "normalize", "source", "lm_weight", "annotations"}


def written_defaults():
    """(file, option, value) of all arguments and fields of an option's name with a literal."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(MAKERS):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            pairs = []
            if isinstance(node, ast.FunctionDef):
                arguments = node.args.posonlyargs + node.args.args
                given = node.args.defaults
                pairs = [*zip(arguments[len(arguments) - len(given) :], given, strict=True)]
                pairs += zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                pairs = [(argument.arg, value) for argument, value in pairs if value is not None]
            elif isinstance(node, ast.ClassDef):
                lines = [line for line in node.body if isinstance(line, ast.AnnAssign)]
                pairs = [(ast.unparse(line.target), line.value) for line in lines if line.value]
            for option, value in pairs:
                # typer's None: as the config says
                is_flag = isinstance(value, ast.Call) and ast.unparse(value).startswith(
                    ("Option(None", "Argument(")
                )
                if option in OPTIONS and not isinstance(value, ast.Attribute) and not is_flag:
                    yield name, option, ast.unparse(value)


def test_a_default_is_written_in_one_place():
    found = [
        (name, option, value)
        for name, option, value in written_defaults()
        if not any(name.startswith(place) and option == own for place, own in OTHER)
    ]
    assert {name for name, _, _ in found} == {"defaults.py"}
    assert sorted(option for _, option, _ in found) == sorted(OPTIONS)


@pytest.mark.parametrize(
    ("function", "defaults", "without"),
    [
        (build_rnn_lm, MODEL, set()),
        (
            build_rnn_tok2vec,
            ENCODER,
            {*SPELLERS, "cutoffs", "prediction_precision"},
        ),
        (RNNLM.__init__, COMPONENT, set()),
    ],
)
def test_signatures_have_the_defaults_in_their_order(function, defaults, without):
    parameters = inspect.signature(function).parameters
    expected = {k: v for k, v in vars(defaults).items() if k not in without}
    found = {name: p.default for name, p in parameters.items() if name in OPTIONS - {"model"}}
    assert list(found.items()) == list(expected.items())


def test_a_vocabulary_has_the_options_of_a_model():
    options = Vocabulary([("a", 1)]).options
    assert options == {name: getattr(MODEL, name) for name in options}
    parameters = inspect.signature(Vocabulary.from_docs).parameters
    for name in ("min_count", "max_size"):
        assert parameters[name].default == getattr(COMPONENT, name)


def test_a_new_component_has_the_defaults_in_its_config():
    nlp = spacy.blank("xx")
    lm = nlp.add_pipe("rnn_lm")
    config = nlp.config["components"]["rnn_lm"]
    # spaCy fills the scorer's own options in
    scorer = {**default_config()["scorer"], "prefix": config["scorer"]["prefix"]}
    assert config == {"factory": "rnn_lm", **default_config(), "scorer": scorer}
    assert config["model"] == {"@architectures": "spacy-rnn.RNNLM.v1", **asdict(MODEL)}
    for name, value in vars(COMPONENT).items():
        if not name.startswith("cache_"):
            assert getattr(lm, name) == value
    assert vars(lm.cache) == {
        name.removeprefix("cache_"): value
        for name, value in vars(COMPONENT).items()
        if name.startswith("cache_")
    }


WITH_MODEL = [path for path in CONFIGS if "rnn_lm" in load_config(path)["components"]]


@pytest.mark.parametrize("path", WITH_MODEL, ids=lambda path: path.name)
def test_a_shipped_config_has_the_defaults_of_what_it_does_not_choose(path):
    config = load_config(path)["components"]["rnn_lm"]
    found = {**config["model"], **config}
    others = OPTIONS - CHOSEN
    expected = {**vars(MODEL), **vars(COMPONENT)}
    assert {name: found[name] for name in others} == {name: expected[name] for name in others}


def test_another_default_changes_no_saved_pipeline(tmp_path):
    nlp = make_trained()
    nlp.to_disk(tmp_path)
    config = load_config(tmp_path / "config.cfg")["components"]["rnn_lm"]
    assert {*config["model"], *config} >= OPTIONS
