"""Every piece of Python in README and docs runs, and gives what its comments say."""

import ast
import contextlib
import io
import re
import tokenize

import numpy as np
import pytest

import spacy_rnn

from ..helpers import run_spacy
from .markdown import FILES, blocks, commands
from .markdown import Code as Piece

PIECES = [pytest.param(path, id=path.name) for path in FILES if any(blocks(path, "python", "py"))]
# What a comment can begin with that is compared: a literal, or the type and shape of an array.
_LITERAL = re.compile(r"(True|False|None|-?\d[\d.]*|'[^']*'|\"[^\"]*\")(?=[:;,.]|\s|$)")
_ARRAY = re.compile(r"(float32|int32|int64) \(([^)]*)\)")


def comments_of(text):
    """RETURNS (Dict[int, str]): The comment at the end of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def check_value(value, comment):
    """RAISES (AssertionError): If the value isn't what the comment says."""
    if found := _LITERAL.match(comment):
        assert value == ast.literal_eval(found[1]), comment
    elif found := _ARRAY.match(comment):
        assert isinstance(value, np.ndarray) and value.dtype == found[1], comment
        assert value.ndim == len([name for name in found[2].split(",") if name.strip()]), comment
    elif comment.startswith("["):
        assert isinstance(value, list), comment
    elif comment.startswith("("):
        assert isinstance(value, tuple), comment
    elif comment.startswith("{"):
        assert isinstance(value, dict), comment


def run(piece, names):
    """Run a piece, statement by statement: the value of an expression is what its comment says."""
    comments = comments_of(piece.text)
    where = str(piece)
    text = piece.text.replace("/shared/model", "path/to/model")
    for statement in ast.parse(text).body:
        comment = comments.get(statement.end_lineno, "")
        if isinstance(statement, ast.Expr):
            code = compile(ast.Expression(statement.value), where, "eval")
            check_value(eval(code, names), comment)
        else:
            exec(compile(ast.Module([statement], []), where, "exec"), names)


@pytest.mark.parametrize("path", PIECES)
def test_the_python_of_a_file_runs_from_top_to_bottom(path, around):
    for piece in blocks(path, "python", "py"):
        run(piece, around)


@pytest.mark.parametrize("path", [each for each in PIECES if "readers" in each.values[0].parts])
def test_the_python_of_a_page_for_readers_needs_nothing_from_elsewhere(path, workplace):
    names = {}
    for piece in blocks(path, "python"):
        run(piece, names)


@pytest.mark.parametrize(
    "text",
    [
        "lm.vocabulary.knows(doc[1])  # False: it was read as <unk>",
        "doc._.rnn_lm.hidden  # float32 (n_tokens,): the states",
        "doc._.rnn_lm.hidden  # int64 (n_tokens, width)",
        "doc._.rnn_surprisal  # [(word, probability), …]",
        "lm.no_such_method()",
        "import no_such_module",
    ],
)
def test_a_piece_that_is_wrong_is_found(text, around):
    with pytest.raises((AssertionError, AttributeError, ImportError)):
        run(Piece(FILES[0], 1, "python", text), around)


def test_a_function_of_a_piece_can_be_used(around):
    """Those that the docs only define: Spark's for GPUs, a tokenizer's memory zone."""
    around |= {"spacy_rnn": spacy_rnn, "contextlib": contextlib}
    for path in FILES:
        for piece in blocks(path, "python"):
            run(piece, around) if "def score(" in piece.text or "class My" in piece.text else None
    assert callable(around["score"])
    with around["MyTokenizer"]().memory_zone(3) as zone:
        assert zone == 3


QUICK = ("score", "evaluate", "compare", "predict", "generate", "vocab")
RUN = [
    pytest.param(words, id=" ".join(words)[:60])
    for path in FILES
    for code in blocks(path, "bash")
    for words in commands(code)
    if words[:4] in [["python", "-m", "spacy", "rnn"]] and words[4] in QUICK
]


@pytest.mark.parametrize("words", RUN)
def test_a_command_that_takes_no_time_runs(words, workplace):
    done = run_spacy(*words[3:])
    assert done.exit_code == 0, (done.output, done.exception)
