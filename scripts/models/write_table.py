"""Write the table of docs/models.md from the figures of the models that were built here.

python scripts/models/write_table.py
"""

from pathlib import Path

from cards import find_figures
from recipes import Recipe, read_recipes

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
BEGIN, END = "<!-- models: scripts/models/write_table.py -->\n", "<!-- end of models -->\n"


def main() -> None:
    text = PAGE.read_text("utf8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(before + BEGIN + make_table(read_recipes()) + END + after, "utf8")


def make_table(recipes: dict[str, Recipe]) -> str:
    """RETURNS (str): A column for each model, as Markdown."""
    figures = {name: find_figures(recipe) for name, recipe in recipes.items()}
    titles = dict.fromkeys(title for found in figures.values() for title in found)
    rows = [["", *(f"`{name}`" for name in recipes)], ["---"] * (len(recipes) + 1)]
    rows += [[title, *(found.get(title, "") for found in figures.values())] for title in titles]
    return "".join(
        "|" + "".join(f" {cell} |" if cell else " |" for cell in row) + "\n" for row in rows
    )


if __name__ == "__main__":
    main()
