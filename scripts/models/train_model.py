"""Train a model on its text, or go on where a training was stopped.

python scripts/models/train_model.py zh_rnn_modern --seed 0
"""

import hashlib
import json
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typer
from commands import run
from recipes import Recipe, read_figures, read_recipes, write_figures
from spacy import util
from wasabi import msg

from spacy_rnn.about import __version__

EVALUATIONS = 4
_TESTED = ("spacy", "thinc", "torch", "numpy")


def main(
    name: str = typer.Argument(help="The model"),
    steps: int = typer.Option(0, help="Steps; 0 for those of the recipe"),
    seed: int = typer.Option(0, help="The seed"),
    gpu_id: int = typer.Option(-1, help="A GPU, or -1"),
) -> None:
    """Train it, and write down how."""
    train_model(read_recipes()[name], steps=steps, seed=seed, gpu_id=gpu_id)


def train_model(recipe: Recipe, *, steps: int = 0, seed: int = 0, gpu_id: int = -1) -> None:
    """Train a model unless it is there.

    recipe (Recipe): The model. Its text has been written.
    steps (int): How many; 0 for those of the recipe.
    seed, gpu_id (int): As in `spacy train`.
    """
    settings = make_settings(recipe, steps=steps, seed=seed)
    output, asked = recipe.figures("training"), recipe.training / "asked.json"
    train, dev = (recipe.corpus / f"{part}{recipe.suffix}" for part in ("train", "dev"))
    request: dict[str, Any] = {"config": str(recipe.config), "settings": settings, "gpu_id": gpu_id}
    request["sha256"] = {path.name: find_sha256(path) for path in (train, dev)}
    same = read_figures(asked) == request
    if same and recipe.model.exists() and read_figures(output).get("request") == request:
        msg.info(f"{recipe.name}: the training is there")
        return
    checkpoint = recipe.training / "checkpoint"
    resumed = same and checkpoint.exists()
    if not resumed:
        # what is there is of something else, and must not be taken for what is asked for now
        for file in (asked, output):
            file.unlink(missing_ok=True)
        for folder in (checkpoint, recipe.model, recipe.training / "model-last"):
            if folder.exists():
                shutil.rmtree(folder)
        write_figures(asked, request)
    spent = 0.0
    if not recipe.is_encoder:
        words = settings["paths.vocabulary"]
        reader = ["--document", "block"] if recipe.suffix == ".txt" else []
        spent += run(
            "-m", "spacy", "rnn", "vocab", train, words, "--config", recipe.config, *reader
        )
    options = [part for key, value in settings.items() for part in (f"--{key}", _as_word(value))]
    again = "--resume" if resumed else "--overwrite"
    command = ["-m", "spacy", "rnn", "train", recipe.config, "--output", recipe.training, again]
    spent += run(*command, "--gpu-id", gpu_id, *options)
    # of a training that was stopped only the last part was counted
    counted = None if resumed else round(spent, 1) or None
    described = describe_training(recipe)
    write_figures(output, {"cpu_seconds": counted, **described, "request": request})
    msg.good(f"{recipe.name}: trained in {spent:,.0f} CPU seconds")


def make_settings(recipe: Recipe, *, steps: int, seed: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings of the config that are overridden."""
    steps = steps or recipe.steps
    evaluations = min(EVALUATIONS, steps)
    every = steps // evaluations
    paths = {part: recipe.corpus / f"{part}{recipe.suffix}" for part in ("train", "dev")}
    settings: dict[str, Any] = {f"paths.{part}": str(path) for part, path in paths.items()}
    settings["paths.log"] = str(recipe.training / "log.jsonl")
    if recipe.is_encoder:
        if recipe.suffix == ".txt":
            settings |= {"corpora.train.tokenized": True, "corpora.dev.tokenized": True}
    else:
        settings["paths.vocabulary"] = str(recipe.corpus / "words.json")
    # the last step is evaluated
    counts = {"training.max_steps": every * evaluations, "training.eval_frequency": every}
    return {**settings, "system.seed": seed, **counts, **recipe.settings}


def find_sha256(path: Path) -> str:
    """RETURNS (str): The fingerprint of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_training(recipe: Recipe) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What the card says of the training."""
    config = util.load_config(recipe.model / "config.cfg").interpolate()
    return {
        "seed": config["training"]["seed"],
        "steps": config["training"]["max_steps"],
        "network": config["components"]["rnn_lm"]["model"],
        "min_count": config["components"]["rnn_lm"]["min_count"],
        "commit": find_commit(),
        "spacy_rnn": __version__,
        "versions": {name: version(name) for name in _TESTED},
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }


def find_commit() -> str | None:
    """RETURNS (Optional[str]): The commit of the checkout, with "+" if files were changed; None
    outside a checkout."""
    here = Path(__file__).parent
    try:
        head = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def _as_word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    typer.run(main)
