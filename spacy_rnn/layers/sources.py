"""Trained weights from a file: of a pipeline, of one of its components, or of `spacy pretrain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import srsly

from ..errors import Errors
from ..network.language_model import RNNLanguageModel
from ..network.transfer import transfer_weights
from ..vocabulary import UNKNOWN_ROW, Vocabulary
from .weights import weights_from_bytes

_MUST_AGREE = ("cell", "width", "embedding_width", "depth", "subword_rows")


class Source:
    """A trained network and its vocabulary.

    path (Union[str, Path]): The folder of a pipeline or of a component in it, or the file that
        `spacy pretrain` wrote.
    RAISES (ValueError): If there is none, or the file is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.vocabulary, self.network = _read(_find(self.path))

    def copy_into(self, target: RNNLanguageModel, vocabulary: Vocabulary) -> None:
        """Start a network from the source's weights, words mapped by their text.

        target (RNNLanguageModel): The network.
        vocabulary (Vocabulary): Its words.
        RAISES (ValueError): If the networks have other shapes, or the target reads in a direction
            that the source doesn't have.
        """
        self._check(target)
        rows = self.vocabulary.rows_of_words(vocabulary.words)
        transfer_weights(self.network.to(target.device), target, rows, UNKNOWN_ROW)

    def _check(self, target: RNNLanguageModel) -> None:
        ours, theirs = self.network.settings.to_dict(), target.settings.to_dict()
        different = [name for name in _MUST_AGREE if ours[name] != theirs[name]]
        if not set(target.directions) <= set(self.network.directions):
            different.append("direction")
        if different:
            detail = "; ".join(f"{n}: {ours[n]} there, {theirs[n]} here" for n in different)
            raise ValueError(Errors.R020.format(path=self.path, detail=detail))


def _find(path: Path) -> Path:
    """The file of a model."""
    if path.is_file():
        return path
    candidates = [path / "model", path / "rnn_lm" / "model"]
    candidates += sorted(path.glob("*/model")) if path.is_dir() else []
    for file in candidates:
        if file.is_file() and _holds_network(file):
            return file
    raise ValueError(Errors.R019.format(path=path))


def _holds_network(file: Path) -> bool:
    try:
        message = srsly.msgpack_loads(file.read_bytes())
        return any("vocabulary" in attrs for attrs in message["attrs"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _read(file: Path) -> tuple[Vocabulary, RNNLanguageModel]:
    """A file of thinc's holds, for every layer, its attributes and its shims."""
    try:
        message: dict[str, Any] = srsly.msgpack_loads(file.read_bytes())
        vocabularies = [a["vocabulary"] for a in message["attrs"] if "vocabulary" in a]
        shims = [shim for layer in message["shims"] for shim in layer]
        states = [srsly.msgpack_loads(shim)["state"] for shim in shims]
        vocabulary = Vocabulary.from_bytes(vocabularies[0])
        network = weights_from_bytes(next(filter(None, states)), {})
    except (ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
        raise ValueError(Errors.R021.format(path=file, error=error)) from None
    if network.settings.words != len(vocabulary):
        detail = f"{network.settings.words} rows for {len(vocabulary)} words"
        raise ValueError(Errors.R021.format(path=file, error=detail))
    return vocabulary, network
