"""Pictures of what a language model expects: `spacy_rnn.render`, after `spacy.displacy.render`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from spacy.tokens import Doc, Span, Token
from spacy.util import is_in_jupyter

from ..errors import Errors
from ..pipeline.extensions import DEFAULT_NAME
from ..pipeline.trace import Trace
from ..validation import check_type
from . import embedding_map, line, next_words, states, steps, surprisal
from .page import fragment, full_page
from .parts import RenderOptions
from .trace_parts import TraceOptions
from .wordings import wording_for

_STYLES: dict[str, Any] = {
    "surprisal": surprisal,
    "next": next_words,
    "line": line,
    "embeddings": embedding_map,
    "states": states,
    "steps": steps,
}
# The styles that take a trace
OF_TRACES = ("states", "steps")
# Options that only some styles have
_ONLY = {
    "components": ("line",),
    "names": ("line",),
    "smooth": ("line",),
    "words": ("embeddings",),
    "neighbours": ("embeddings",),
    "value": ("states",),
    "layer": ("states",),
    "order": ("states",),
    "max_units": OF_TRACES,
}


def render(
    docs: Doc | Span | Trace | Iterable[Doc | Span] | Any,
    style: str = "surprisal",
    *,
    component: str = DEFAULT_NAME,
    page: bool = False,
    jupyter: bool | None = None,
    marks: Callable[[Token], str] | None = None,
    max_tokens: int | None = None,
    scale: float | None = None,
    direction: str = "forward",
    components: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    smooth: int | None = None,
    words: Sequence[str] | None = None,
    neighbours: int | None = None,
    value: str | None = None,
    layer: int | None = None,
    order: str | None = None,
    max_units: int | None = None,
    lang: str | None = None,
) -> str | None:
    """Draw what a language model made of documents, as HTML without scripts or external files.

    docs (Union[Doc, Span, Trace, Iterable, RNNLM]): What to draw. A Span keeps the numbers of its
        document. "states" and "steps" take `lm.trace(text)`, "embeddings" the component.
    style (str): "surprisal" writes under every token its surprisal in bits and draws a bar
        above it; "next" is a table of the most probable next words at every place and of
        what really came; "line" draws the surprisal over the text, of all documents in one
        picture; "embeddings" is a map of words, their embeddings in two dimensions by principal
        components; "states" is a heat map of units over tokens; "steps" shows one step after the
        other, from the word over embedding, gates and state to the next words.
    component (str): The component that wrote the numbers.
    page (bool): A whole HTML page, for a file. Otherwise a fragment with its own style, for a
        notebook or a page of yours; several may stand on one page. Light or dark follows the
        notebook or the reader's system, or a class around it: spacy-rnn-light, spacy-rnn-dark.
    jupyter (Optional[bool]): Display the picture in the notebook instead of returning it. None:
        if this is a notebook.
    marks (Optional[Callable[[Token], str]]): A short text after the number of a token. None: "?"
        where the numbers say that the model doesn't know the word.
    max_tokens (Optional[int]): Draw so many tokens of each document; a note says how many are left
        out. None: all, but 100 for "states" and 30 for "steps".
    scale (Optional[float]): The surprisal in bits of a full bar; a bar with a gap goes on beyond
        it. None: 16, 32 or 64, so that no bar is too long, but for those beyond 64. The picture
        says which.
    direction (str): "backward" draws the numbers from right to left, of a component with
        direction = "both" or "backward". A trace has its own.
    components (Optional[Sequence[str]]): "line": several components that wrote numbers, a line
        for each. None: `component`.
    names (Optional[Sequence[str]]): "line": what the lines are called, the components of a text
        together. None: the beginning of the text, or the component.
    smooth (Optional[int]): "line": each point is the mean over so many tokens, an odd number. None:
        1 up to 100 tokens, then a fiftieth of the text.
    words (Optional[Sequence[str]]): "embeddings": the words of the map. None: the most frequent.
    neighbours (Optional[int]): "embeddings": how many nearest words each has in the table; of
        `words` they stand on the map too. None: 3.
    value (Optional[str]): "states": "h", "c" of an LSTM, or a gate, such as "forget". None: "h".
    layer (Optional[int]): "states": whose, from 0, or from −1 backwards. None: the last one.
    order (Optional[str]): "states": "similar" lets units stand together that behave alike, "index"
        leaves them in the order of their numbers. None: "similar".
    max_units (Optional[int]): "states" and "steps": how many units are drawn, those that change
        most; a note says so. None: 40 and 16.
    lang (Optional[str]): The language of legends, notes and labels: "en" or "zh". None: Chinese if
        all that is drawn is of Chinese pipelines, else English.
    RETURNS (Optional[str]): HTML; None in a notebook.
    RAISES (ValueError): If the style is unknown, if the component didn't run on a document or
        didn't keep what the style shows ("log_probs", "next"), if a document was retokenized
        since, if a trace has no such value or layer, or if an option is out of range.
    RAISES (TypeError): If something else is given than what the style draws.

    EXAMPLE:
        >>> html = spacy_rnn.render(nlp("我爱北京"), style="next", page=True)
        >>> Path("next.html").write_text(html, encoding="utf8")
    """
    check_type("component", component, str, "a string")
    check_type("marks", marks, Callable | None, "a function of a Token")
    if not isinstance(style, str) or style not in _STYLES:
        raise ValueError(Errors.R401.format(style=style, known=", ".join(map(repr, _STYLES))))
    _check_style_options(
        style,
        components=components,
        names=names,
        smooth=smooth,
        words=words,
        neighbours=neighbours,
        value=value,
        layer=layer,
        order=order,
        max_units=max_units,
    )
    if isinstance(docs, Iterator):
        docs = list(docs)
    wording = wording_for(lang, docs)
    options: Any = RenderOptions(
        component=component,
        wording=wording,
        marks=marks,
        max_tokens=max_tokens,
        scale=scale,
        backward=direction == "backward",
        components=components,
        names=names,
        smooth=smooth,
        words=words,
        neighbours=3 if neighbours is None else neighbours,
    )
    options.check(direction)
    if style in OF_TRACES:
        options = TraceOptions.make(value, layer, order, max_units, max_tokens, wording)
    elif isinstance(docs, Trace):
        raise TypeError(Errors.R801.format(style=style))
    drawing = _STYLES[style]
    legend, figures = drawing.draw(docs, options)
    style_of_its_own = getattr(drawing, "STYLE", "")
    html = (full_page if page else fragment)(legend, figures, style_of_its_own, wording.lang)
    if jupyter or (jupyter is None and is_in_jupyter()):
        from IPython.display import HTML, display

        display(HTML(html))
        return None
    return html


def _check_style_options(style: str, **given: Any) -> None:
    for option, value in given.items():
        if value is not None and style not in _ONLY[option]:
            styles = ", ".join(map(repr, _ONLY[option]))
            raise ValueError(Errors.R812.format(option=option, styles=styles, style=style))
