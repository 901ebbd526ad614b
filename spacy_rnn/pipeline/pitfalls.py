"""Settings that train without an error and give less than they could: a warning says what to do."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from itertools import islice

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import logger

from ..corpus.plain_docs import is_annotated
from ..errors import Warnings
from ..network.measures import NETWORK_MEASURES
from ..vocabulary import UNKNOWN_ROW, Vocabulary
from ..vocabulary.text_fit import check_line_end

# Annotations that need the softmax.
SOFTMAX = frozenset({"log_probs", "next", *NETWORK_MEASURES})
# Labelled text with so many times the unknown tokens of the source's own text is of another kind.
_TIMES_UNKNOWN = 3.0
_LEAST_UNKNOWN = 0.05
# How many documents are looked at, and which share of what is seen there counts as some, as most.
_DOCUMENTS = 100
_SOME, _MOST = 0.1, 0.5


def check_training(nlp: Language, name: str) -> None:
    """Warn where the numbers of a config that belong together don't fit.

    nlp (Language): The pipeline.
    name (str): The component that says so.
    """
    training = nlp.config.interpolate()["training"]
    steps, frequency = training["max_steps"], training["eval_frequency"]
    if not steps:
        return
    rate = training["optimizer"].get("learn_rate")
    total = rate.get("total_steps") if isinstance(rate, dict) else None
    if total is not None and total != steps:
        _warn(Warnings.W340.format(name=name, total=total, steps=steps))
    if frequency > steps:
        _warn(Warnings.W341.format(name=name, frequency=frequency, steps=steps))
    elif steps % frequency and total is not None:
        missed = steps % frequency
        _warn(Warnings.W342.format(name=name, frequency=frequency, steps=steps, missed=missed))


def check_pipeline(nlp: Language, name: str, listeners: bool, sourced: bool) -> None:
    """Warn where a component listens to a network that knows nothing, or nobody to a `tok2vec`, and
    where a tokenizer isn't made for the language.

    nlp (Language): The pipeline.
    name (str): The language model.
    listeners (bool): Whether other components listen to it.
    sourced (bool): Whether it starts from trained weights.
    """
    if listeners and not sourced:
        _warn(Warnings.W343.format(name=name))
    for other, pipe in nlp.pipeline:
        if isinstance(pipe, Tok2Vec) and not pipe.listeners:
            _warn(Warnings.W345.format(name=name, other=other))
    if nlp.lang in ("zh", "ja") and isinstance(nlp.tokenizer, Tokenizer):
        _warn(Warnings.W348.format(name=name, lang=nlp.lang))


def check_readers(nlp: Language, known: Vocabulary) -> None:
    """Look at the readers of the training and the dev text.

    nlp (Language): The pipeline.
    known (Vocabulary): What the language model knows beforehand: its source's words, or those of
        a file.
    RAISES (ValueError): If one puts a word in place of line ends that isn't known.
    """
    config = nlp.config.interpolate()
    names = {config["training"][name] for name in ("train_corpus", "dev_corpus")}
    for name in names:
        section, _, key = str(name).partition(".")
        reader = config.get(section, {}).get(key, {})
        check_line_end(reader.get("line_end"), known.__contains__)


def check_own_work(name: str, lm_weight: float, annotations: Iterable[str]) -> None:
    """Warn where a network that only serves its listeners goes on computing a softmax.

    name (str): The language model, which starts from trained weights.
    lm_weight (float): The weight of its own loss.
    annotations (Iterable[str]): What it writes.
    """
    softmax = sorted(SOFTMAX & set(annotations))
    if lm_weight or softmax:
        names = ", ".join(softmax) or "none"
        _warn(Warnings.W344.format(name=name, weight=lm_weight, annotations=names))


def check_coverage(name: str, text: Vocabulary, source: Vocabulary) -> None:
    """Say how many tokens of the labelled text a source knows, and warn where they are few.

    name (str): The language model.
    text (Vocabulary): All words of the labelled text.
    source (Vocabulary): The source's words.
    """
    total = int(text.counts.sum() - text.counts[1])
    known = sum(
        int(count)
        for word, count in zip(text.words[2:], text.counts[2:], strict=True)
        if word in source
    )
    unknown = 1 - known / max(1, total)
    symbols = int(source.counts.sum() - source.counts[1])
    own = int(source.counts[UNKNOWN_ROW]) / max(1, symbols)
    logger.info(
        "%s: unknown to the source are %.1f%% of the %s tokens of this text, and %.1f%% of its own",
        name,
        100 * unknown,
        f"{total:,}",
        100 * own,
    )
    if unknown > max(_LEAST_UNKNOWN, _TIMES_UNKNOWN * own):
        share = {"unknown": f"{unknown:.0%}", "own": f"{own:.1%}"}
        _warn(Warnings.W346.format(name=name, **share))


def check_gold_tokens(
    nlp: Language, name: str, get_examples: Callable[[], Iterable[Example]]
) -> None:
    """Warn where annotated text has other tokens than the pipeline's tokenizer makes.

    nlp (Language): The pipeline.
    name (str): The language model.
    get_examples (Callable): The training data; a hundred documents are looked at.
    """
    docs = [example.reference for example in islice(get_examples(), _DOCUMENTS)]
    docs = [doc for doc in docs if len(doc) > 1 and is_annotated(doc)]
    if not docs:
        return
    if nlp.lang in ("zh", "ja"):
        spaced = sum(map(_is_spaced, docs)) / len(docs)
        if spaced >= _MOST:
            _warn(Warnings.W347.format(name=name, share=f"{spaced:.0%}"))
            return
    tokens = sum(map(len, docs))
    other = sum(_cut_otherwise(nlp, doc) for doc in docs) / tokens
    if other >= _SOME:
        _warn(Warnings.W349.format(name=name, share=f"{other:.0%}"))


def _is_spaced(doc: Doc) -> bool:
    """Whether most words of a text without spaces have one behind them."""
    return not doc.has_unknown_spaces and sum(bool(t.whitespace_) for t in doc) >= _MOST * len(doc)


def _cut_otherwise(nlp: Language, doc: Doc) -> int:
    """RETURNS (int): How many tokens of a Doc the tokenizer doesn't make of its text."""
    made = {(token.idx, len(token)) for token in nlp.make_doc(doc.text)}
    return sum((token.idx, len(token)) not in made for token in doc if not token.is_space)


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=4)
