"""How the component is saved and loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import srsly
from spacy import util
from spacy.vocab import Vocab
from thinc.api import Model

from ..errors import Errors, reason
from ..layers.carried import CarriedStates
from ..packing import same_garbage_collection
from ..regular_files import read_regular
from ..vocabulary import Vocabulary
from ..vocabulary.alphabet import alphabet_of
from ..vocabulary.spacing import Spacing
from .learned_spacing import SPACING_FILE

if TYPE_CHECKING:
    from ..layers.shim import RNNShim


class Saving:
    """The methods of the component that write it and read what was saved."""

    name: str
    vocab: Vocab
    model: Model
    cfg: dict[str, Any]
    vocabulary: Vocabulary
    spacing: Spacing
    shim: RNNShim
    forget_batch: Callable[[], None]
    _carried: CarriedStates

    def _add_strings(self) -> None:
        for word in self.vocabulary.words:
            self.vocab.strings.add(word)

    def _load_cfg(self, read: Callable[[Any], Any], source: Any) -> None:
        try:
            self.cfg.update(read(source))
        except (OSError, ValueError, TypeError) as error:
            message = Errors.R304.format(name=self.name, error=reason(error).rstrip("."))
            raise ValueError(message) from error

    def _load_model(self, data: bytes) -> None:
        before = self.vocabulary, self.shim._model
        try:
            with same_garbage_collection():
                self.model.from_bytes(data)
            there, here = self.vocabulary.options, before[0].options
            differ = [f"{k}: {there[k]} there, {here[k]} here" for k in here if there[k] != here[k]]
            if differ:
                raise ValueError(Errors.R010.format(detail="; ".join(differ)))
            network = self.shim._model
            if network is not None and network.settings.words != len(self.vocabulary):
                rows, words = network.settings.words, len(self.vocabulary)
                raise ValueError(Errors.R305.format(name=self.name, rows=rows, words=words))
            if network is not None and not network.spells_with(len(alphabet_of(self.vocabulary))):
                raise ValueError(Errors.R326.format(name=self.name))
        except Exception as error:
            self.model.attrs["vocabulary"], self.shim._model = before
            message = Errors.R304.format(name=self.name, error=reason(error).rstrip("."))
            raise ValueError(message) from error
        self._carried = CarriedStates(self.name)
        self.forget_batch()
        self._add_strings()

    def _load_spacing(self, data: bytes | None) -> None:
        """Read where spaces go; a model that was saved before this was learned knows nothing."""
        try:
            self.spacing = Spacing() if data is None else Spacing.from_bytes(data)
        except ValueError as error:
            raise ValueError(Errors.R304.format(name=self.name, error=reason(error))) from error

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Save to bytes."""
        serialize: dict[str, Callable[[], Any]] = {
            "cfg": lambda: srsly.json_dumps(self.cfg),
            "vocab": lambda: self.vocab.to_bytes(exclude=exclude),
            "model": self.model.to_bytes,
            SPACING_FILE: self.spacing.to_bytes,
        }
        return util.to_bytes(serialize, exclude)

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save to a folder."""
        serialize: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: srsly.write_json(p, self.cfg),
            "vocab": lambda p: self.vocab.to_disk(p, exclude=exclude),
            "model": self.model.to_disk,
            SPACING_FILE: lambda p: p.write_bytes(self.spacing.to_bytes()),
        }
        util.to_disk(path, serialize, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Load from bytes.
        RAISES (ValueError): If the data is damaged or belongs to another network.
        """
        spacing: list[bytes | None] = [None]
        deserialize: dict[str, Callable[[bytes], Any]] = {
            "cfg": lambda data: self._load_cfg(srsly.json_loads, data),
            "vocab": lambda data: self.vocab.from_bytes(data, exclude=exclude),
            "model": self._load_model,
            SPACING_FILE: spacing.append,
        }
        util.from_bytes(bytes_data, deserialize, exclude)
        if SPACING_FILE not in exclude:
            self._load_spacing(spacing[-1])
        return self

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Load from a folder.
        RAISES (ValueError): If the data is damaged or belongs to another network.
        """
        deserialize: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda p: self._load_cfg(_read_json, p),
            "vocab": lambda p: self.vocab.from_disk(p, exclude=exclude),
            "model": lambda p: self._load_model(read_regular(p)),
            SPACING_FILE: lambda p: self._load_spacing(read_regular(p) if p.exists() else None),
        }
        util.from_disk(path, deserialize, exclude)
        return self


def _read_json(path: Path) -> Any:
    return srsly.json_loads(read_regular(path))
