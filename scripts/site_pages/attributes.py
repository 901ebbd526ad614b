"""The reference of attributes: what the component writes onto Doc, Token and Span."""

from __future__ import annotations

from functools import partial
from typing import Any

from spacy_rnn.pipeline.extensions import GETTERS
from spacy_rnn.pipeline.measure_table import MEASURES
from spacy_rnn.pipeline.output import LMOutput

from .docstrings import Item, parse
from .prose import escape, table

_INTRODUCTION = """# Attributes of Doc, Token and Span

What a pipeline with the component `rnn_lm` has below `doc._`, `token._` and `span._`. A component
of another name, such as `mine`, keeps its output in `doc._.mine`; the attributes `rnn_…` read
`rnn_lm`. The formulas: [measures](../measures.md). When an attribute is gone:
[where the numbers go](../outputs.md).
"""


def attributes_page() -> str:
    """RETURNS (str): The reference, as Markdown."""
    parts = [_INTRODUCTION]
    for kind, getters in GETTERS.items():
        name = kind.__name__.lower()
        rows = [_row(f"{name}._.{attribute}", getter) for attribute, getter in getters.items()]
        if name == "doc":
            output = f"The output, see [below](#doc_rnn_lm): {_first_sentence(LMOutput.__doc__)}"
            rows.insert(0, ("`doc._.rnn_lm`", "`LMOutput`", output))
            tensor = "The hidden states, on the GPU if there is one (`annotations` has `tensor`)."
            rows.append(("`doc.tensor`", "`ndarray`", tensor))
        parts += [f"## {kind.__name__}\n", table(("attribute", "type", "what it is"), rows)]
    parts += [
        "## doc.\\_.rnn_lm { #doc_rnn_lm }\n",
        escape(_first_sentence(LMOutput.__doc__)) + "\n",
    ]
    fields = [
        (f"`{item.name}`", f"`{item.type}`", escape(item.text))
        for item in parse(LMOutput.__doc__).arguments
    ]
    properties = [
        _property(name, value)
        for name, value in vars(LMOutput).items()
        if isinstance(value, property) and not name.startswith("_")
    ]
    parts.append(table(("field", "type", "what it is"), fields + properties))
    parts.append(_columns())
    return "\n".join(parts)


def _columns() -> str:
    """The columns of tables, whose formulas have a page of their own."""
    rows = [(f"`{m.name}`", m.title, escape(m.formula), m.unit) for m in MEASURES.values()]
    head = ("column", "what it is", "formula", "unit")
    title = "## Columns of `to_rows`, `to_df` and the commands { #columns }\n"
    return f"{title}\n{table(head, rows)}"


def _row(name: str, getter: Any) -> tuple[str, str, str]:
    if isinstance(getter, partial):
        measure = MEASURES[getter.args[0]]
        mean = ", the mean over its tokens that have one" if name.startswith("span") else ""
        unit = f" ({measure.unit})" if measure.unit else ""
        text = f"{measure.title}{mean}{unit}: {measure.formula}"
        kind = parse(getter.func.__doc__).outcomes[0].type
        return (f"`{name}`", f"`{kind}`", escape(text))
    outcome = _outcome(getter)
    return (f"`{name}`", f"`{outcome.type}`", escape(outcome.text))


def _property(name: str, value: property) -> tuple[str, str, str]:
    outcome = _outcome(value.fget)
    return (f"`{name}`", f"`{outcome.type}`", escape(outcome.text))


def _outcome(function: Any) -> Item:
    return next(o for o in parse(function.__doc__).outcomes if o.name == "RETURNS")


def _first_sentence(text: str | None) -> str:
    return parse(text).description.split(". ")[0].rstrip(".").replace("\n", " ") + "."
