"""`python -m spacy rnn generate`: texts that a language model writes."""

import json

import pytest

from ..helpers import make_pipeline
from .conftest import fail, succeed

OPTIONS = {"max_tokens": 6, "temperature": 0.7, "top_k": 9, "top_p": 0.9}
GIVEN = [x for name, value in OPTIONS.items() for x in (f"--{name.replace('_', '-')}", value)]


def test_texts_are_those_of_the_component(model, nlp):
    done = succeed("generate", model, "the grey", "", *GIVEN, "-n", 2, "--seed", 5, "--json")
    found = [json.loads(line) for line in done.stdout_bytes.decode().splitlines()]
    pairs = [("the grey", 5), ("the grey", 6), ("", 5), ("", 6)]
    assert [(one["prompt"], one["seed"]) for one in found] == pairs
    lm = nlp.get_pipe("rnn_lm")
    expected = [lm.generate(prompt, seed=seed, **OPTIONS) for prompt, seed in pairs]
    assert [one["text"] for one in found] == expected


def test_plain_texts_stand_below_each_other(model, nlp):
    lm = nlp.get_pipe("rnn_lm")
    done = succeed("generate", model, "-", "--temperature", 0, input="our\nthe grey\n")
    expected = [lm.generate(prompt, temperature=0) for prompt in ("our", "the grey")]
    assert done.stdout.splitlines() == expected
    assert succeed("generate", model).stdout == lm.generate("") + "\n"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--top-p", 0], "R309"),
        (["--temperature", -1], "R309"),
        (["--max-tokens", -1], "R309"),
        (["-n", 0], "R009"),
    ],
)
def test_bad_options_are_one_line(model, options, code):
    error = fail("generate", model, "the", *options)
    assert code in error and len(error.strip().splitlines()) == 1


def test_a_backward_model_writes_nothing(tmp_path):
    make_pipeline(model={"direction": "backward"}).to_disk(tmp_path / "backward")
    assert "R324" in fail("generate", tmp_path / "backward", "the")
