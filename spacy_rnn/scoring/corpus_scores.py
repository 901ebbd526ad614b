"""The scores of a language model on a corpus of any size, in bounded memory."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from tqdm import tqdm

from ..corpus.text_corpus import create_text_corpus
from ..corpus.text_files import find_files, get_format
from ..pipeline.counting import Counts
from ..pipeline.rnn_lm import RNNLM
from ..pipeline.scorer import score_language_model
from ..vocabulary import UNKNOWN_ROW
from ..vocabulary.text_fit import check_line_end
from .chunks import Chunks
from .releasing import memory_zone
from .selecting import keep_only, run_before, runs_components_before
from .unknown_share import UnknownShare

# Documents that are counted together.
_BATCH = 256
# So many, or so many words of a vocabulary, are read before the clock starts.
_FIRST, _FIRST_WORDS = 64, 200


@dataclass
class CorpusScores:
    """What is known about a corpus.

    scores (Dict[str, Any]): Those of the component's scorer, by name.
    documents, tokens, unknown, characters (int): What there was; white space that isn't read is no
        token.
    unknown_share (UnknownShare): How much of it are unknown words.
    seconds (float): How long it took, reading and tokenizing included, but not what only the first
        documents of a process wait for.
    digest (bytes): The same for the same forms of tokens in the same order.
    """

    scores: dict[str, Any]
    documents: int
    tokens: int
    unknown: int
    characters: int
    unknown_share: UnknownShare
    seconds: float
    digest: bytes

    @property
    def speed(self) -> float:
        """RETURNS (float): Tokens a second."""
        return self.tokens / self.seconds if self.seconds else 0.0


class _Adding:
    """Stands for the component in front of its scorer, and adds up what it counts: first batch by
    batch; then the scorer asks once more and gets the sums."""

    def __init__(self, lm: RNNLM) -> None:
        self.lm = lm
        self.sums: dict[Any, Any] = {}
        self.complete = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.lm, name)

    def count(self, docs: Iterable[Doc], **options: Any) -> Any:
        key = tuple(sorted(options.items()))
        if self.complete and key in self.sums:
            return self.sums[key]
        counts = self.lm.count(docs, **options)
        self.sums[key] = self.sums[key] + counts if key in self.sums else counts
        return counts


def score_corpus(
    nlp: Language, lm: RNNLM, corpus: Path, options: dict[str, Any], *, plain_names: bool = False
) -> CorpusScores:
    """Score a corpus, a batch of documents at a time.

    nlp (Language): The pipeline. All components that don't decide about tokens are disabled.
    lm (RNNLM): Its language model.
    corpus (Path): A file or a folder.
    options (Dict[str, Any]): Of the reader "spacy-rnn.TextCorpus.v1".
    plain_names (bool): Whether to take the default scorer, whose names begin with "lm_", instead
        of the component's own.
    RETURNS (CorpusScores): The scores.
    RAISES (ValueError): If the corpus can't be read or holds no document; for a `line_end` that the
        model doesn't know.
    """
    keep_only(nlp, lm)
    reader = create_text_corpus(corpus, cache=False, **options)
    check_line_end(options.get("line_end"), lm.vocabulary.__contains__)
    zones = all(get_format(path) != ".spacy" for path in find_files([corpus]))
    scorer: Any = score_language_model if plain_names or lm.scorer is None else lm.scorer
    adding = _Adding(lm)
    digest = hashlib.sha256()
    _read_ahead(nlp, lm, reader if zones else None)
    start = perf_counter()
    chunks = Chunks(iter(reader(nlp)), _BATCH, lambda example: len(example.predicted.text))
    documents = tokens = unknown = characters = 0
    with tqdm(unit=" documents", disable=None, file=sys.stderr) as bar:
        while not chunks.exhausted:
            with memory_zone(nlp, zones):
                examples = _retokenized(nlp, lm, chunks.take())
                if not examples:
                    continue
                docs = [example.predicted for example in examples]
                counted = adding.sums.get(())
                scorer(examples, lm=adding)
                if adding.sums.get(()) is counted:  # a scorer of another kind
                    adding.count(docs)
                documents += len(docs)
                keys = lm.vocabulary.forms_of(docs).keys
                tokens += len(keys)
                unknown += int((lm.vocabulary.rows_of_keys(keys) == UNKNOWN_ROW).sum())
                digest.update(keys.tobytes())
                characters += sum(len(doc.text) for doc in docs)
            bar.update(len(docs))
    chunks.finish()
    adding.complete = True
    scores = scorer([], lm=adding)
    seconds = perf_counter() - start
    share = UnknownShare.from_counts(adding.sums.get((), Counts()))
    sizes = (documents, tokens, unknown, characters)
    return CorpusScores(scores, *sizes, share, seconds, digest.digest())


def _read_ahead(
    nlp: Language, lm: RNNLM, reader: Callable[[Language], Iterable[Example]] | None
) -> None:
    """Do once what only the first documents of a process wait for: a tokenizer's dictionary is
    read, products are compiled.

    nlp (Language), lm (RNNLM): The pipeline and its language model.
    reader (Optional[Callable]): Of the corpus; None where it holds tokens, and is read as a whole.
    """
    with memory_zone(nlp):
        if reader is None:
            words = lm.vocabulary.words[2 : 2 + _FIRST_WORDS]
            docs = [Doc(nlp.vocab, words=words)]
        else:
            first = Chunks(iter(reader(nlp)), _FIRST, lambda example: len(example.predicted.text))
            docs = [example.predicted for example in first.take()]
        lm.count(list(run_before(nlp, lm, docs)) if runs_components_before(nlp) else docs)


def _retokenized(nlp: Language, lm: RNNLM, examples: Sequence[Example]) -> Sequence[Example]:
    if not examples or not runs_components_before(nlp):
        return examples
    docs = run_before(nlp, lm, [example.predicted for example in examples])
    return [Example(doc, doc) for doc in docs]
