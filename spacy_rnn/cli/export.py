"""`python -m spacy rnn export MODEL OUTPUT --encoder`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer import Argument, Option

from ..errors import Errors
from ..layers.encoder_only import encoder_of, encoder_options
from ..messages import inform
from ..pipeline.learned_spacing import SPACING_FILE
from ..pipeline.serving_options import serving_options
from ..training.quickstart.config_parts import LM_SCORES
from ..training.resumable.folders import write_folder
from . import rnn
from .options import Code, Component
from .pipelines import load_language_model
from .plain_errors import plain_errors


@rnn.command("export")
@plain_errors
def export_cli(
    model: str = Argument(help="A trained pipeline, a folder or an installed package"),
    output: Path = Argument(help="The folder of the pipeline to write"),
    encoder: bool = Option(
        False, "--encoder", help="Keep of rnn_lm what its listeners read: no softmax, no speller"
    ),
    component: Component = None,
    code: Code = None,
    overwrite: bool = Option(False, "--overwrite", help="Replace a pipeline that is there"),
) -> None:
    """Write a pipeline in which rnn_lm only serves the components that listen to it.

    It is smaller, on disk and in memory, and gives the same tags, entities and vectors. It gives no
    probabilities. Its components can be trained on.
    """
    if not encoder:
        raise ValueError(Errors.R925)
    check_replaceable(output, overwrite=overwrite)
    nlp, lm = load_language_model(model, component, code=code)
    check_apart(nlp.path, output)
    if not lm.shim.network.settings.softmax:
        raise ValueError(Errors.R926.format(model=model))
    performance: dict[str, Any] = nlp.meta.get("performance", {})
    for name in [name for name in performance if is_score_of(lm.name, name)]:
        del performance[name]  # of what is left out
    config = nlp.config.copy()
    block = config["components"][lm.name]
    block |= serving_options(lm.annotations, listened=bool(lm.listeners))
    block["model"] |= encoder_options()
    weights = config["training"].get("score_weights", {})
    weights.update({name: None for name in LM_SCORES if name in weights})
    sizes: list[int] = []

    def write(folder: Path) -> None:
        nlp.to_disk(folder)
        file = folder / lm.name / "model"
        sizes.append(file.stat().st_size)
        file.write_bytes(encoder_of(lm.model).to_bytes())
        sizes.append(file.stat().st_size)
        (folder / lm.name / SPACING_FILE).unlink(missing_ok=True)  # for text that it would write
        config.to_disk(folder / "config.cfg")

    output.parent.mkdir(parents=True, exist_ok=True)
    write_folder(output.resolve(), write)
    before, after = sizes
    inform(f"Wrote {output}: {lm.name} has {after / 1e6:.1f} MB instead of {before / 1e6:.1f} MB")


def is_score_of(component: str, name: str) -> bool:
    """RETURNS (bool): Whether a score in meta.json is one of the language model itself."""
    return name.startswith("lm_") or name == f"{component}_loss"


def check_replaceable(output: Path, *, overwrite: bool) -> None:
    """RAISES (ValueError): If something is there that may not be replaced."""
    if not output.exists():
        return
    if not output.is_dir() or (any(output.iterdir()) and not (output / "meta.json").exists()):
        raise ValueError(Errors.R928.format(path=output))
    if not overwrite:
        raise ValueError(Errors.R917.format(path=output))


def check_apart(model: Path, output: Path) -> None:
    """RAISES (ValueError): If writing the one would take something from the other."""
    real, new = model.resolve(), output.resolve()
    if real == new or real in new.parents or new in real.parents:
        raise ValueError(Errors.R927.format(path=output))
