"""The pipeline that a command works with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.training import Example
from spacy.util import registry

from .._compat.spacy_cli import import_code, setup_gpu
from ..errors import Errors
from ..pipeline.rnn_lm import RNNLM
from ..regular_files import check_folder
from ..scoring.selecting import find_language_model


def load_tokenizer(config: Path, overrides: dict[str, Any] | None = None) -> Language:
    """RETURNS (Language): The untrained pipeline of a config, its tokenizer ready to use."""
    loaded = util.load_config(config, overrides or {})
    nlp = util.load_model_from_config(loaded, auto_fill=True)
    initialize = getattr(nlp.tokenizer, "initialize", None)
    if initialize is not None:
        settings = nlp.config.interpolate()["initialize"]["tokenizer"]
        initialize(lambda: [], nlp=nlp, **settings)
    return nlp


def initialize_components(
    nlp: Language, names: Sequence[str], get_examples: Callable[[], Iterable[Example]]
) -> None:
    """Initialize components as a training does, by [initialize.components]. Those that are trained
    come from another pipeline and are ready.

    nlp (Language): The pipeline of a config.
    names (Sequence[str]): The components.
    get_examples (Callable[[], Iterable[Example]]): The training text.
    """
    settings = nlp.config.interpolate()["initialize"]["components"]
    for name in names:
        component: Any = nlp.get_pipe(name)
        if hasattr(component, "initialize") and not getattr(component, "is_trainable", False):
            options = registry.resolve(settings.get(name, {}))
            component.initialize(get_examples, nlp=nlp, **options)


def load_language_model(
    model: str, component: str | None = None, *, gpu_id: int = -1, code: Path | None = None
) -> tuple[Language, RNNLM]:
    """Load a trained pipeline and find its language model.

    model (str): The folder or the name of a pipeline.
    component (Optional[str]): The name of the language model; None if it is the only one.
    gpu_id (int): The GPU, or -1 for the CPU.
    code (Optional[Path]): A Python file with registered functions.
    RETURNS (Tuple[Language, RNNLM]): The pipeline and the component.
    RAISES (ValueError): If there is no such language model, or more than one to choose from, or no
        such GPU.
    RAISES (OSError): If there is no such pipeline.
    """
    import_code(code)
    if gpu_id >= 0:
        use_gpu(gpu_id)
    if Path(model).is_dir():
        check_folder(Path(model))
    nlp = util.load_model(model)
    return nlp, find_language_model(nlp, model, component)


def check_different(models: Sequence[str]) -> None:
    """RAISES (ValueError): If a pipeline is there twice.

    models (Sequence[str]): Folders or names of pipelines.
    """
    real = [str(Path(model).resolve()) if Path(model).exists() else model for model in models]
    for number, model in enumerate(models):
        if real[number] in real[:number]:
            raise ValueError(Errors.R519.format(model=model))


def use_gpu(gpu_id: int) -> None:
    """Work on a GPU from now on.

    gpu_id (int): Its number.
    RAISES (ValueError): If there is no such GPU.
    """
    try:
        setup_gpu(gpu_id, silent=True)
    except Exception as error:  # thinc, CuPy and CUDA all have their own
        raise ValueError(Errors.R516.format(gpu=gpu_id, error=error)) from error
