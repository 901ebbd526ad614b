"""What the columns of a scored table are, and how they were made: OUTPUT.columns.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import spacy
import srsly
from spacy.language import Language

from ...about import __version__
from ...errors import Errors
from ...pipeline.adding_up import ADDS
from ...pipeline.measure_table import MEASURES
from ...pipeline.rnn_lm import RNNLM
from ..outputs import named_errors
from .item_options import CUT, REGION, REGION_TEXT, ROW, ItemOptions

_UNITS_BEFORE = {"words": "row", "delimiter": "region", "texts": "word"}


def dictionary_path(output: Path) -> Path:
    """RETURNS (Path): Where the dictionary of an output is."""
    return output.with_name(f"{output.name}.columns.json")


def describe_table(
    nlp: Language, lm: RNNLM, options: ItemOptions, names: Iterable[str], table: str
) -> dict[str, Any]:
    """Say what a scored table holds.

    nlp (Language): The pipeline that scores it.
    lm (RNNLM): Its language model.
    options (ItemOptions): What was asked for.
    names (Iterable[str]): The columns that it had before.
    table (str): What it is called.
    RETURNS (Dict[str, Any]): For JSON: "table", "columns" in order (name, what, formula, unit, of
        several tokens), "model", "versions", "options".
    """
    columns = [{"name": name, "what": "as in the table that was given"} for name in names]
    return {
        "table": table,
        "columns": [*columns, *_describe_new(options)],
        "model": {
            "name": f"{nlp.lang}_{nlp.meta['name']}",
            "version": nlp.meta["version"],
            "component": lm.name,
            "fingerprint": pipeline_fingerprint(nlp, lm),
        },
        "versions": {"spacy-rnn": __version__, "spaCy": spacy.__version__},
        "options": _describe_options(options),
    }


def _describe_options(options: ItemOptions) -> dict[str, Any]:
    given = {field.name: getattr(options, field.name) for field in fields(options)}
    del given["unspaced"]
    given |= {"text": options.text_column, "join": options.joint}
    return {name: list(v) if isinstance(v, tuple) else v for name, v in given.items()}


def _describe_new(options: ItemOptions) -> Iterable[dict[str, Any]]:
    yield {"name": options.named(ROW), "what": "the number of the row in the table, from 1"}
    if options.delimiter is not None:
        mark = options.delimiter
        yield {"name": options.named(REGION), "what": f"which region of the text, by {mark!r}"}
        yield {"name": options.named(REGION_TEXT), "what": "its text"}
    unit = _UNITS_BEFORE["delimiter" if options.delimiter is not None else options.rows]
    for column, name, lag in options.measures():
        measure = MEASURES[name]
        before = "" if not lag else f", of the {unit} before"
        if lag > 1:
            before = f", of the {unit} {lag} {unit}s before"
        yield {
            "name": column,
            "what": measure.title + before,
            "formula": measure.formula.replace("\\|", "|"),
            "unit": measure.unit or None,
            "of several tokens": ADDS[measure.adds],
        }
    if options.cut != "error":
        yield {
            "name": options.named(CUT),
            "what": "whether an edge was within a token, and what was done: "
            "no; include, the whole token counts; split, it became two",
        }


def pipeline_fingerprint(nlp: Language, lm: RNNLM) -> str:
    """RETURNS (str): 16 hexadecimal digits that two pipelines with other weights, another
    vocabulary, or another config don't share.

    nlp (Language): The pipeline.
    lm (RNNLM): Its language model.
    """
    found = hashlib.sha256(nlp.config.to_str().encode("utf8", "surrogatepass"))
    found.update(lm.vocabulary.to_bytes())
    for name, weight in sorted(lm.shim.network.parameters_by_name().items()):
        found.update(name.encode())
        found.update(weight.detach().cpu().numpy().tobytes())
    return found.hexdigest()[:16]


def check_dictionary(output: Path, now: dict[str, Any]) -> None:
    """Find out whether an output that goes on was made as it would be made now.

    output (Path): The output.
    now (Dict[str, Any]): What it would be, see `describe_table`.
    RAISES (ValueError): If the model, a version or an option is another one, or if nobody knows.
    """
    path = dictionary_path(output)
    try:
        before = srsly.read_json(path)
        pairs = [(name, before[name], now[name]) for name in ("model", "versions", "options")]
        pairs.append(("list of columns", before["columns"], now["columns"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(Errors.R734.format(path=output, dictionary=path)) from None
    for name, old, new in pairs:
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            name = next(key for key in {**new, **old} if old.get(key) != new.get(key))
            old, new = old.get(name), new.get(name)
        else:
            old, new = (", ".join(str(c.get("name")) for c in every) for every in (old, new))
        known = {"path": output, "dictionary": path, "before": old, "now": new}
        raise ValueError(Errors.R733.format(name=name, **known))


def write_dictionary(output: Path, description: dict[str, Any]) -> None:
    """Write the dictionary beside an output.

    output (Path): The output.
    description (Dict[str, Any]): See `describe_table`.
    RAISES (OSError): If it can't be written; with its name.
    """
    path = dictionary_path(output)
    with named_errors(path):
        path.write_text(
            json.dumps(description, ensure_ascii=False, indent=2) + "\n", encoding="utf8"
        )
