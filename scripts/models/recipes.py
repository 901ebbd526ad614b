"""The recipes of the models to take away, and where their files are."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wasabi import msg

_FILE = Path(__file__).with_name("recipes.toml")
EMBEDDED = Path("assets/zh-modern")
PARTS = ("train", "dev", "test")
# The folder of minimal pairs of a language, and what they are called.
PAIRS = {"en": ("blimp", "BLiMP"), "zh": ("sling", "SLING")}
# Defaults of project.yml that lie here are there for those who have them.
_OPTIONAL = "assets"


@dataclass(frozen=True)
class Text:
    """A text that models read.

    name (str): Its name; that of the variable of project.yml with its path.
    title, licence (str): What the cards say of it.
    dev (str): The name of its dev file.
    document (str): What a document is: a "line", or a "block" of lines between empty ones.
    """

    name: str
    title: str
    licence: str
    document: str
    dev: str = "dev.txt"

    @property
    def files(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str, …]): The files that its folder has."""
        return "train.txt", self.dev, "test.txt"


@dataclass(frozen=True)
class Recipe:
    """How a model is made.

    name (str): The package's name.
    lang (str): The language.
    kind (str): "language model" or "encoder".
    description, license (str): Of the package; the license as an SPDX expression.
    texts (Tuple[Text]): What it has to read.
    config (Path): The training config.
    steps (int): Steps of a whole training.
    settings (Dict[str, Any]): What is set otherwise than in the config.
    """

    name: str
    lang: str
    kind: str
    description: str
    license: str
    texts: tuple[Text, ...]
    config: Path
    steps: int
    settings: dict[str, Any]

    @property
    def is_encoder(self) -> bool:
        return self.kind == "encoder"

    @property
    def corpus(self) -> Path:
        """RETURNS (Path): The folder of its text."""
        return Path("corpus") / self.name

    @property
    def suffix(self) -> str:
        """RETURNS (str): How the files of its text end: .spacy where words are missing in it."""
        return ".spacy" if self.lang == "en" else ".txt"

    @property
    def training(self) -> Path:
        """RETURNS (Path): The folder of its training."""
        return Path("training") / self.name

    @property
    def whole_sentences(self) -> Path | None:
        """RETURNS (Optional[Path]): The folder of sentences that lack no word, where the text has
        such that do: bits per character need whole text."""
        return self.corpus / "raw" if self.lang == "en" and not self.is_encoder else None

    @property
    def model(self) -> Path:
        """RETURNS (Path): The trained pipeline: the best one on dev."""
        return self.training / "model-best"

    @cached_property
    def options(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): How a reader reads its text files."""
        if self.suffix == ".spacy":
            return {}
        return {"tokenized": True} if self.is_encoder else {"document": "block"}

    @property
    def packed(self) -> Path:
        """RETURNS (Path): The pipeline that is packed: of an encoder one without its softmax."""
        return self.training / "encoder" if self.is_encoder else self.model

    def figures(self, name: str) -> Path:
        """RETURNS (Path): A file of figures about it."""
        return Path("metrics") / f"{self.name}.{name}.json"


def read_recipes() -> dict[str, Recipe]:
    """RETURNS (Dict[str, Recipe]): The recipes by name."""
    file = tomllib.loads(_FILE.read_text("utf8"))
    texts = {name: Text(name=name, **values) for name, values in file["texts"].items()}
    recipes = {}
    for name, values in file["models"].items():
        read = tuple(texts[text] for text in values["texts"])
        values = {"settings": {}, **values, "texts": read, "config": Path(values["config"])}
        recipes[name] = Recipe(name=name, **values)
    return recipes


def find_texts(
    recipe: Recipe, folders: dict[str, Path | None]
) -> tuple[list[tuple[Text, Path]], list[Text]]:
    """Tell the texts that are there from those that are not.

    recipe (Recipe): The model.
    folders (Dict[str, Optional[Path]]): The folder of each text by its name, or None.
    RETURNS (Tuple[List[Tuple[Text, Path]], List[Text]]): Those that are there with their folders,
        and those that are missing. A folder without one of its files ends the program.
    """
    found, missing = [], []
    for text in recipe.texts:
        folder = EMBEDDED if text.name == "embedded" else folders.get(text.name)
        if exists(folder, *text.files):
            assert folder is not None
            found.append((text, folder))
        else:
            missing.append(text)
    return found, missing


def check_measures(recipe: Recipe, minimal_pairs: Path | None, reading_times: Path | None) -> None:
    """End the program for a path of `measure_model` that was named and isn't there."""
    if not recipe.is_encoder:
        exists(minimal_pairs, PAIRS[recipe.lang][0])
        if recipe.lang == "en":
            exists(reading_times)


def exists(path: Path | None, *inside: str) -> bool:
    """Ask for a path that may be left out. One that was named and isn't there ends the program.

    path (Optional[Path]): A file or folder.
    *inside (str): What has to be in it.
    RETURNS (bool): Whether it is there.
    """
    if path is None or path == Path():
        return False
    if path.parts[0] == _OPTIONAL and not path.exists():
        return False
    for wanted in (path, *(path / name for name in inside)):
        if not wanted.exists():
            msg.fail(f"{wanted} is not there", "Leave the path empty to skip it.", exits=1)
    return True


def is_outdated(output: Path, inputs: Iterable[Path]) -> bool:
    """RETURNS (bool): Whether a file is missing or older than one of those that it is made of."""
    if not output.exists():
        return True
    made = output.stat().st_mtime_ns
    return any(path.stat().st_mtime_ns > made for path in inputs)


def write_figures(path: Path, figures: dict[str, Any]) -> None:
    """Write a file of figures whole, so that a run that was stopped leaves none in part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
    part.replace(path)


def read_figures(path: Path) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The figures of a file; empty if it is not there."""
    return json.loads(path.read_text("utf8")) if path.exists() else {}
