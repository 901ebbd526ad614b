"""A spaCy tokenizer with jieba's segmentation and dictionary words of its own."""

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import srsly
from spacy import Language, util
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import DummyTokenizer, registry
from spacy.vocab import Vocab

from spacy_rnn.packing import unpack

from ..config_errors import checks_settings
from ..errors import Errors, Warnings
from ..regular_files import is_special, read_regular
from ..validation import check_type
from .alignment import words_and_spaces
from .dictionary import default_dictionary, fingerprint, jieba_fingerprint, shared_dictionary
from .rust_segmenter import RustSegmenter
from .segmenter import JiebaSegmenter, Segmenter
from .user_words import UserWords, add_user_words, check_user_words

_ENGINES = {"jieba": JiebaSegmenter, "rjieba": RustSegmenter}
_SURROGATE = re.compile("[\ud800-\udfff]")


@registry.tokenizers("spacy-rnn.JiebaTokenizer.v1")
@checks_settings
def create_jieba_tokenizer(
    hmm: bool = True,
    user_words: list[Any] = [],  # noqa: B006  (never changed; the config shows it as `[]`)
    dictionary: str | Path | None = None,
    engine: str = "jieba",
) -> Callable[[Language], "JiebaTokenizer"]:
    """Make a tokenizer for Chinese text that segments as jieba does (`[nlp.tokenizer]`).

    hmm (bool): Recognise words that are not in the dictionary.
    user_words (List[str | Tuple[str, int]]): Words of this pipeline alone, `"word"` or
        `["word", frequency]`. Frequency 0 removes a word from the dictionary. A word without a
        frequency gets the one that jieba suggests. None is cut out of a longer Latin word.
    dictionary (str | Path | None): A file that replaces jieba's dictionary, one
        `word frequency [tag]` a line. It is saved with the pipeline: a pipeline that was saved
        loads where the file doesn't exist.
    engine (str): "jieba", or "rjieba": jieba-rs, several times as fast, the same words
        (`pip install 'spacy-rnn[fast]'`). It isn't saved with the tokenizer: the config decides.
    RETURNS (Callable[[Language], JiebaTokenizer]): Makes the tokenizer for an nlp object.
    RAISES (ValueError): For an unknown engine, or if a user word or its frequency makes no sense.

    EXAMPLE:
        >>> import spacy
        >>> config = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "user_words": [["我爱你", 0]]}
        >>> nlp = spacy.blank("zh", config={"nlp": {"tokenizer": config}})
        >>> [token.text for token in nlp("我爱你")]
        ['我', '爱', '你']
    """
    checked = check_user_words(user_words)
    _check_engine(engine)

    def create(nlp: Language) -> "JiebaTokenizer":
        words = _as_list(checked)
        return JiebaTokenizer(
            nlp.vocab, hmm=hmm, user_words=words, dictionary=dictionary, engine=engine
        )

    return create


@dataclass(frozen=True)
class _Settings:
    """All that decides the segmentation. Replaced as a whole, so that threads never see half."""

    hmm: bool
    user_words: UserWords
    # Where the own dictionary came from, for messages; None: jieba's.
    path: str | None = None
    # The contents of the own dictionary; None with a path: not to be had there.
    data: bytes | None = field(default=None, repr=False)
    # The fingerprint of jieba's dictionary where the pipeline was saved.
    saved_with: str | None = None
    # What segments; a setting of the installation, so it is not saved.
    engine: str = "jieba"
    # Whether user words are cut out of longer Latin words. So did those that were saved or pickled
    # without this setting.
    cut_latin: bool = True


