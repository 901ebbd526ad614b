"""Between Docs and the speller: the words of a batch that the vocabulary doesn't have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from spacy.tokens import Doc
from thinc.api import Model

from ..network.forks import no_fork_meanwhile
from ..network.precision import resolve_precision
from ..network.speller import Spellings, spelling_log_probs, weighted_log_prob
from ..vocabulary.alphabet import alphabet_of
from ..vocabulary.symbols import BOUNDARY_ROW, UNKNOWN_ROW
from ..vocabulary.token_forms import TokenForms
from ..vocabulary.vocabulary import Vocabulary
from .shim import get_shim

# In training, longer words (of symbols) are left out: they are no words, and cost much memory.
_LONGEST = 100
# The speller sees ever new words: more dropout than that costs it more than it spares.
_MOST_DROPOUT = 0.2
# Words that occur so often stand for new ones too (Baayen 2001: a word that occurred once tells
# what new words look like), for a vocabulary that leaves none of the training text's out.
_RARE = 1


class Forms(NamedTuple):
    """Different forms of tokens that are read.

    words (List[str]): Each once.
    numbers (ndarray): int64 (n,), which of them a token has.
    places (ndarray): int64 (n,), which of these tokens have them, counted through the batch.
    """

    words: list[str]
    numbers: np.ndarray
    places: np.ndarray


def spell_docs(model: Model, docs: Sequence[Doc]) -> np.ndarray | None:
    """What spelling adds to the log-probabilities of tokens.

    model (Model): "spacy-rnn.RNNLM.v1".
    docs (Sequence[Doc]): A batch.
    RETURNS (Optional[ndarray]): float32 (tokens,), of those that are read, document after document:
        natural log p(spelling) of words that the vocabulary doesn't have, 0 for all others and for
        the text `<unk>`, which is a missing word; None without a speller.
    """
    speller = get_shim(model).network.speller
    if speller is None:
        return None
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    tokens = vocabulary.forms_of(docs)
    keys = tokens.keys
    spelled = (vocabulary.rows_of_keys(keys) == UNKNOWN_ROW) & ~vocabulary.missing(keys)
    forms = _find_forms(tokens, spelled)
    result = np.zeros(len(keys), dtype=np.float32)
    if forms.words:
        spellings = Spellings.from_symbols(*alphabet_of(vocabulary).spell(forms.words))
        result[forms.places] = spelling_log_probs(speller, spellings)[forms.numbers]
    return result


def learn_spelling(
    model: Model, docs: Sequence[Doc], dropout: float
) -> tuple[float, int, Callable[[float], None]]:
    """The training pass of the speller.

    RETURNS (Tuple[float, int, Callable]): The negative log-likelihood in nats of the batch's
        unknown words (and of those that the training text had once; never of the text `<unk>`), how
        many these are, and a function that adds its gradients, times a weight, to the speller's.
    """
    shim = get_shim(model)
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    tokens = vocabulary.forms_of(docs)
    rows = vocabulary.rows_of_keys(tokens.keys)
    rare = rows == UNKNOWN_ROW
    # a list of words without real counts doesn't say which of them are rare
    if vocabulary.counts[BOUNDARY_ROW + 1 :].max(initial=0) > _RARE:
        rare |= vocabulary.counts[rows] == _RARE
    forms = _find_forms(tokens, rare & ~vocabulary.missing(tokens.keys))
    symbols, lengths = alphabet_of(vocabulary).spell(forms.words)
    counts = np.bincount(forms.numbers, minlength=len(forms.words))
    short = lengths <= _LONGEST
    symbols, counts, lengths = symbols[np.repeat(short, lengths)], counts[short], lengths[short]
    speller = shim.network.speller
    if speller is None or not len(lengths):
        return 0.0, 0, _no_gradient
    total = weighted_log_prob(
        speller,
        Spellings.from_symbols(symbols, lengths),
        counts,
        dropout=min(dropout, _MOST_DROPOUT),
        dtype=resolve_precision(shim.precision, shim.device),
    )

    @no_fork_meanwhile
    def backprop(weight: float) -> None:
        if total.requires_grad:
            (total * -weight).backward()

    return -float(total.detach()), int(counts.sum()), backprop


def _no_gradient(weight: float) -> None:
    return None


def _find_forms(tokens: TokenForms, wanted: np.ndarray) -> Forms:
    """wanted (ndarray): bool (tokens,). An empty form, which a Doc made by hand can have, never
    is."""
    places = np.flatnonzero(wanted & (tokens.keys != 0))
    different, numbers = np.unique(tokens.keys[places], return_inverse=True)
    return Forms(tokens.strings(different.tolist()), numbers.reshape(-1), places)
