"""`python -m spacy rnn predict`: the most probable next words."""

import json
import os

import pytest

from ..helpers import make_pipeline
from .conftest import fail, run_process, succeed


def objects(done):
    return [json.loads(line) for line in done.stdout_bytes.decode().splitlines()]


def test_json_holds_the_words_and_probabilities_of_the_component(model, nlp):
    prompts = ["the grey", "", "a tired zeppelin"]
    found = objects(succeed("predict", model, *prompts, "--json", "-k", 3))
    assert [one["prompt"] for one in found] == prompts
    for one in found:
        words = nlp.get_pipe("rnn_lm").predict_next(one["prompt"], 3)
        assert [entry["word"] for entry in one["next"]] == [word for word, _ in words]
        found = [entry["probability"] for entry in one["next"]]
        assert found == pytest.approx([probability for _, probability in words], rel=1e-5)


def test_a_table_has_a_row_for_each_word(model, nlp):
    lines = succeed("predict", model, "the grey").stdout.splitlines()
    words = nlp.get_pipe("rnn_lm").predict_next("the grey")
    assert lines[0].startswith("the grey")
    assert [line.split() for line in lines[1:]] == [[f"{p:.4f}", word] for word, p in words]
    assert len(words) == 5


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_each_line_of_stdin_is_a_prompt(model, arguments):
    done = succeed("predict", model, "--json", *arguments, input="the grey\n\nour\r\nthe")
    assert [one["prompt"] for one in objects(done)] == ["the grey", "", "our", "the"]


@pytest.mark.slow
def test_a_process_answers_in_utf8(model):
    done = run_process("predict", model, "--json", "-k", 1, input="天 é\n".encode())
    assert json.loads(done.stdout.decode())["prompt"] == "天 é"
    done = run_process("predict", model, input=b"the\n\xff\n")
    assert done.returncode == 1
    assert b"standard input, line 2" in done.stderr and b"Traceback" not in done.stderr


def test_words_that_cannot_be_seen_are_quoted(tmp_path):
    make_pipeline(["a\nb", "c\nd"], top_k=1).to_disk(tmp_path / "model")
    done = succeed("predict", tmp_path / "model", "a", "-k", 6)
    assert '"\\n"' in done.stdout
    assert len(done.stdout.splitlines()) == 7


def test_errors_of_the_component_are_one_line(model, tmp_path):
    assert "R308" in fail("predict", model, "the", "-k", 1000)
    assert "R009" in fail("predict", model, "the", "-k", 0)
    make_pipeline(model={"direction": "backward"}).to_disk(tmp_path / "backward")
    error = fail("predict", tmp_path / "backward", "the")
    assert "R324" in error and len(error.strip().splitlines()) == 1
    assert "R503" in fail("predict", model, "the", "--component", "other")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_results_are_utf8_whatever_the_locale_is(model, tmp_path, encoding):
    (tmp_path / "text.txt").write_text("the cat\n")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for args in (["predict", model, "我爱"], ["compare", model, "--text", tmp_path / "text.txt"]):
        done = run_process(*args, env=environment)
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode("utf8")
    assert "我爱" in run_process("predict", model, "我爱", env=environment).stdout.decode("utf8")
