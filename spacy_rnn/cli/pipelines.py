"""The pipeline that a command works with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from spacy import util
from spacy.cli._util import import_code, setup_gpu
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import Errors
from ..pipeline.rnn_lm import RNNLM


def load_tokenizer(config: Path, overrides: dict[str, Any] | None = None) -> Language:
    """RETURNS (Language): The untrained pipeline of a config, its tokenizer ready to use."""
    loaded = util.load_config(config, overrides or {})
    nlp = util.load_model_from_config(loaded, auto_fill=True)
    initialize = getattr(nlp.tokenizer, "initialize", None)
    if initialize is not None:
        settings = nlp.config.interpolate()["initialize"]["tokenizer"]
        initialize(lambda: [], nlp=nlp, **settings)
    return nlp


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
        try:
            setup_gpu(gpu_id, silent=True)
        except Exception as error:  # thinc, CuPy and CUDA all have their own
            raise ValueError(Errors.R516.format(gpu=gpu_id, error=error)) from error
    nlp = util.load_model(model)
    return nlp, find_language_model(nlp, model, component)


def find_language_model(nlp: Language, model: str, component: str | None = None) -> RNNLM:
    """RETURNS (RNNLM): The component of that name, or the only one of its kind; enabled.

    nlp (Language): The pipeline.
    model (str): What the user calls it, for messages.
    component (Optional[str]): The component's name.
    RAISES (ValueError): If there is none, or there are several and none was named.
    """
    found = {name: pipe for name, pipe in nlp.components if isinstance(pipe, RNNLM)}
    names = ", ".join(found)
    if not found:
        pipes = ", ".join(nlp.pipe_names) or "nothing"
        raise ValueError(Errors.R501.format(model=model, pipes=pipes))
    if component is None and len(found) > 1:
        raise ValueError(Errors.R502.format(model=model, names=names))
    if component is not None and component not in found:
        raise ValueError(Errors.R503.format(name=component, model=model, names=names))
    chosen = component or names
    if chosen in nlp.disabled:
        nlp.enable_pipe(chosen)
    return found[chosen]


def keep_only(nlp: Language, lm: RNNLM) -> None:
    """Disable all components but the language model and those that decide about its tokens.

    nlp (Language): The pipeline. A component before the last one that retokenizes stays, because
        that one may read its annotations (`merge_noun_chunks` reads a parse).
    lm (RNNLM): Its language model, which then has no listeners to write `doc.tensor` for.
    """
    before = nlp.pipe_names[: nlp.pipe_names.index(lm.name)]
    last = [i for i, name in enumerate(before, 1) if nlp.get_pipe_meta(name).retokenizes]
    kept = [*before[: max(last, default=0)], lm.name]
    nlp.select_pipes(enable=kept)
    lm.listener_map = {}


def retokenizes(nlp: Language, lm: RNNLM) -> bool:
    """RETURNS (bool): Whether anything runs before the language model, after `keep_only`."""
    return nlp.pipe_names != [lm.name]


def memory_zone(nlp: Language, wanted: bool = True) -> AbstractContextManager[Any]:
    """RETURNS (ContextManager): In it, what Docs leave in the vocab is temporary.

    nlp (Language): The pipeline.
    wanted (bool): False for Docs that were made before, whose strings must stay.
    """
    return nlp.memory_zone() if wanted else nullcontext()


def run_before(nlp: Language, lm: RNNLM, docs: list[Doc]) -> Iterator[Doc]:
    """Run what is left before the language model, but not the model itself.

    nlp (Language): The pipeline, after `keep_only`.
    lm (RNNLM): The language model.
    docs (List[Doc]): The documents.
    YIELDS (Doc): The documents, retokenized.
    """
    with nlp.select_pipes(disable=lm.name):
        yield from nlp.pipe(docs)
