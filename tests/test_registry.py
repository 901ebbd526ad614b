"""Every registered name is found without importing the package first."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

METADATA = Path(__file__).parents[1] / "pyproject.toml"

# In a process of its own: entry points alone have to find the names.
RESOLVE = """
import importlib, json, sys
import spacy
from spacy.util import registry
import srsly._msgpack_api as api
spacy.blank("xx")  # spaCy collects the factories only when it makes a pipeline
groups, made = json.loads(sys.argv[1]), {}
for group, names in groups.items():
    for name, target in names.items():
        if group.startswith("srsly_"):
            catalogue = getattr(api, group.removeprefix("srsly_"))
            made[target] = catalogue.get_all()[name]
        else:
            registered = group.removeprefix("spacy_").removeprefix("thinc_")
            made[target] = registry.get(registered, name)
found = {}
for target, value in made.items():
    module, _, attribute = target.partition(":")
    found[target] = value is getattr(importlib.import_module(module), attribute)
print(json.dumps(found))
"""

CHEAP = """
import json, sys
import spacy_rnn
first = set(sys.modules)
import spacy
nlp = spacy.blank("xx")
print(json.dumps([sorted(first), sorted(set(sys.modules))]))
print(spacy_rnn.RNNLM.__name__, spacy_rnn.LMOutput.__name__, spacy_rnn.Vocabulary.__name__,
      spacy_rnn.JiebaTokenizer.__name__, spacy_rnn.__version__)
"""


def run(code, *args):
    command = [sys.executable, "-W", "ignore", "-c", code, *args]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf8")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def entry_points():
    return tomllib.loads(METADATA.read_text("utf8"))["project"]["entry-points"]


@pytest.mark.slow
def test_every_entry_point_resolves_in_a_fresh_process(entry_points):
    found = json.loads(run(RESOLVE, json.dumps(entry_points))[0])
    targets = {target for names in entry_points.values() for target in names.values()}
    assert found == dict.fromkeys(targets, True)


def test_the_public_names_are_entry_points(entry_points):
    names = {name for names in entry_points.values() for name in names}
    assert {
        "rnn_lm",
        "spacy-rnn.JiebaTokenizer.v1",
        "spacy-rnn.RNNLM.v1",
        "spacy-rnn.TextCorpus.v1",
        "spacy-rnn.StreamCorpus.v1",
        "spacy-rnn.batch_by_stream.v1",
        "spacy-rnn.one_cycle.v1",
        "spacy-rnn.warmup_cosine.v1",
        "spacy-rnn.lm_scorer.v1",
        "spacy-rnn.ConsoleLogger.v1",
    } <= names


@pytest.mark.slow
def test_importing_the_package_is_cheap():
    modules, names = run(CHEAP)
    first, after_blank = json.loads(modules)
    # the package alone brings nothing heavy, spacy.blank nothing of ours that needs torch
    assert not {"torch", "spacy", "thinc", "jieba", "numpy"} & set(first)
    assert "spacy_rnn.pipeline.factory" in after_blank
    for module in ("spacy_rnn.pipeline.rnn_lm", "spacy_rnn.network.language_model", "jieba"):
        assert module not in after_blank
    assert names.split()[:4] == ["RNNLM", "LMOutput", "Vocabulary", "JiebaTokenizer"]


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    import spacy_rnn

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = spacy_rnn.no_such_name
    for name in spacy_rnn.__all__:
        assert getattr(spacy_rnn, name)
