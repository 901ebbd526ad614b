"""Pictures of what a language model expects: `spacy_rnn.render`, after `spacy.displacy.render`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from spacy.tokens import Doc, Span, Token
from spacy.util import is_in_jupyter

from ..errors import Errors
from ..pipeline.extensions import DEFAULT_NAME
from ..validation import check_type
from . import next_words, surprisal
from .page import fragment, full_page
from .parts import RenderOptions

_STYLES = {"surprisal": surprisal, "next": next_words}


def render(
    docs: Doc | Span | Iterable[Doc | Span],
    style: str = "surprisal",
    *,
    component: str = DEFAULT_NAME,
    page: bool = False,
    jupyter: bool | None = None,
    marks: Callable[[Token], str] | None = None,
    max_tokens: int | None = None,
    scale: float | None = None,
    direction: str = "forward",
) -> str | None:
    """Draw what a language model made of documents, as HTML without scripts or external files.

    docs (Union[Doc, Span, Iterable]): What to draw. A Span keeps the numbers of its document.
    style (str): "surprisal" writes under every token its surprisal in bits and draws a bar
        above it; "next" is a table of the most probable next words at every place and of
        what really came.
    component (str): The component that wrote the numbers.
    page (bool): A whole HTML page, for a file. Otherwise a fragment with its own style, for a
        notebook or a page of yours; several may stand on one page. Light or dark follows the
        notebook or the reader's system, or a class around it: spacy-rnn-light, spacy-rnn-dark.
    jupyter (Optional[bool]): Display the picture in the notebook instead of returning it. None:
        if this is a notebook.
    marks (Optional[Callable[[Token], str]]): A short text after the number of a token. None: "?"
        where the numbers say that the model doesn't know the word.
    max_tokens (Optional[int]): Draw so many tokens of each document; a note says how many are left
        out. None: all.
    scale (Optional[float]): The surprisal in bits of a full bar; a bar with a gap goes on beyond
        it. None: 16, 32 or 64, so that no bar is too long, but for those beyond 64. The picture
        says which.
    direction (str): "backward" draws the numbers from right to left, of a component with
        direction = "both" or "backward".
    RETURNS (Optional[str]): HTML; None in a notebook.
    RAISES (ValueError): If the style is unknown, if the component didn't run on a document or
        didn't keep what the style shows ("log_probs", "next"), if a document was retokenized
        since, or if an option is out of range.
    RAISES (TypeError): If something else than Docs and Spans is given.

    EXAMPLE:
        >>> html = spacy_rnn.render(nlp("我爱北京"), style="next", page=True)
        >>> Path("next.html").write_text(html, encoding="utf8")
    """
    check_type("component", component, str, "a string")
    check_type("marks", marks, Callable | None, "a function of a Token")
    if not isinstance(style, str) or style not in _STYLES:
        raise ValueError(Errors.R401.format(style=style, known=", ".join(map(repr, _STYLES))))
    options = RenderOptions(component, marks, max_tokens, scale, direction == "backward")
    options.check(direction)
    html = (full_page if page else fragment)(*_STYLES[style].draw(docs, options))
    if jupyter or (jupyter is None and is_in_jupyter()):
        from IPython.display import HTML, display

        display(HTML(html))
        return None
    return html
