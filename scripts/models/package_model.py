"""Make an installable wheel of a model that was trained and measured, with its card.

python scripts/models/package_model.py zh_rnn_modern

The wheel goes into packages/.
"""

import json
import shutil
from pathlib import Path

import typer
from cards import FILES, make_meta, make_readme
from commands import run
from recipes import Recipe, is_outdated, read_recipes
from wasabi import msg

from spacy_rnn.about import __version__

PACKAGES = Path("packages")


def main(name: str = typer.Argument(help="The model")) -> None:
    """Write the wheel."""
    package_model(read_recipes()[name])


def package_model(recipe: Recipe) -> Path:
    """Write the wheel unless it is newer than all figures.

    recipe (Recipe): The model, which has been measured.
    RETURNS (Path): The wheel.
    """
    wheel = PACKAGES / f"{recipe.name}-{__version__}-py3-none-any.whl"
    figures = [path for path in map(recipe.figures, FILES) if path.exists()]
    if not is_outdated(wheel, figures):
        msg.info(f"{wheel} is there")
        return wheel
    staged = stage_model(recipe)
    build = PACKAGES / "build"
    build.mkdir(parents=True, exist_ok=True)
    run("-m", "spacy", "package", staged, build, "--build", "wheel", "--force")
    shutil.copy(build / f"{recipe.name}-{__version__}" / "dist" / wheel.name, wheel)
    msg.good(f"{wheel}: {wheel.stat().st_size / 1e6:,.1f} MB")
    return wheel


def stage_model(recipe: Recipe) -> Path:
    """RETURNS (Path): A copy of the pipeline with the card in it."""
    staged = PACKAGES / "staged" / recipe.name
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(recipe.packed, staged)
    path = staged / "meta.json"
    meta = {**json.loads(path.read_text("utf8")), **make_meta(recipe)}
    path.write_text(json.dumps(meta, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    (staged / "README.md").write_text(make_readme(recipe), encoding="utf8")
    return staged


if __name__ == "__main__":
    typer.run(main)
