"""The file of the console logger: figures in full, and files that were there before."""

import io
import json
import math

import pytest

from spacy_rnn.training.log_outputs import read_evaluations
from spacy_rnn.training.logger import create_console_logger

from .test_logger import LM_SCORES, Run, loss_of, make_nlp


def test_file_has_a_line_of_raw_figures_for_every_evaluation(tmp_path):
    path = tmp_path / "new" / "folder" / "log.jsonl"
    run = Run(make_nlp("lm", lm_prob=1.0), output_file=path)
    scores = {**LM_SCORES, "lm_bits_per_char": None, "per_type": {"A": {"f": 0.5}}}
    run.evaluate(loss_of(8.0, 3), scores, score=0.025)
    # It is there before the training ends.
    assert len(path.read_text(encoding="utf8").splitlines()) == 1
    run.train(9)
    run.evaluate({**loss_of(5.0, 400), "other": math.nan}, {"lm_perplexity": math.inf}, epoch=2)
    run.logger.finalize()
    first, second = map(json.loads, path.read_text(encoding="utf8").splitlines())
    assert first == {
        "epoch": 0,
        "step": 0,
        "train_perplexity": pytest.approx(8.0),
        "tokens_per_second": None,
        "seconds": 61,
        "seconds_left": None,
        "scores": scores,
        "losses": {"lm": pytest.approx(3 * math.log(8)), "lm_tokens": 3},
        "score": 0.025,
        "best": True,
    }
    assert second["train_perplexity"] == pytest.approx(5.0)
    assert second["tokens_per_second"] == pytest.approx(40.0)
    assert (second["epoch"], second["step"], second["best"]) == (2, 10, False)
    assert second["scores"] == {"lm_perplexity": None}
    assert second["losses"]["other"] is None


def test_file_has_a_line_every_thirty_seconds_between_evaluations(tmp_path):
    path = tmp_path / "log.jsonl"
    run = Run(make_nlp("lm", max_steps=200), output_file=path)
    run.evaluate(loss_of(8.0, 3), LM_SCORES)
    run.train(95)
    lines = [json.loads(line) for line in path.read_text("utf8").splitlines()]
    assert [line["step"] for line in lines] == [0, 30, 60, 90]
    # the evaluation took a minute, the first step and each of the others a second
    assert lines[1] == {
        "progress": True,
        "step": 30,
        "max_steps": 200,
        "seconds": 61 + 30,
        "seconds_a_step": 1.0,
        "seconds_left": 200 - 31,
    }
    run.evaluate(loss_of(8.0, 3), LM_SCORES)
    run.train(29)
    assert [line["step"] for line in read_evaluations(path)] == [0, 96]
    assert len(path.read_text("utf8").splitlines()) == 5
    # a training without an end known says so, and one that goes on counts on
    other = Run(make_nlp("lm", max_steps=0), output_file=tmp_path / "other.jsonl")
    other.logger.count_from(1000, 500.0)
    other.train(30)
    (line,) = map(json.loads, (tmp_path / "other.jsonl").read_text("utf8").splitlines())
    assert (line["step"], line["seconds"]) == (1029, 530)
    assert line["max_steps"] is None and line["seconds_left"] is None


def test_train_perplexity_in_the_file_is_named_if_there_are_several(tmp_path):
    path = tmp_path / "log.jsonl"
    run = Run(make_nlp("a", "b"), output_file=path)
    run.evaluate({**loss_of(2.0, 9, "a"), **loss_of(3.0, 9, "b")})
    none = Run(make_nlp("c"), output_file=tmp_path / "none.jsonl")
    none.evaluate({"c": 1.0})
    perplexity = json.loads(path.read_text())["train_perplexity"]
    assert perplexity == {"a": pytest.approx(2.0), "b": pytest.approx(3.0)}
    assert json.loads((tmp_path / "none.jsonl").read_text())["train_perplexity"] is None


def test_existing_file_is_kept_under_a_new_name_and_a_message_says_so(tmp_path):
    path = tmp_path / "log.jsonl"
    for content in ["first", "second"]:
        path.write_text(content)
        run = Run(make_nlp("lm"), output_file=path)
        run.evaluate(loss_of(9.0, 5), LM_SCORES)
        run.logger.finalize()
    assert (tmp_path / "log.1.jsonl").read_text() == "first"
    assert (tmp_path / "log.2.jsonl").read_text() == "second"
    assert json.loads(path.read_text())["step"] == 0
    message = f"{path} was there already: it is now {tmp_path / 'log.2.jsonl'}"
    assert message in " ".join(run.stdout.getvalue().split())


def test_empty_file_is_used_and_no_file_is_made_before_training(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("")
    create_console_logger(output_file=tmp_path / "not yet" / "log.jsonl")
    Run(make_nlp("lm"), output_file=path).logger.finalize()
    assert [p.name for p in tmp_path.iterdir()] == ["log.jsonl"]


@pytest.mark.parametrize("name", ["folder", "file/log.jsonl"])
def test_file_that_cannot_be_written_is_an_error(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("in the way")
    setup = create_console_logger(output_file=str(tmp_path / name))
    with pytest.raises(ValueError, match=r"R220.*output_file"):
        setup(make_nlp("lm"), io.StringIO(), io.StringIO())


def test_finalize_can_come_at_any_time_and_twice(tmp_path):
    run = Run(make_nlp("lm"), output_file=tmp_path / "log.jsonl")
    run.logger.finalize()
    run.logger.finalize()
