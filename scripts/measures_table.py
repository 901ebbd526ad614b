"""Write the table of columns in docs/measures.md from the table of measures.

python scripts/measures_table.py
"""

from pathlib import Path

from spacy_rnn.pipeline.adding_up import ADDS, Measure
from spacy_rnn.pipeline.measure_table import MEASURES

PAGE = Path(__file__).resolve().parents[1] / "docs" / "measures.md"
BEGIN, END = "<!-- columns: scripts/measures_table.py -->\n", "<!-- end of columns -->\n"
HEAD = ("column", "what it is", "formula", "unit", "type", "of several tokens", "needs", "costs")


def main() -> None:
    text = PAGE.read_text("utf8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + write_table() + END + after, "utf8")


def write_table() -> str:
    """RETURNS (str): A row for each measure, as Markdown."""
    rows = [HEAD, ("---",) * len(HEAD), *map(cells_of, MEASURES.values())]
    return "".join(
        "|" + "".join(f" {cell} |" if cell else " |" for cell in row) + "\n" for row in rows
    )


def cells_of(measure: Measure) -> tuple[str, ...]:
    """RETURNS (Tuple[str]): What the table says of a measure."""
    needs = [f'`"{annotation}"`' for annotation in measure.annotations]
    needs += ["the vocabulary"] * measure.needs_vocabulary
    return (
        f"`{measure.name}`",
        measure.title,
        measure.formula.replace("|", "\\|"),
        measure.unit,
        measure.dtype,
        ADDS[measure.adds],
        ", ".join(needs),
        measure.cost,
    )


if __name__ == "__main__":
    main()
