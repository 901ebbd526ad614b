"""`python -m spacy rnn render MODEL [TEXT]… --output page.html`."""

import re
from pathlib import Path
from typing import Any

from spacy.language import Language
from typer import Argument, Option

from ..corpus.text_files import STDIN, read_text
from ..errors import Errors
from ..messages import answer, inform
from ..pipeline.preceding import name_in_pipeline
from ..pipeline.rnn_lm import RNNLM
from ..rendering import OF_TRACES, render
from ..scoring.selecting import keep_only
from ..validation import check_size
from . import rnn
from .options import Code, Component, GpuId
from .pipelines import load_language_model
from .plain_errors import plain_errors

_STDOUT = Path("-")


@rnn.command("render")
@plain_errors
def render_cli(
    model: str = Argument(help="A trained pipeline: its folder or its name"),
    texts: list[str] = Argument(
        None,
        metavar="TEXT",
        help="Texts to draw: @novel.txt reads one from a file, - from stdin; @@ begins a text "
        "that begins with @",
    ),
    output: Path = Option(..., "--output", "-o", help="The page to write; - for stdout"),
    style: str = Option(
        "surprisal", help="surprisal, next, line, states, steps or embeddings (docs/pictures.md)"
    ),
    max_tokens: int | None = Option(None, help="Draw so many tokens of each text"),
    k: int | None = Option(None, "-k", help="next, steps: how many next words"),
    scale: float | None = Option(None, help="surprisal: bits of a full bar"),
    names: str | None = Option(None, help="line: what the lines are called, with commas between"),
    smooth: int | None = Option(None, help="line: each point is the mean over so many tokens"),
    value: str | None = Option(None, help="states: h, c or a gate, such as forget"),
    layer: int | None = Option(None, help="states: whose, from 0; the last one by default"),
    order: str | None = Option(None, help="states: similar or index"),
    max_units: int | None = Option(None, help="states, steps: how many units"),
    words: str | None = Option(
        None,
        help="embeddings: the words, with commas between; those of the texts by default, the most "
        "frequent ones without a text",
    ),
    neighbours: int | None = Option(None, help="embeddings: how many nearest words of each"),
    lang: str | None = Option(
        None, help="en or zh: the language of legends and labels; that of the model by default"
    ),
    direction: str = Option("forward", help="backward: what a model reads from right to left"),
    component: Component = None,
    gpu_id: GpuId = -1,
    code: Code = None,
) -> None:
    """Draw what a language model makes of a text, as a page for a browser.

    surprisal and next draw what it expects, line a long text, states and steps what happens inside,
    embeddings a map of words.
    """
    given = [_read_argument(text) for text in texts or ()]
    nlp, lm = load_language_model(model, component, gpu_id=gpu_id, code=code)
    keep_only(nlp, lm)
    if k is not None:
        lm.top_k = check_size("k", k, least=1)
    chosen = None if words is None else _listed(words)
    if style == "embeddings" and chosen is None and given:
        lm.annotations = ()
        chosen = list(dict.fromkeys(t.text for doc in nlp.pipe(given) for t in doc))
    options: dict[str, Any] = {
        "max_tokens": max_tokens,
        "scale": scale,
        "names": None if names is None else _listed(names),
        "smooth": smooth,
        "value": value,
        "layer": layer,
        "order": order,
        "max_units": max_units,
        "words": chosen,
        "neighbours": neighbours,
    }
    drawn = _what_to_draw(nlp, lm, style, given, direction)
    html = render(
        drawn,
        style,
        component=name_in_pipeline(nlp, lm),
        direction=direction,
        lang=lang,
        page=True,
        jupyter=False,
        **options,
    )
    assert html is not None
    if output == _STDOUT:
        answer(html)
        return
    output.write_text(html, encoding="utf8")
    inform(f"Wrote {output}: open it in a browser")


def _read_argument(text: str) -> str:
    """RETURNS (str): A text, or that of the file or of the standard input which it names."""
    if text.startswith("@@") or not (text == "-" or text.startswith("@")):
        return text[1:] if text.startswith("@@") else text
    path = STDIN if text == "-" else Path(text[1:])
    if path is not STDIN and not path.exists():
        raise ValueError(Errors.R802.format(path=path))
    return "".join("\n".join(document.lines) for document in read_text(path, "file"))


def _listed(words: str) -> list[str]:
    return [word for word in re.split(r"[,，、\s]+", words) if word]


def _what_to_draw(nlp: Language, lm: RNNLM, style: str, texts: list[str], direction: str) -> Any:
    """RETURNS (Any): What the style takes."""
    if style == "embeddings":
        return lm
    if not texts:
        raise ValueError(Errors.R803.format(style=style))
    if style in OF_TRACES:
        backward = direction == "backward"
        return [lm.trace(text, direction="backward" if backward else None) for text in texts]
    lm.annotations = ("log_probs", "next") if style == "next" else ("log_probs",)
    return list(nlp.pipe(texts))
