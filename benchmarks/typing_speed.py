"""What a key costs while somebody types, after short and long texts, and how many keys it saves.

python benchmarks/typing_speed.py path/to/model path/to/zh-luxun/test.txt

For contexts of 10, 100 and 10,000 tokens: milliseconds of `session.next(prefix=…)` and of
`session.complete(…)` with a half-typed word of the text, median and 99th percentile, and of
`lm.complete(…)`, which reads the whole text at each key, as the baseline.

Saved keys: the text is typed character by character. Before each one the first of the five
completions that the text goes on with is taken, if it saves a key; taking it is one key.
"""

import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import spacy
import torch
import typer
from spacy.tokens import Doc

from spacy_rnn import RNNLM
from spacy_rnn.pipeline.completion import LAST_TOKENS

K = 5
# So many tokens wait before they are fed: more than any border looks back.
_WAITING = 12


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    text: Path = typer.Argument(help="Text that it hasn't seen"),
    keys: int = typer.Option(300, help="Keys that are timed after each context"),
    characters: int = typer.Option(10_000, help="Characters that are typed; 0 leaves this out"),
) -> None:
    """Print times and saved keys."""
    torch.set_num_threads(1)
    nlp = spacy.load(model)
    nlp.max_length = 10**9
    lm = nlp.get_pipe("rnn_lm")
    lines = [line for line in text.read_text("utf8").splitlines() if line.strip()]
    doc = nlp.make_doc("".join(lines)[: 20 * (10_000 + 2 * keys)])
    print(f"{len(lm.vocabulary):,} words, one thread")
    figures: dict[str, float] = {}
    for length in (10, 100, 10_000):
        for name, times in time_keys(lm, doc, length, keys).items():
            middle, late = np.median(times), np.percentile(times, 99)
            print(f"{length:6,} tokens  {name:17s} median {middle:6.2f} ms  99% {late:6.2f} ms")
            figures[f"{name}_{length}"] = round(float(middle), 2)
    if characters:
        typed = "".join(lines)[:characters]
        pressed = press_keys(lm, typed)
        saved = 1 - pressed / len(typed)
        print(f"{len(typed):,} characters by {pressed:,} keys: {saved:.1%} saved")
        figures["saved"] = round(saved, 4)
    print(json.dumps(figures))


def time_keys(lm: RNNLM, doc: Doc, length: int, keys: int) -> dict[str, list[float]]:
    """RETURNS (Dict[str, List[float]]): Milliseconds of each kind of key."""
    times: dict[str, list[float]] = {"session.next": [], "session.complete": [], "lm.complete": []}
    session = lm.session()
    session.feed(doc[:length].as_doc())
    # three tokens and a half-typed word aren't fed yet
    behind = lm.session()
    behind.feed(doc[: length - LAST_TOKENS + 1].as_doc())
    for place in range(length, length + keys):
        word = doc[place].text
        half = word[: max(1, len(word) - 1)]
        timed(times["session.next"], session.next, half, K)
        typed = doc[place - LAST_TOKENS + 1 : place].text + half
        timed(times["session.complete"], behind.complete, typed, K)
        if place < length + max(3, keys // 30):
            whole = doc[:place].text + half
            timed(times["lm.complete"], lm.complete, whole, K)
        session.feed(doc[place : place + 1].as_doc())
        behind.feed(doc[place - LAST_TOKENS + 1 : place - LAST_TOKENS + 2].as_doc())
    return times


def timed(times: list[float], call: Callable[..., object], *args: object) -> None:
    """Run a call and note its milliseconds."""
    start = perf_counter()
    call(*args)
    times.append(1000 * (perf_counter() - start))


def press_keys(lm: RNNLM, text: str) -> int:
    """RETURNS (int): How many keys a text takes."""
    session, waiting, place, keys = lm.session(), "", 0, 0
    while place < len(text):
        found = session.complete(waiting, K)
        fitting = (made.rest for made in found if text.startswith(made.rest, place))
        rest = next((rest for rest in fitting if len(rest) > 1), text[place])
        keys, place, waiting = keys + 1, place + len(rest), waiting + rest
        tokens = lm.tokenizer(waiting)
        if len(tokens) > _WAITING:
            border = tokens[len(tokens) - LAST_TOKENS].idx
            session.feed(waiting[:border])
            waiting = waiting[border:]
    return keys


if __name__ == "__main__":
    typer.run(main)
