"""What `spacy_rnn` shows: to programs, to type checkers, to notebooks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import spacy_rnn

USER_FILE = """
from collections.abc import Iterable

import spacy
from spacy.tokens import Doc

import spacy_rnn
from spacy_rnn import RNNLM, BatchScorer, LMOutput, Vocabulary


def surprisals(model: str, texts: Iterable[str]) -> list[float]:
    nlp = spacy.load(model)
    lm = nlp.get_pipe("rnn_lm")
    assert isinstance(lm, RNNLM)
    words: Vocabulary = lm.vocabulary
    print(len(words), lm.predict_next("a", k=2)[0][1] + 0.5)
    output: LMOutput = nlp("a")._.rnn_lm
    scorer = BatchScorer(model, measures=("rank",))
    picture: str | None = spacy_rnn.render(nlp("a"), style="next", page=True)
    return [float(len(output)), float(len(picture or "")), len(scorer.columns), *map(len, texts)]


MISTAKES
"""


def check_types(path):
    options = ["--no-error-summary", "--strict", "--follow-imports=silent"]
    command = [sys.executable, "-m", "mypy", *options, str(path)]
    # not installed as a wheel, the package is found by its path only
    environment = {**os.environ, "MYPYPATH": str(Path(spacy_rnn.__file__).parents[1])}
    return subprocess.run(command, capture_output=True, text=True, cwd=path.parent, env=environment)


def test_every_public_name_is_shown_and_there():
    assert set(spacy_rnn.__all__) <= set(dir(spacy_rnn))
    for name in spacy_rnn.__all__:
        assert getattr(spacy_rnn, name) is not None
    assert set(spacy_rnn._LAZY) == set(spacy_rnn.__all__) - {"__version__"}


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'RNNLMs'"):
        _ = spacy_rnn.RNNLMs


@pytest.mark.slow
def test_a_type_checker_knows_the_public_names(tmp_path):
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(USER_FILE.replace("MISTAKES", ""))
    mistakes = 'spacy_rnn.rendr("a")\nx: int = BatchScorer("m").columns\nLMOutput.widht\n'
    wrong.write_text(USER_FILE.replace("MISTAKES", mistakes))
    good, bad = check_types(right), check_types(wrong)
    assert good.returncode == 0, good.stdout
    assert 'Module has no attribute "rendr"' in bad.stdout
    assert bad.stdout.count("error:") == 3, bad.stdout
