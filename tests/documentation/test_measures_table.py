"""The tables of docs/measures.md say what the table of measures says."""

import numpy as np

from spacy_rnn.network.measures import NETWORK_MEASURES
from spacy_rnn.pipeline.doc_measures import measure_docs
from spacy_rnn.pipeline.measure_table import MEASURES

from ..helpers import ROOT, load_script, make_random

PAGE = (ROOT / "docs" / "measures.md").read_text("utf8")


def rows_of(table):
    """Cells by the first one. `\\|` is no border."""
    lines = [line.replace("\\|", "\0") for line in table.splitlines() if line.startswith("| ")]
    cells = [[c.strip().replace("\0", "|") for c in line[1:-1].split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def test_the_table_of_columns_is_what_the_script_writes(tmp_path, monkeypatch):
    script = load_script("measures_table")
    page = tmp_path / "measures.md"
    changed = PAGE.replace("| `surprisal` |", "| `surprise` |").replace("nats", "bits")
    page.write_text(changed.replace(script.BEGIN, script.BEGIN + "old\n"), "utf8")
    monkeypatch.setattr(script, "PAGE", page)
    script.main()
    _, table = PAGE.split(script.BEGIN)
    table, _ = table.split(script.END)
    written = page.read_text("utf8")
    assert table in written and "old" not in written.split(script.BEGIN)[1][:5]
    assert len(table.splitlines()) == 2 + len(MEASURES)


def test_every_column_has_a_row_with_its_formula_and_unit():
    table = rows_of(PAGE.split("## Columns of tokens")[1].split("\n## ")[0])
    for name, measure in MEASURES.items():
        title, formula, unit, dtype, *_ = table[f"`{name}`"]
        assert (title, formula, unit) == (measure.title, measure.formula, measure.unit)
        assert dtype == measure.dtype


def test_types_are_those_of_the_columns():
    nlp = make_random(annotations=["log_probs", *NETWORK_MEASURES])
    (measures,) = measure_docs(nlp.get_pipe("rnn_lm"), [nlp("the grey zeppelin")])
    for name, measure in MEASURES.items():
        column = measures.column(name)
        found = "str" if isinstance(column, list) else str(np.ma.getdata(column).dtype)
        assert found == measure.dtype, name


def test_the_first_table_has_the_formulas_of_what_the_network_computes():
    table = rows_of(PAGE.split("\n## ")[0])
    for measure in NETWORK_MEASURES.values():
        where, formula, unit, asked_for = table[measure.title]
        assert (formula, unit) == (measure.formula, measure.unit)
        assert asked_for == f'`"{measure.name}"`'
        for kind in ("token", "span"):
            assert f"`{kind}._.rnn_{measure.name}`" in where
