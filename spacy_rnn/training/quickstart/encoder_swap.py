"""Give the components of a config another upstream: a trained language model for a tok2vec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thinc.api import Config

from ...errors import Errors
from .config_parts import LM_SCORES, put
from .language_model_config import fine_tuning

NAME = "rnn_lm"
_LISTENERS = ("spacy.Tok2VecListener.v1", "spacy-rnn.RNNListener.v1")
_TOK2VECS = ("spacy.HashEmbedCNN", "spacy.Tok2Vec", "spacy.HashEmbedBiLSTM")


def swap_encoder(
    config: Config, model: dict[str, Any], width: int, source: str | None
) -> list[str]:
    """Let every component of a pipeline that reads a tok2vec read a language model instead.

    config (Config): Not interpolated; changed in place.
    model (Dict[str, Any]): The block of the language model's network.
    width (int): The units of its hidden states, of both directions together.
    source (Optional[str]): The trained pipeline that its weights come from.
    RETURNS (List[str]): What was changed, a line each.
    RAISES (ValueError): If nothing in the pipeline reads a tok2vec, or a transformer does the work.
    """
    components: dict[str, Any] = config.get("components", {})
    if any(
        block.get("factory") in ("transformer", "curated_transformer")
        for block in components.values()
    ):
        raise ValueError(Errors.R634)
    if NAME in components:
        raise ValueError(Errors.R635.format(name=NAME))
    changes: list[str] = []
    for path, block in _tok2vec_blocks(components):
        before = block.get("@architectures", "")
        was = f"{before}, width {block['width']}" if "width" in block else before
        block.clear()
        block.update(
            {"@architectures": "spacy.Tok2VecListener.v1", "width": width, "upstream": NAME}
        )
        changes.append(f"[{path}] {was} -> listens to {NAME}, width {width}")
    if not changes:
        raise ValueError(Errors.R636.format(pipeline=", ".join(config["nlp"]["pipeline"])))
    changes += _replace_upstreams(config)
    put(config, {"paths.source": source})
    components[NAME] = {
        "factory": NAME,
        "lm_weight": 0.0,
        "annotations": ["tensor"],
        "scorer": None,
        "model": {**model, "vocabulary": None, "source": "${paths.source}"},
    }
    changes.append(f"[components.{NAME}] new: source = {source}, lm_weight = 0, scorer = null")
    changes += _adapt_training(config)
    return changes


def _tok2vec_blocks(components: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All blocks that are a component's own tok2vec or listen to one, with their dotted names."""
    for name, component in components.items():
        if component.get("factory") != "tok2vec":
            yield from _nested_blocks(f"components.{name}", component)


def _nested_blocks(path: str, block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in block.items():
        if not isinstance(value, dict):
            continue
        architecture = str(value.get("@architectures", ""))
        if architecture in _LISTENERS or architecture.startswith(_TOK2VECS):
            yield f"{path}.{key}", value
        else:
            yield from _nested_blocks(f"{path}.{key}", value)


def _replace_upstreams(config: Config) -> list[str]:
    """Take out the `tok2vec` components, which nobody listens to any more; the language model takes
    the place of the first, or the pipeline's first place."""
    components = config["components"]
    removed = [name for name, block in components.items() if block.get("factory") == "tok2vec"]
    pipeline = list(config["nlp"]["pipeline"])
    place = min((pipeline.index(name) for name in removed if name in pipeline), default=0)
    pipeline = [name for name in pipeline if name not in removed]
    config["nlp"]["pipeline"] = [*pipeline[:place], NAME, *pipeline[place:]]
    changes = [f"[nlp] pipeline = {config['nlp']['pipeline']}"]
    for name in removed:
        del components[name]
        changes.append(f"[components.{name}] gone: nobody listens to it")
    training = config.get("training", {})
    for setting in ("frozen_components", "annotating_components"):
        names = training.get(setting, [])
        if set(names) & set(removed):
            training[setting] = [NAME if name in removed else name for name in names]
            changes.append(f"[training] {setting} = {training[setting]}")
    return changes


def _adapt_training(config: Config) -> list[str]:
    changes = []
    weights = config.setdefault("training", {}).setdefault("score_weights", {})
    weights.update(dict.fromkeys(LM_SCORES))
    changes.append("[training.score_weights] lm_… = null: the other scores pick the best model")
    if config["training"].get("before_update") is None:
        config["training"]["before_update"] = fine_tuning(0, decay=2.0, rate=0.5)
        changes.append("[training.before_update] spacy-rnn.fine_tuning.v1: lower layers learn less")
    else:
        changes.append("[training.before_update] kept, so all layers learn at one rate")
    if config.get("pretraining"):
        config["pretraining"] = {}
        changes.append("[pretraining] gone: the weights come from the source")
    if config.interpolate().get("initialize", {}).get("init_tok2vec") is not None:
        config["initialize"]["init_tok2vec"] = None
        changes.append("[initialize] init_tok2vec = null: the weights come from the source")
    return changes
