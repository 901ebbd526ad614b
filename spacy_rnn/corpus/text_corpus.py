"""The corpus reader `spacy-rnn.TextCorpus.v1`: from files of text to Examples."""

# No postponed annotations here: spaCy checks a config's values against those of registered
# functions, and can only read them as objects.
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from itertools import chain, compress, cycle, islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from spacy.vocab import Vocab

from ..config_errors import checks_settings
from ..errors import Errors
from ..validation import check_size
from .docbins import read_docbin
from .plain_docs import PlainDoc, is_annotated
from .plain_examples import ExampleMaker
from .text_files import (
    DOCUMENTS,
    LONGEST_LINE,
    SourcePosition,
    TextDocument,
    find_files,
    get_format,
    read_jsonl,
    read_text,
)
from .token_cache import get_cache
from .windows import WINDOW_KEY, read_mark, split_document, window_words, write_mark

PathOrPaths = str | Path | list[str | Path] | None


@registry.readers("spacy-rnn.TextCorpus.v1")
@checks_settings
def create_text_corpus(
    path: PathOrPaths,
    *,
    document: str = "line",
    tokenized: bool = False,
    line_end: str | None = None,
    text_key: str = "text",
    min_length: int = 0,
    max_length: int = 0,
    limit: int = 0,
    cache: bool = True,
) -> Callable[[Language], Iterable[Example]]:
    """Create a reader of raw text for training and evaluating a language model.

    It reads .txt, .jsonl and .spacy (DocBin) files, gzipped (.gz) or not. An object of a .jsonl
    file is a document; it has a text, or `tokens`, or both (then the text says where spaces are).
    Ready-made tokens, those of `tokens` and of .spacy files, are never tokenized again. An
    annotated .spacy file gives its annotations as the reference of each Example, for components
    trained beside the language model. Documents of nothing but white space are skipped.

    path (Union[str, Path, List[Union[str, Path]]]): A file, a folder (its files sorted by name,
        folders in it included; hidden files and other formats are skipped), or a list of these.
    document (str): What a document of a .txt file is. "line" (default): every line that isn't
        empty. "block": the lines between empty lines, line ends kept. "file": the whole file.
        Only "\\n" and "\\r\\n" end a line.
    tokenized (bool): Whether the text of .txt and .jsonl files is already split into words by
        spaces, as WikiText-2 is. Then no tokenizer runs: several spaces count as one, those at
        the ends of a line don't count, and `doc.text` is the text without these. A line's end
        inside a document is a token "\\n", unless line_end is set. Defaults to False.
    line_end (Optional[str]): A word that is put in place of every line's end in tokenized text,
        that of the last line included: "<eos>" with document = "file" gives the token count that
        is published for WikiText-2. Defaults to None.
    text_key (str): The key of the text in a .jsonl file. Defaults to "text".
    min_length (int): Skip documents of fewer tokens. Defaults to 0.
    max_length (int): Split longer documents into consecutive windows of at most so many tokens,
        marked for `spacy_rnn.corpus.windows.read_mark`. 0 (default) means: never.
    limit (int): Read only so many documents (counted before they are split). 0 (default) means:
        all.
    cache (bool): Whether to keep the words of every text in memory, so that it is tokenized once
        for a pipeline, by all readers and at all epochs together. They go when the pipeline goes.
        A Doc without annotations is then made of its words when it is asked for. It is the same
        one as long as anybody holds it; what was written onto it is gone with it, but for a Doc
        that was assigned (`example.predicted = doc`). So the list of Examples of a whole corpus
        that spaCy shuffles takes about ten bytes a token and some hundred a document. Set it to
        false for a corpus larger than memory (with max_epochs = -1): then nothing is kept, and
        every Example holds its Doc. Defaults to True.
    RETURNS (Callable[[Language], Iterable[Example]]): The reader.
    RAISES (ValueError): If path doesn't exist, or an option isn't valid. The reader raises it if
        path is null, for every file that it can't read, and for a corpus without a document.

    CONFIG:
        [corpora.train]
        @readers = "spacy-rnn.TextCorpus.v1"
        path = ${paths.train}
        max_length = 200
    """
    return TextCorpus(
        path,
        document=document,
        tokenized=tokenized,
        line_end=line_end,
        text_key=text_key,
        min_length=min_length,
        max_length=max_length,
        limit=limit,
        cache=cache,
    )