class JiebaTokenizer(DummyTokenizer):
    """Text → Doc, segmented as `jieba.lcut` does; `doc.text` is the text, whatever it is.

    The dictionary is read at the first call, once for all tokenizers of the process. What it
    does can't be changed afterwards, so that threads can share it.

    vocab (Vocab): The vocabulary of the Docs.
    hmm (bool): Recognise words that are not in the dictionary.
    user_words (Iterable[str | Tuple[str, int]] | Dict): Words of this tokenizer alone, with or
        without a frequency; 0 removes a word.
    dictionary (str | Path | None): A file that replaces jieba's dictionary.
    engine (str): "jieba" or "rjieba".
    RAISES (ValueError): For an unknown engine, or if a user word or its frequency makes no sense.

    EXAMPLE:
        >>> from spacy.vocab import Vocab
        >>> tokenizer = JiebaTokenizer(Vocab(), user_words=["云计算"])
        >>> [token.text for token in tokenizer("他在学云计算。")]
        ['他', '在', '学', '云计算', '。']
    """

    def __init__(
        self,
        vocab: Vocab,
        *,
        hmm: bool = True,
        user_words: Iterable[Any] = (),
        dictionary: str | Path | None = None,
        engine: str = "jieba",
    ) -> None:
        check_type("vocab", vocab, Vocab, "a Vocab of spaCy, such as nlp.vocab")
        check_type("hmm", hmm, bool, "True or False")
        self.vocab = vocab
        self._segmenter: Segmenter | None = None
        path = None if dictionary is None else str(dictionary)
        data = None if path is None else _read_or_none(path)
        words = check_user_words(user_words)
        _check_engine(engine)
        self._settings = _Settings(hmm, words, path, data, engine=engine, cut_latin=False)

    @property
    def hmm(self) -> bool:
        """Whether words that are not in the dictionary are recognised."""
        return self._settings.hmm

    @property
    def user_words(self) -> list[Any]:
        """The user words, as a config has them."""
        return _as_list(self._settings.user_words)

    def __call__(self, text: str) -> Doc:
        """Tokenize a text.

        text (str): Any text.
        RETURNS (Doc): The tokens.
        RAISES (ValueError): If the text has a lone surrogate, or the dictionary can't be used.
        RAISES (ImportError): If the engine is not installed.
        RAISES (TypeError): If the text is no string.
        """
        if not isinstance(text, str):
            raise TypeError(Errors.R120.format(type=type(text).__name__))
        segmenter = self._segmenter or self._make_segmenter()
        words, spaces = words_and_spaces(text, segmenter.cut)
        try:
            return Doc(self.vocab, words=words, spaces=spaces)
        except UnicodeEncodeError:
            found = _SURROGATE.search(text)
            if found is None:
                raise
            message = Errors.R101.format(code=f"U+{ord(found[0]):04X}", position=found.start())
            raise ValueError(message) from None

    def settled(self, text: str) -> int:
        """How much of a text is cut the same whatever follows the text, and as if nothing did. Who
        cuts a text again that grows need cut only the rest. In another text that begins with these
        characters they are cut the same too, unless white space follows them there.

        text (str): The text.
        RETURNS (int): So many first characters; 0 if it can't be said.
        """
        segmenter = self._segmenter or self._make_segmenter()
        for place in range(len(text) - 1, 0, -1):
            before = text[place - 1]
            if text[place].isspace():  # it may belong to what stands before it
                continue
            if before.isspace() or segmenter.splits_after(before):
                return place
        return 0

    def _make_segmenter(self) -> Segmenter:
        # Two threads that come here at once make two equal ones; the dictionary they share.
        settings = self._settings
        if settings.path is None:
            dictionary = default_dictionary()
            if settings.saved_with not in (None, jieba_fingerprint()):
                warnings.warn(Warnings.W101, stacklevel=3)
        else:
            dictionary = shared_dictionary(_own_data(settings), settings.path)
        words, cut_latin = settings.user_words, settings.cut_latin
        dictionary = add_user_words(dictionary, words, cut_latin=cut_latin)
        self._segmenter = _ENGINES[settings.engine](dictionary, hmm=settings.hmm)
        return self._segmenter

    def score(self, examples: Iterable[Example]) -> dict[str, Any]:
        """Score the tokenization against the reference.

        examples (Iterable[Example]): Examples with predicted and reference Docs.
        RETURNS (Dict[str, Any]): `token_acc`, `token_p`, `token_r` and `token_f`.
        """
        validate_examples(examples, "JiebaTokenizer.score")
        return Scorer.score_tokenization(examples)

    def to_bytes(self, *, exclude: Iterable[str] = (), **kwargs: Any) -> bytes:
        """Save settings, user words and an own dictionary.

        exclude (Iterable[str]): What to leave out: `cfg`, `dictionary`.
        RETURNS (bytes): The saved tokenizer.
        """
        settings = self._settings
        writers: dict[str, Callable[[], Any]] = {"cfg": lambda: _to_cfg(settings)}
        if settings.path is not None:
            writers["dictionary"] = lambda: _own_data(settings)
        return util.to_bytes(writers, exclude)

    def from_bytes(
        self, data: bytes, *, exclude: Iterable[str] = (), **kwargs: Any
    ) -> "JiebaTokenizer":
        """Load what `to_bytes` saved. It replaces the settings of this tokenizer.

        data (bytes): The saved tokenizer.
        exclude (Iterable[str]): What to leave as it is: `cfg`, `dictionary`.
        RETURNS (JiebaTokenizer): This tokenizer.
        RAISES (ValueError): If it is damaged or not from a tokenizer of this kind, or if it needs a
            dictionary that was excluded.
        """
        try:
            saved = unpack(data)
        except ValueError:
            saved = None
        if not isinstance(saved, dict):
            raise ValueError(Errors.R109)
        self._load({name: saved.get(name) for name in ("cfg", "dictionary")}, exclude)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = (), **kwargs: Any) -> None:
        """Save settings, user words and an own dictionary into a folder.

        path (str | Path): The folder; it is made if it doesn't exist.
        exclude (Iterable[str]): What to leave out: `cfg`, `dictionary`.
        """
        settings = self._settings
        writers: dict[str, Callable[[Path], Any]] = {
            "cfg": lambda file: srsly.write_json(file, _to_cfg(settings)),
            "dictionary.txt": lambda file: _write_settings(file, settings),
        }
        util.to_disk(path, writers, exclude)

    def from_disk(
        self, path: str | Path, *, exclude: Iterable[str] = (), **kwargs: Any
    ) -> "JiebaTokenizer":
        """Load what `to_disk` saved. It replaces the settings of this tokenizer.

        path (str | Path): The folder.
        exclude (Iterable[str]): What to leave as it is: `cfg`, `dictionary`.
        RETURNS (JiebaTokenizer): This tokenizer.
        RAISES (ValueError): If it is damaged or not from a tokenizer of this kind, if a file of it
            is a pipe or a device, or if it needs a dictionary that was excluded.
        """
        folder = Path(path)
        found = {name: folder / name for name in ("cfg", "dictionary.txt")}
        for file in found.values():
            if is_special(file):
                raise ValueError(Errors.R370.format(path=file))
        data = _read_or_none(found["cfg"])
        try:
            cfg = None if data is None else srsly.json_loads(data.decode("utf8"))
        except ValueError:
            cfg = None
        self._load({"cfg": cfg, "dictionary": _read_or_none(found["dictionary.txt"])}, exclude)
        return self

    def _load(self, saved: dict[str, Any], exclude: Iterable[str]) -> None:
        """Take over saved settings, all of them or none."""
        settings, exclude = self._settings, {"cfg", "dictionary"} & set(exclude)
        cfg = _to_cfg(settings) if "cfg" in exclude else saved["cfg"]
        data = settings.data if "dictionary" in exclude else saved["dictionary"]
        try:
            hmm, own, saved_with = cfg["hmm"], cfg["own_dictionary"], cfg["fingerprint"]
            entries, cut_latin = cfg["user_words"], cfg.get("cut_latin", True)
        except (AttributeError, KeyError, TypeError):
            raise ValueError(Errors.R109) from None
        kinds = [type(value) for value in (hmm, own, cut_latin, saved_with, entries)]
        if kinds != [bool, bool, bool, str, list]:
            raise ValueError(Errors.R109)
        words = check_user_words(entries)
        kept = {"engine": settings.engine, "cut_latin": cut_latin}
        if not own:
            self._settings = _Settings(hmm, words, saved_with=saved_with, **kept)
        elif not isinstance(data, bytes):
            raise ValueError(Errors.R114 if "dictionary" in exclude else Errors.R109)
        # the two halves of one saving; one half may be that of another tokenizer
        elif not exclude and fingerprint(data) != saved_with:
            raise ValueError(Errors.R109)
        else:
            path = settings.path or "dictionary.txt"
            self._settings = _Settings(hmm, words, path, data, **kept)
        self._segmenter = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.vocab, self._settings)


