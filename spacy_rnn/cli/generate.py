"""`python -m spacy rnn generate MODEL [PROMPT]…`."""

import json

from typer import Argument, Option

from ..messages import answer
from ..scoring.releasing import memory_zone
from ..scoring.selecting import keep_only
from ..validation import check_size
from . import rnn
from .options import Code, Component, GpuId
from .pipelines import load_language_model
from .plain_errors import plain_errors
from .prompts import read_prompts


@rnn.command("generate")
@plain_errors
def generate_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    prompts: list[str] = Argument(
        None,
        metavar="PROMPT",
        help="How the texts begin; - for the lines of stdin, none for the beginning of a document",
    ),
    count: int = Option(1, "-n", help="How many texts for each prompt"),
    max_tokens: int = Option(20, help="At most so many new tokens"),
    temperature: float = Option(
        1.0, help="Below 1 sharpens the distribution; 0 always takes the most probable word"
    ),
    top_k: int = Option(0, help="Draw from the k most probable words only; 0 for all"),
    top_p: float = Option(
        1.0, help="Draw from the most probable words that have this much probability together"
    ),
    excluded: str = Option(
        "", "--exclude", help="Words that are never written, separated by commas"
    ),
    repetition_penalty: float = Option(
        1.0, help="Above 1, words that are there already become rarer: p to this power"
    ),
    seed: int = Option(0, help="Of the first text of a prompt; the next ones count on from it"),
    as_json: bool = Option(False, "--json", help="Write a JSON object a line"),
    component: Component = None,
    gpu_id: GpuId = -1,
    code: Code = None,
) -> None:
    """Continue texts, word by word, until their end or --max-tokens."""
    check_size("n", count, least=1)
    nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    keep_only(nlp, lm)
    for prompt in read_prompts(prompts or [""]):
        for number in range(seed, seed + count):
            with memory_zone(nlp):  # the standard input may never end
                text = lm.generate(
                    prompt,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    top_k=top_k,
                    top_p=top_p,
                    excluded=[word for word in excluded.split(",") if word],
                    repetition_penalty=repetition_penalty,
                    seed=number,
                )
            record = {"prompt": prompt, "seed": number, "text": text}
            answer(json.dumps(record, ensure_ascii=False) if as_json else text)
