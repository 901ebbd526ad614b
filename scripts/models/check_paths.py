"""Look for every path that the models need, before the first one is made.

python scripts/models/check_paths.py --folder classics=path/to/zh-classics
"""

from pathlib import Path

import typer
from recipes import check_measures, find_texts, read_recipes
from write_text import parse_folders


def main(
    folder: list[str] = typer.Option([], help="The folder of a text: luxun=PATH"),
    minimal_pairs: str = typer.Option("", help="A folder with blimp/ and sling/"),
    reading_times: str = typer.Option("", help="A table of reading times of English"),
) -> None:
    """End with an error for a path that was named and isn't there."""
    pairs, times = (Path(path) if path else None for path in (minimal_pairs, reading_times))
    for recipe in read_recipes().values():
        _, missing = find_texts(recipe, parse_folders(folder))
        # what is skipped is not measured
        if not missing:
            check_measures(recipe, pairs, times)


if __name__ == "__main__":
    typer.run(main)
