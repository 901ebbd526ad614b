"""In a command, errors name options by the flags that its user gives."""

import pytest

from spacy_rnn.cli.evaluate import evaluate_cli
from spacy_rnn.cli.flags import flags_of, with_flags
from spacy_rnn.cli.generate import generate_cli
from spacy_rnn.cli.train import train_cli
from spacy_rnn.cli.vocab import vocab_cli
from spacy_rnn.errors import Errors

from ..helpers import CONFIG, run_spacy
from .conftest import fail, run


def test_flags_are_those_that_help_shows():
    for command, name in ((generate_cli, "generate"), (vocab_cli, "vocab"), (train_cli, "train")):
        shown = run(name, "--help", "--no-such-option").output + run(name, "--help").output
        for flag in flags_of(command).values():
            assert flag in shown, (name, flag)
    assert flags_of(train_cli)["checkpoint_every"] == flags_of(train_cli)["every"]
    assert flags_of(generate_cli)["gpu_id"] == "--gpu-id"


@pytest.mark.parametrize(
    "message, expected",
    [
        ("give it as `text_key`.", "give it as --text-key."),
        ("line_end = 'x y' can't be", "--line-end 'x y' can't be"),
        ("and set tokenized = true.", "and set --tokenized."),
        ('(document = "line" makes', "(--document line makes"),
        ("Lower min_count, raise max_size.", "Lower --min-count, raise --max-size."),
        # what isn't an option of the command, and what isn't an option at all
        ("raise nlp.max_size, `width`", "raise nlp.max_size, `width`"),
        ("text_key.jsonl, a/text_key/b, my_text_key", "text_key.jsonl, a/text_key/b, my_text_key"),
        ("the document, the config, a lang", "the document, the config, a lang"),
    ],
)
def test_names_become_flags_where_they_are_options(message, expected):
    assert with_flags(message, vocab_cli) == expected


def test_a_key_that_is_not_there_is_named_as_the_option_that_gives_it(quick, tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"body": "the boat"}\n')
    for command in (["score", "", path], ["vocab", path, tmp_path / "w.json"]):
        error = " ".join(fail(*command).split())
        assert "R209" in error and "give it as --text-key." in error, error
    assert "give it as `text_key`." in Errors.R209
    assert with_flags(Errors.R209, evaluate_cli).endswith("--text-key.")


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["generate", "--top-k", "-1"], "--top-k has to be"),
        (["generate", "-n", "0"], "-n has to be"),
        (["predict", "x", "-k", "0"], "-k has to be"),
        (["predict", "x", "-k", "1000000"], "-k 1000000 is more"),
    ],
)
def test_numbers_out_of_range_name_their_flag(model, arguments, expected):
    command, *options = arguments
    assert expected in " ".join(fail(command, model, *options).split())


@pytest.mark.parametrize(
    "option, value, code",
    [
        ("--components.rnn_lm.model.cell", "elman", "R008"),
        ("--components.rnn_lm.top_k", "0", "R009"),
        ("--corpora.train.document", "word", "R215"),
        ("--nlp.tokenizer.engine", "rjeiba", "R008"),
        ("--paths.train", "nowhere.txt", "R202"),
        ("--components.rnn_lm.min_count", "100000", "R003"),
    ],
)
def test_a_setting_that_cannot_be_used_is_shown_without_a_traceback(
    workflow, tmp_path, option, value, code
):
    """By spaCy's command on stdout as it shows its own, by ours in one line on stderr."""
    paths = {"--paths.train": workflow.text / "train.txt", "--paths.dev": workflow.text / "dev.txt"}
    paths[option] = value
    given = [item for pair in paths.items() for item in pair]
    for output, command in ((tmp_path / "a", ["train"]), (tmp_path / "b", ["rnn", "train"])):
        done = run_spacy(*command, CONFIG, "--output", output, *given)
        assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
        shown = " ".join(done.output.split())
        assert shown.count(f"✘ [{code}]") == 1 and "Traceback" not in shown
        assert value in shown


def test_the_error_of_a_setting_is_a_value_error_with_the_message_alone():
    from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
    from spacy_rnn.tokenizers import create_jieba_tokenizer

    for call in (
        lambda: build_rnn_lm(cell="elman"),
        lambda: create_jieba_tokenizer(engine="elman"),
    ):
        with pytest.raises(ValueError) as caught:
            call()
        assert str(caught.value).startswith("[R008] Unknown ") and "elman" in str(caught.value)
