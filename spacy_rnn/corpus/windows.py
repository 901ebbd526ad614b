"""Long documents in windows of a bounded length, each of which knows where it came from.

A language model starts a document by reading its boundary symbol and ends it by predicting one. A
window in the middle of a document does neither: it starts by reading the token before it (a
backward model, the token after it). So every window of a document that was split carries a mark in
`doc.user_data`, which `doc.copy()`, `DocBin(store_user_data=True)` and `doc.to_bytes()` keep.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import IS_SPACE
from spacy.tokens import Doc, Token
from spacy.vocab import Vocab

from .._compat.spacy import array_attributes
from ..errors import Errors
from ..validation import check_size
from .plain_docs import PlainDoc, is_annotated

WINDOW_KEY = "spacy_rnn.window"
# The text of a token, and the norm where it isn't that of the text alone; None for no token.
Neighbour = tuple[str | None, str | None]
# The token beside a window and, if that is white space, the nearest that isn't.
Neighbours = tuple[Neighbour, Neighbour]


class Window(NamedTuple):
    """Where a window stands in its document.

    previous (Optional[str]): The text of the token before the window's first one. None if the
        window starts its document.
    final (bool): Whether the window ends its document.
    stream (Optional[int]): The stream that it is the next window of; see `streams.py`. None if
        it is read for itself.
    turn (int): How many windows its stream had before.
    carried (bool): Whether the stream's state is carried on to it; otherwise it starts anew.
    previous_norm (Optional[str]): The norm of the token before, where it isn't that of its text
        alone ("n't" → "not").
    following, following_norm (Optional[str]): The same of the token after the window's last one;
        None at the document's end, or where it isn't known.
    previous_word, previous_word_norm (Optional[str]): Where the token before is white space, the
        same of the last token before that isn't; None if there is none.
    following_word, following_word_norm (Optional[str]): The same after the window.
    """

    previous: str | None
    final: bool
    stream: int | None = None
    turn: int = 0
    carried: bool = False
    previous_norm: str | None = None
    following: str | None = None
    following_norm: str | None = None
    previous_word: str | None = None
    previous_word_norm: str | None = None
    following_word: str | None = None
    following_word_norm: str | None = None

    def neighbour(self, *, after: bool, skip_space: bool) -> Neighbour:
        """RETURNS (Tuple[Optional[str], Optional[str]]): Text and norm of the token beside it.

        after (bool): That after it, not that before it.
        skip_space (bool): Whether white space is no token.
        """
        token, word = self.neighbours(after=after)
        return word if skip_space and _is_white(token) else token

    def neighbours(self, *, after: bool) -> Neighbours:
        """RETURNS (Neighbours): The token beside it, and the nearest word where that is white
        space."""
        if after:
            word = self.following_word, self.following_word_norm
            return (self.following, self.following_norm), word
        return (
            (self.previous, self.previous_norm),
            (self.previous_word, self.previous_word_norm),
        )


def read_mark(doc: Doc) -> Window | None:
    """Read the mark that `split_document` left.

    doc (Doc): Any Doc.
    RETURNS (Optional[Window]): The place of this window. None if the Doc is a whole document.
    RAISES (ValueError): If the entry in `doc.user_data` isn't such a mark.
    """
    mark = doc.user_data.get(WINDOW_KEY)
    if mark is None:
        return None
    try:
        window = Window(**mark)
        fine = isinstance(window.final, bool) and isinstance(window.previous, str | None)
        fine = fine and isinstance(window.stream, int | None) and isinstance(window.turn, int)
        fine = fine and all(isinstance(value, str | None) for value in window[5:])
    except TypeError:  # no dict, or one of other keys
        fine = False
    if not fine:
        raise ValueError(Errors.R219.format(key=WINDOW_KEY, value=mark))
    return window


def write_mark(doc: Doc, window: Window) -> None:
    """Mark a Doc as a window of a longer document.

    doc (Doc): The window.
    window (Window): Its place.
    """
    doc.user_data[WINDOW_KEY] = window._asdict()


def count_predictions(
    docs: Iterable[Doc], *, reverse: bool = False, skip_space: bool = False
) -> int:
    """RETURNS (int): How many symbols a language model predicts in a batch: all tokens, and `</s>`
    where a document ends.

    docs (Iterable[Doc]): Documents and windows.
    reverse (bool): Whether they are read from right to left, so that a document ends at its first
        token.
    skip_space (bool): Whether tokens of white space aren't read.
    """
    return sum(
        _count_read(doc, skip_space) + _ends_document(read_mark(doc), reverse) for doc in docs
    )


def count_inner_windows(
    docs: Iterable[Doc], *, reverse: bool = False, skip_space: bool = False
) -> int:
    """RETURNS (int): How many windows with tokens to read don't end their document.

    docs, reverse, skip_space: See `count_predictions`.
    """
    return sum(
        not _ends_document(read_mark(doc), reverse) and _count_read(doc, skip_space) > 0
        for doc in docs
    )


def _ends_document(mark: Window | None, reverse: bool) -> bool:
    return mark is None or (mark.previous is None if reverse else mark.final)


def _count_read(doc: Doc, skip_space: bool) -> int:
    return len(doc) - (int(doc.to_array(IS_SPACE).sum()) if skip_space else 0)


def split_document(doc: Doc, max_length: int) -> list[Doc]:
    """Split a document into consecutive windows.

    Words, spaces and norms are kept, so the windows' texts joined are the document's. So are
    annotations of tokens, but not user data, whose offsets no longer hold. A window can be split
    again: its parts are marked as if the whole document had been.

    doc (Doc): The document; it isn't changed.
    max_length (int): The most tokens a window may have. 0 means: never split.
    RETURNS (List[Doc]): New, marked Docs, or the document itself if it is short enough.
    RAISES (ValueError): If max_length is negative.
    """
    check_size("max_length", max_length)
    if not max_length or len(doc) <= max_length:
        return [doc]
    starts = range(0, len(doc), max_length)
    windows = list(_slices(doc, starts, max_length))
    for window, place in zip(windows, places(doc, max_length), strict=True):
        write_mark(window, place)
    return windows


def places(doc: Doc, max_length: int) -> list[Window]:
    """RETURNS (List[Window]): The marks of a document's windows of `max_length` > 0 tokens."""
    whole = read_mark(doc) or Window(None, True)
    words = np.flatnonzero(doc.to_array(IS_SPACE) == 0)
    outer = [whole.neighbours(after=after) for after in (False, True)]
    marks = []
    for start in range(0, len(doc), max_length):
        stop = start + max_length
        before, after = outer
        if start:
            nearest = words[: np.searchsorted(words, start)][-1:]
            before = _look(doc, start - 1, nearest, before)
        if stop < len(doc):
            nearest = words[np.searchsorted(words, stop) :][:1]
            after = _look(doc, stop, nearest, after)
        marks.append(_make_mark(before, after, whole.final and stop >= len(doc)))
    return marks