class TextCorpus:
    """Read Examples from files of text. The arguments are those of `create_text_corpus`."""

    def __init__(
        self,
        path: PathOrPaths,
        *,
        document: str = "line",
        tokenized: bool = False,
        line_end: str | None = None,
        text_key: str = "text",
        min_length: int = 0,
        max_length: int = 0,
        limit: int = 0,
        cache: bool = True,
    ) -> None:
        if document not in DOCUMENTS:
            known = ", ".join(map(repr, DOCUMENTS))
            raise ValueError(Errors.R215.format(value=document, known=known))
        if line_end is not None and (not tokenized or line_end.split() != [line_end]):
            raise ValueError(Errors.R216.format(value=line_end))
        # spaCy makes all of a config's readers, those that a run doesn't read with a null path too;
        # "" would be the current folder
        paths = path if isinstance(path, list | tuple) else [path]
        self.paths = [Path(p) for p in paths if p]
        self.document = document
        self.tokenized = tokenized
        self.line_end = line_end
        self.text_key = text_key
        self.min_length = check_size("min_length", min_length)
        self.max_length = check_size("max_length", max_length)
        self.limit = check_size("limit", limit)
        self.cache = cache
        self._rank, self._count = 0, 1
        find_files(self.paths)  # a wrong path of the dev corpus shows before an hour of training

    def __call__(self, nlp: Language) -> Iterator[Example]:
        """Read the corpus. Files are opened one by one, as the Examples are asked for.

        nlp (Language): The pipeline whose tokenizer makes the Docs.
        YIELDS (Example): The documents, or their windows: one Doc as predicted and as reference,
            or, where a .spacy file has annotations, a bare one and the annotated one.
        RAISES (ValueError): If a file can't be read, or there is no document.
        """
        if not self.paths:
            raise ValueError(Errors.R201)
        files = find_files(self.paths)
        tokenizes = self.cache and not self.tokenized
        tokenize = get_cache(nlp).find_words if tokenizes else _make_doc
        maker = ExampleMaker(nlp.vocab, plain=self.cache)
        first, step = self._rank, self._count
        mine = cycle([True])
        if not self.limit:  # others' documents needn't be tokenized, unless the limit counts them
            mine = cycle([rank == first for rank in range(step)])
            first, step = 0, 1
        documents = chain.from_iterable(
            self._read_file(nlp, path, tokenize, maker, mine) for path in files
        )
        empty = True
        for windows in islice(documents, first, self.limit or None, step):
            for example in windows:
                empty = False
                yield example
        if empty and self._count > 1:
            raise ValueError(Errors.R612)
        if empty:
            paths = ", ".join(map(str, self.paths))
            raise ValueError(Errors.R205.format(path=paths, min_length=self.min_length))

    def shard(self, rank: int, count: int) -> "TextCorpus":
        """RETURNS (TextCorpus): The reader of every `count`-th document, from `rank` on."""
        part = copy(self)
        part._rank, part._count = rank, count
        return part

    def _read_file(
        self,
        nlp: Language,
        path: Path,
        tokenize: Callable[[Language, str], PlainDoc | Doc],
        maker: ExampleMaker,
        mine: Iterator[bool],
    ) -> Iterator[Iterable[Example]]:
        """Yield the Examples of each document of one file for which `mine` is true."""
        if get_format(path) == ".spacy":
            for doc in compress(read_docbin(path, nlp.vocab), mine):
                if len(doc) >= self.min_length and not all(token.is_space for token in doc):
                    yield self._split_reference(doc, nlp, path, maker)
            return
        for raw in compress(self._read_raw(nlp, path), mine):
            yield from self._make_windows(nlp, raw, tokenize, maker)

    def _read_raw(self, nlp: Language, path: Path) -> Iterator[TextDocument]:
        if get_format(path) == ".jsonl":
            return read_jsonl(path, self.text_key)
        # A line that is too long for the tokenizer needn't be read to its end.
        return read_text(path, self.document, LONGEST_LINE if self.tokenized else nlp.max_length)

    def _make_windows(
        self,
        nlp: Language,
        raw: TextDocument,
        tokenize: Callable[[Language, str], PlainDoc | Doc],
        maker: ExampleMaker,
    ) -> Iterator[Iterable[Example]]:
        """Yield the Examples of a document's windows, or nothing if it is too short."""
        bare = True

        def make_example(window: Doc) -> Example:
            _check_length(_count_characters(window), raw.place, nlp.max_length)
            return maker.from_bare_doc(window) if bare else Example(window, window)

        if self.tokenized and raw.words is None:
            words = _at_least(self.min_length, split_lines(raw.lines, self.line_end))
            if words is not None:
                yield map(make_example, window_words(nlp.vocab, words, self.max_length))
            return
        if raw.words is not None:
            doc = words_to_doc(raw.words, raw.text(LONGEST_LINE), raw.place, nlp.vocab)
        else:
            made = tokenize(nlp, raw.text(nlp.max_length))
            if isinstance(made, PlainDoc):
                if self.min_length <= len(made.words) <= (self.max_length or len(made.words)):
                    _check_length(made.count_characters(), raw.place, nlp.max_length)
                    yield [maker.from_words(made)]
                    return
                doc = made.to_doc(nlp.vocab)
            else:  # nothing is kept, or the tokenizer annotates as well
                doc, bare = made, False
        if len(doc) >= self.min_length:
            yield map(make_example, split_document(doc, self.max_length))

    def _split_reference(
        self, doc: Doc, nlp: Language, path: Path, maker: ExampleMaker
    ) -> Iterator[Example]:
        try:
            for reference in split_document(doc, self.max_length):
                plain, mark = PlainDoc.from_doc(reference), read_mark(reference)
                _check_length(_count_characters(reference), SourcePosition(path, 0), nlp.max_length)
                if not is_annotated(reference) and reference.user_data.keys() <= {WINDOW_KEY}:
                    yield maker.from_bare_doc(reference, plain)
                    continue
                predicted = plain.to_doc(nlp.vocab)
                if mark:
                    write_mark(predicted, mark)
                yield Example(predicted, reference)
        except (KeyError, ValueError) as error:
            if str(error).startswith("[R"):
                raise
            # spaCy's: a norm or a label whose text isn't in the file
            raise ValueError(Errors.R212.format(path=path, error=error.args[0])) from error


