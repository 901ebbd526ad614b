"""What a key costs while somebody types, after short and long texts, and how many keys it saves.

python benchmarks/typing_speed.py path/to/model path/to/zh-luxun/test.txt

For contexts of 10, 100 and 10,000 tokens: CPU milliseconds, median and 99th percentile, of
- a word that is done: it is fed, and the next words are asked for (`feed` and `next`);
- each further letter: `next(prefix=…)` with the same words before;
- a first letter right after a feed, where nobody asked for the next words in between;
- each character of the text as it is typed: `session.complete(…)`;
- `lm.complete(…)`, which reads the whole text at each key, as the baseline.

Saved keys: the text is typed character by character. Before each one the first of the five
completions that the text goes on with is taken, if it saves a key; taking it is one key.
"""

import json
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
import spacy
import torch
import typer
from spacy.tokens import Doc

from spacy_rnn import RNNLM
from spacy_rnn.pipeline.completion import LAST_TOKENS
from spacy_rnn.pipeline.session import Session

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
        print(report_saved(len(typed), pressed, len(typed)))
        figures["saved"] = round(1 - pressed / len(typed), 4)
    print(json.dumps(figures))


def report_saved(characters: int, pressed: int, without: int) -> str:
    """RETURNS (str): What is said of the keys that a text took, and would take without a model."""
    return f"{characters:,} characters by {pressed:,} keys: {1 - pressed / without:.1%} saved"


def time_keys(lm: RNNLM, doc: Doc, length: int, keys: int) -> dict[str, list[float]]:
    """RETURNS (Dict[str, List[float]]): CPU milliseconds of each kind of key."""
    names = ("commit", "first letter", "letter", "session.complete", "lm.complete")
    times: dict[str, list[float]] = {name: [] for name in names}
    session = lm.session()
    session.feed(doc[:length].as_doc())
    place = length
    while place < len(doc) and len(times["first letter"]) + len(times["letter"]) < keys:
        word = doc[place].text
        for typed in range(1, len(word) + 1):
            first = typed == 1 and place == length
            timed(times["first letter" if first else "letter"], session.next, word[:typed], K)
        timed(times["commit"], commit, session, doc[place : place + 1].as_doc())
        place += 1
    fresh = lm.session()
    fresh.feed(doc[:length].as_doc())
    for token in doc[length : length + keys // 3]:
        timed(times["first letter"], fresh.next, token.text[0], K)
        fresh.feed(token.doc[token.i : token.i + 1].as_doc())
    complete_keys(lm, doc, length, keys, times["session.complete"])
    for token in doc[length : length + max(3, keys // 30)]:
        timed(times["lm.complete"], lm.complete, doc[: token.i].text + token.text[0], K)
    return times


def commit(session: Session, token: Doc) -> None:
    session.feed(token)
    session.next("", K)


def complete_keys(lm: RNNLM, doc: Doc, length: int, keys: int, times: list[float]) -> None:
    """Type on, character by character; what is sure to be cut is fed now and then."""
    session = lm.session()
    session.feed(doc[:length].as_doc())
    waiting = ""
    for character in doc[length:].text[:keys]:
        waiting += character
        timed(times, session.complete, waiting, K)
        waiting = feed_whole_words(lm, session, waiting)


def feed_whole_words(lm: RNNLM, session: Session, waiting: str) -> str:
    """RETURNS (str): What isn't fed yet."""
    tokens = lm.tokenizer(waiting)
    if len(tokens) <= _WAITING:
        return waiting
    border = tokens[len(tokens) - LAST_TOKENS].idx
    session.feed(waiting[:border])
    return waiting[border:]


def timed(times: list[float], call: Callable[..., object], *args: object) -> None:
    """Run a call and note its CPU milliseconds."""
    start = process_time()
    call(*args)
    times.append(1000 * (process_time() - start))


def press_keys(lm: RNNLM, text: str) -> int:
    """RETURNS (int): How many keys a text takes."""
    session, waiting, place, keys = lm.session(), "", 0, 0
    while place < len(text):
        found = session.complete(waiting, K)
        fitting = (made.rest for made in found if text.startswith(made.rest, place))
        rest = next((rest for rest in fitting if len(rest) > 1), text[place])
        keys, place, waiting = keys + 1, place + len(rest), waiting + rest
        waiting = feed_whole_words(lm, session, waiting)
    return keys


if __name__ == "__main__":
    typer.run(main)