def _make_mark(before: Neighbours, after: Neighbours, final: bool) -> Window:
    (previous, previous_norm), (previous_word, previous_word_norm) = before
    (following, following_norm), (following_word, following_word_norm) = after
    return Window(
        previous,
        final,
        previous_norm=previous_norm,
        following=following,
        following_norm=following_norm,
        previous_word=previous_word,
        previous_word_norm=previous_word_norm,
        following_word=following_word,
        following_word_norm=following_word_norm,
    )


def _look(doc: Doc, beside: int, nearest: np.ndarray, outer: Neighbours) -> Neighbours:
    """outer (Neighbours): Beside the whole document, where it is a window itself."""
    token = _forms(doc[beside])
    if not _is_white(token):
        return token, (None, None)
    if len(nearest):
        return token, _forms(doc[int(nearest[0])])
    return token, outer[_is_white(outer[0])]


def _forms(token: Token) -> Neighbour:
    return token.text, token.norm_ if token.norm != token.lex.norm else None


def _is_white(token: Neighbour) -> bool:
    return token[0] is not None and token[0].isspace()


def _slices(doc: Doc, starts: range, length: int) -> Iterator[Doc]:
    if not is_annotated(doc):
        plain = PlainDoc.from_doc(doc)
        yield from (plain.slice(start, start + length).to_doc(doc.vocab) for start in starts)
        return
    # One array for all windows: Span.as_doc would make it of the whole document for each.
    attributes = array_attributes(doc)
    array = None if attributes is None else doc.to_array(attributes)
    for start in starts:
        span: Any = doc[start : start + length]
        window = span.as_doc(array_head=attributes, array=array)
        window.has_unknown_spaces = doc.has_unknown_spaces
        yield window


def window_words(vocab: Vocab, words: Iterable[str], max_length: int) -> Iterator[Doc]:
    """Make the windows of a document straight from its words, holding two windows at a time (and
    all that follow of nothing but white space).

    Words are separated by spaces, except around a line's end: the word "\\n". The Docs say that
    these spaces aren't known (`doc.has_unknown_spaces`).

    vocab (Vocab): The vocabulary of the pipeline.
    words (Iterable[str]): The words of one document, as a stream of any length.
    max_length (int): The most tokens a window may have. 0 means: never split.
    YIELDS (Doc): The windows, marked as by `split_document`; the whole document, without a mark,
        if it is short enough; nothing if there are no words.
    """
    stream = iter(words)
    size = max_length or None
    ahead: deque[list[str]] = deque()  # windows that were read already
    before = last_word = later = None
    window = list(islice(stream, size))
    while window:
        if not ahead:
            ahead.append(list(islice(stream, size)))
        following = ahead[0]
        word = _first_word(following)
        if word is not None:
            later = None
        elif later is None:
            while ahead[-1] and (later := _first_word(ahead[-1])) is None:
                ahead.append(list(islice(stream, size)))
        neighbours = [*window[1:], following[0] if following else "\n"]
        spaces = [w != "\n" and n != "\n" for w, n in zip(window, neighbours, strict=True)]
        doc = Doc(vocab, words=window, spaces=spaces)
        doc.has_unknown_spaces = True
        if before is not None or following:
            first = following[0] if following else None
            beside = _pair(before, last_word), _pair(first, word or later)
            write_mark(doc, _make_mark(*beside, final=not following))
        yield doc
        before = window[-1]
        last_word = _first_word(reversed(window)) or last_word
        window = ahead.popleft()


def _first_word(words: Iterable[str]) -> str | None:
    return next((word for word in words if not word.isspace()), None)


def _pair(text: str | None, word: str | None) -> Neighbours:
    return (text, None), (word if _is_white((text, None)) else None, None)