def _check_engine(engine: str) -> str:
    if not isinstance(engine, str) or engine not in _ENGINES:
        known = ", ".join(_ENGINES)
        raise ValueError(Errors.R008.format(option="engine", value=engine, known=known))
    return engine


def _restore(vocab: Vocab, settings: _Settings) -> JiebaTokenizer:
    """Make a tokenizer from its pickled parts."""
    tokenizer = JiebaTokenizer(vocab)
    tokenizer._settings = settings
    return tokenizer


def _as_list(user_words: UserWords) -> list[Any]:
    return [
        word if frequency is None else [word, frequency] for word, frequency in user_words.items()
    ]


def _to_cfg(settings: _Settings) -> dict[str, Any]:
    own = settings.path is not None
    return {
        "hmm": settings.hmm,
        "user_words": _as_list(settings.user_words),
        "cut_latin": settings.cut_latin,
        "own_dictionary": own,
        "fingerprint": fingerprint(_own_data(settings)) if own else jieba_fingerprint(),
    }


def _own_data(settings: _Settings) -> bytes:
    """The contents of the own dictionary, wanted now."""
    if settings.data is None:
        raise ValueError(Errors.R105.format(path=settings.path))
    return settings.data


def _read_or_none(path: str | Path) -> bytes | None:
    """A file's contents; None if it can't be read, for that may not matter yet."""
    try:
        return read_regular(Path(path))
    except (OSError, ValueError):
        return None


def _write_settings(file: Path, settings: _Settings) -> None:
    if settings.path is None:
        # What another pipeline left in the folder is not ours.
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(_own_data(settings))
