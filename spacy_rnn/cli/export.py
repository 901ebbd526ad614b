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
    overwrite: bool = Option(False, "--overwrite", help="Write over a folder that is there"),
) -> None:
    """Write a pipeline in which rnn_lm only serves the components that listen to it.

    It is smaller, on disk and in memory, and gives the same tags, entities and vectors. It gives no
    probabilities. Its components can be trained on.
    """
    if not encoder:
        raise ValueError(Errors.R925)
    if output.exists() and not overwrite:
        raise ValueError(Errors.R917.format(path=output))
    nlp, lm = load_language_model(model, component, code=code)
    if not lm.shim.network.settings.softmax:
        raise ValueError(Errors.R926.format(model=model))
    performance: dict[str, Any] = nlp.meta.get("performance", {})
    for name in [name for name in performance if name.startswith("lm_")]:
        del performance[name]  # of what is left out
    config = nlp.config.copy()
    block = config["components"][lm.name]
    block |= serving_options(lm.annotations)
    block["model"] |= encoder_options()
    weights = config["training"].get("score_weights", {})
    weights.update({name: None for name in LM_SCORES if name in weights})
    nlp.to_disk(output)
    file = output / lm.name / "model"
    before = file.stat().st_size
    file.write_bytes(encoder_of(lm.model).to_bytes())
    (output / lm.name / SPACING_FILE).unlink(missing_ok=True)  # for text that it would write
    config.to_disk(output / "config.cfg")
    after = file.stat().st_size
    inform(f"Wrote {output}: {lm.name} has {after / 1e6:.1f} MB instead of {before / 1e6:.1f} MB")
