"""`python -m spacy rnn predict MODEL [PROMPT]…`."""

import json
from collections.abc import Sequence

from typer import Argument, Option

from ..messages import answer
from ..scoring.releasing import memory_zone
from ..scoring.selecting import keep_only
from . import rnn
from .options import Code, Component, GpuId
from .pipelines import load_language_model
from .plain_errors import plain_errors
from .prompts import read_prompts


@rnn.command("predict")
@plain_errors
def predict_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    prompts: list[str] = Argument(
        None, metavar="PROMPT", help="Texts; without any, or for -, the lines of stdin"
    ),
    k: int = Option(5, "-k", help="How many words"),
    as_json: bool = Option(False, "--json", help="Write a JSON object a line"),
    component: Component = None,
    gpu_id: GpuId = -1,
    code: Code = None,
) -> None:
    """Predict the next word of texts: the most probable words with their probabilities.

    An empty text is the beginning of a document, </s> the end of one.
    """
    nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    keep_only(nlp, lm)
    for prompt in read_prompts(prompts or ["-"]):
        with memory_zone(nlp):  # the standard input may never end
            words = lm.predict_next(prompt, k)
        answer(to_json(prompt, words) if as_json else to_table(prompt, words))


def to_json(prompt: str, words: Sequence[tuple[str, float]]) -> str:
    """RETURNS (str): A JSON object."""
    found = [{"word": word, "probability": probability} for word, probability in words]
    return json.dumps({"prompt": prompt, "next": found}, ensure_ascii=False)


def to_table(prompt: str, words: Sequence[tuple[str, float]]) -> str:
    """RETURNS (str): The prompt and, below it, a row for each word."""
    rows = [f"  {probability:.4f}  {_printable(word)}" for word, probability in words]
    return "\n".join([f"{_printable(prompt)} …", *rows])


def _printable(text: str) -> str:
    return text if text.isprintable() else json.dumps(text, ensure_ascii=False)
