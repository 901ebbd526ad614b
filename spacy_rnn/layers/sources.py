"""Trained weights from a file: of a pipeline, of one of its components, or of `spacy pretrain`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config

from ..errors import Errors
from ..network.language_model import RNNLanguageModel
from ..network.speller import END
from ..network.transfer import transfer_weights
from ..packing import unpack
from ..regular_files import read_regular
from ..vocabulary import UNKNOWN_ROW, Vocabulary
from ..vocabulary.alphabet import alphabet_of
from .weights import weights_from_bytes

_MUST_AGREE = ("cell", "width", "embedding_width", "depth", "tied", "subword_rows", "ngram_rows")
_NGRAM_SIZES = ("ngram_min", "ngram_max")


class SourceModel:
    """A trained network and its vocabulary.

    path (Union[str, Path]): The folder of a pipeline or of a component in it, the file that
        `spacy pretrain` wrote, or the name of an installed pipeline.
    RAISES (ValueError): If there is none, or the file is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.vocabulary, self.network = _read_model_file(find_model_file(path))

    def copy_into(self, target: RNNLanguageModel, vocabulary: Vocabulary) -> None:
        """Start a network from the source's weights, words mapped by their text, and its speller
        if both have one.

        target (RNNLanguageModel): The network.
        vocabulary (Vocabulary): Its words.
        RAISES (ValueError): If the networks have other shapes, or the target reads in a direction
            that the source doesn't have.
        """
        self._check(target, vocabulary.options)
        rows = self.vocabulary.rows_of_words(vocabulary.words)
        transfer_weights(self.network.to(target.device), target, rows, UNKNOWN_ROW)
        if self.network.speller is not None and target.speller is not None:
            symbols = alphabet_of(vocabulary).rows_in(alphabet_of(self.vocabulary))
            transfer_weights(self.network.speller, target.speller, symbols, END)

    def _check(self, target: RNNLanguageModel, options: dict[str, str]) -> None:
        ours = {**self.network.settings.to_dict(), **self.vocabulary.options}
        theirs = {**target.settings.to_dict(), **options}
        different = [name for name in (*_MUST_AGREE, *options) if ours[name] != theirs[name]]
        if ours["ngram_rows"] and theirs["ngram_rows"]:
            different += [name for name in _NGRAM_SIZES if ours[name] != theirs[name]]
        if ours["speller_width"] and theirs["speller_width"]:
            if ours["speller_width"] != theirs["speller_width"]:
                different.append("speller_width")
            # a new table starts at zero, which changes nothing
            if ours["speller_ngram_rows"] not in (0, theirs["speller_ngram_rows"]):
                different.append("speller_ngram_rows")
        if theirs["softmax"] and not ours["softmax"]:
            different.append("softmax")
        if not set(target.directions) <= set(self.network.directions):
            different.append("direction")
        if different:
            detail = "; ".join(f"{n}: {ours[n]} there, {theirs[n]} here" for n in different)
            raise ValueError(Errors.R020.format(path=self.path, detail=detail))


def find_pipeline(source: str | Path) -> Path:
    """RETURNS (Path): The folder of an installed pipeline whose name was given; else the path.

    source (Union[str, Path]): As `spacy.load` takes it: names come before paths.
    """
    name = str(source)
    if not (name.isidentifier() and util.is_package(name)):
        return Path(source)
    package = util.get_package_path(name)
    # the data lies in a folder with the version in its name
    return next((path.parent for path in sorted(package.glob("*/config.cfg"))), package)


def find_model_file(source: str | Path) -> Path:
    """RETURNS (Path): The file of a model: of the component with the factory "rnn_lm", or else of
    the one with a network inside.

    source (Union[str, Path]): The folder of a pipeline or of a component in it, the file itself, or
        the name of an installed pipeline.
    RAISES (ValueError): If there is none, or several.
    """
    path = find_pipeline(source)
    if path.is_file():
        return path
    if (path / "model").is_file():
        return path / "model"
    files = [path / name / "model" for name in _language_models(path / "config.cfg")]
    files = [file for file in files if file.is_file()]
    if not files:
        files = [file for file in sorted(path.glob("*/model")) if _holds_network(file)]
    if not files:
        raise ValueError(Errors.R019.format(path=path))
    named = path / "rnn_lm" / "model"
    if len(files) > 1 and named not in files:
        names = ", ".join(file.parent.name for file in files)
        raise ValueError(Errors.R024.format(path=path, names=names))
    return named if named in files else files[0]


def _language_models(config: Path) -> list[str]:
    if not config.is_file():
        return []
    components = Config().from_disk(config, interpolate=False).get("components", {})
    return [name for name, values in components.items() if values.get("factory") == "rnn_lm"]


def _holds_network(file: Path) -> bool:
    try:
        message = unpack(read_regular(file))
        return any("vocabulary" in attrs for attrs in message["attrs"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _read_model_file(file: Path) -> tuple[Vocabulary, RNNLanguageModel]:
    """A file of thinc's holds, for every layer, its attributes and its shims."""
    try:
        message: dict[str, Any] = unpack(read_regular(file))
        vocabularies = [a["vocabulary"] for a in message["attrs"] if "vocabulary" in a]
        shims = [shim for layer in message["shims"] for shim in layer]
        states = [unpack(shim)["state"] for shim in shims if shim]
        if not vocabularies or not any(states):
            raise ValueError("it holds no trained language model")
        vocabulary = Vocabulary.from_bytes(vocabularies[0])
        network = weights_from_bytes(next(filter(None, states)), {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(Errors.R021.format(path=file, error=error)) from None
    if network.settings.words != len(vocabulary):
        detail = f"{network.settings.words} rows for {len(vocabulary)} words"
        raise ValueError(Errors.R021.format(path=file, error=detail))
    if not network.spells_with(len(alphabet_of(vocabulary))):
        raise ValueError(Errors.R021.format(path=file, error="its speller has other symbols"))
    return vocabulary, network