def _make_doc(nlp: Language, text: str) -> Doc:
    return nlp.make_doc(text)


def words_to_doc(words: list[str], text: str, place: SourcePosition, vocab: Vocab) -> Doc:
    """Make a Doc of ready-made words.

    words (List[str]): The words.
    text (str): Says where spaces are; "" if it isn't known.
    place (SourcePosition): Where they stand, for the error.
    vocab (Vocab): The vocabulary of the Doc.
    RETURNS (Doc): The Doc, whose text is the given one, white space tokens added.
    RAISES (ValueError): If the words aren't those of the text.
    """
    if not text:
        return Doc(vocab, words=words)
    # not spaCy's `get_words_and_spaces`: it copies the rest of the text for every word
    found, spaces, end = [], [], 0
    for word in words:
        if word.isspace():
            continue
        start = text.find(word, end)
        if start < 0 or not _is_space(text[end:start]):
            raise ValueError(Errors.R221.format(place=place))
        if start > end:
            found.append(text[end:start])
            spaces.append(False)
        end = start + len(word)
        spaces.append(text[end : end + 1] == " ")
        found.append(word)
        end += spaces[-1]
    if not _is_space(text[end:]):
        raise ValueError(Errors.R221.format(place=place))
    if end < len(text):
        found.append(text[end:])
        spaces.append(False)
    return Doc(vocab, words=found, spaces=spaces)


def _is_space(text: str) -> bool:
    return not text or text.isspace()


def split_lines(lines: Iterable[str], line_end: str | None) -> Iterator[str]:
    """Yield the words of a document in tokenized lines.

    lines (Iterable[str]): Words separated by spaces, without their ends, or with "\r" of "\r\n".
    line_end (Optional[str]): The word for every line's end; None for "\\n" between lines.
    """
    for number, line in enumerate(lines):
        if line_end is None and number:
            yield "\n"
        yield from filter(None, line.removesuffix("\r").split(" "))
        if line_end is not None:
            yield line_end


def _at_least(count: int, words: Iterator[str]) -> Iterator[str] | None:
    """Look ahead whether there are so many words."""
    first = list(islice(words, count))
    return chain(first, words) if len(first) == count else None


def _count_characters(doc: Doc) -> int:
    return doc[-1].idx + len(doc[-1]) if len(doc) else 0


def _check_length(characters: int, place: SourcePosition, limit: int) -> None:
    # Language.evaluate tokenizes every reference text once more, and would refuse this one.
    if characters > limit:
        raise ValueError(Errors.R217.format(place=place, limit=limit))
