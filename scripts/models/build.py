"""Make a model to take away: write its text, train it, measure it, package it.

python scripts/models/build.py zh_rnn_classics --folder classics=path/to/zh-classics

A path that is wrong ends it before it begins. A step whose result is there is left out, so a build
that was stopped goes on. Each step is a program of its own beside this one. Without the text of a
model nothing is done, and it says so.
"""

from importlib.util import find_spec
from pathlib import Path

import typer
from commands import CommandFailed
from measure_model import measure_model
from package_model import package_model
from recipes import check_measures, find_texts, read_recipes
from train_model import train_model
from wasabi import msg
from write_text import parse_folders, write_text


def main(
    name: str = typer.Argument(help="The model"),
    folder: list[str] = typer.Option([], help="The folder of a text: luxun=PATH"),
    minimal_pairs: str = typer.Option("", help="A folder with blimp/ and sling/"),
    reading_times: str = typer.Option("", help="A table of reading times of English"),
    steps: int = typer.Option(0, help="Steps of the training; 0 for those of the recipe"),
    seed: int = typer.Option(0, help="The seed"),
    gpu_id: int = typer.Option(-1, help="A GPU, or -1"),
) -> None:
    """Write packages/NAME-VERSION-py3-none-any.whl."""
    recipe = read_recipes().get(name)
    if recipe is None:
        msg.fail(f"There is no recipe {name}", f"There are: {', '.join(read_recipes())}", exits=1)
    found, missing = find_texts(recipe, parse_folders(folder))
    if missing:
        names = ", ".join(text.name for text in missing)
        msg.warn(f"{name} is skipped: no folder was named for {names}")
        return
    pairs, times = (Path(path) if path else None for path in (minimal_pairs, reading_times))
    check_measures(recipe, pairs, times)
    if find_spec("build") is None:
        msg.fail("A wheel needs a builder", "pip install 'spacy-rnn[models]'", exits=1)
    msg.divider(name)
    try:
        write_text(recipe, found)
        train_model(recipe, steps=steps, seed=seed, gpu_id=gpu_id)
        measure_model(recipe, pairs, times)
        package_model(recipe)
    except CommandFailed as error:
        msg.fail(str(error), exits=1)


if __name__ == "__main__":
    typer.run(main)
