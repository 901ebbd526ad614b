"""`rnn init`: the config that was asked for, in a file."""

import pytest
from spacy.cli.init_config import init_config
from spacy.util import load_config

from spacy_rnn.training.quickstart.requests import ConfigRequest, make_config
from spacy_rnn.training.quickstart.sizes import Budget

from .conftest import fail, run, succeed


def test_it_writes_the_config_that_was_asked_for_and_says_how_to_train(tmp_path):
    path = tmp_path / "new" / "lm.cfg"
    done = succeed("init", path, "--task", "lm", "--lang", "en", "--size", "small", "--steps", 60)
    expected, _ = make_config(ConfigRequest("lm", "en", size="small", budget=Budget.of(60)))
    assert load_config(path) == expected
    assert f"python -m spacy train {path} --output" in done.stderr


def test_settings_are_put_in_last(tmp_path):
    path = tmp_path / "lm.cfg"
    succeed("init", path, "--lang", "en", "--training.dropout", 0.11, "--nlp.batch_size=7")
    config = load_config(path)
    assert (config["training"]["dropout"], config["nlp"]["batch_size"]) == (0.11, 7)


def test_a_setting_that_there_is_not_is_an_error_and_nothing_is_written(tmp_path):
    path = tmp_path / "lm.cfg"
    done = run("init", path, "--lang", "en", "--components.rnn_lm.model.witdh", 3)
    assert done.exit_code == 1
    assert "witdh" in done.output
    assert not path.exists()


def test_a_file_that_is_there_is_kept_unless_it_may_be_overwritten(tmp_path):
    path = tmp_path / "lm.cfg"
    path.write_text("mine")
    assert "R640" in fail("init", path, "--lang", "en")
    assert path.read_text() == "mine"
    succeed("init", path, "--lang", "en", "--overwrite")
    assert load_config(path)["nlp"]["lang"] == "en"


@pytest.mark.slow
def test_what_is_swapped_in_a_base_is_told(tmp_path):
    base, path = tmp_path / "base.cfg", tmp_path / "ner.cfg"
    init_config(lang="en", pipeline=["ner"], optimize="efficiency").to_disk(base)
    told = succeed("init", path, "--task", "ner", "--base", base).stderr
    assert "[components.ner.model.tok2vec]" in told
    assert "[components.tok2vec] gone" in told


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--steps", 5, "--minutes", 1, "--lang", "en"], "R641"),
        (["--steps", 0, "--lang", "en"], "R009"),
        ([], "R639"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments, code, tmp_path):
    assert code in fail("init", tmp_path / "lm.cfg", *arguments)
