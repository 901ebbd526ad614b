"""Between a batch and the speller: what the spelling of unknown words adds to their tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from thinc.api import Model
from torch import Tensor

from ..network.inference import Prediction
from ..network.speller import Spellings, spelling_log_probs
from ..vocabulary.alphabet import alphabet_of
from ..vocabulary.known_forms import known_forms_of
from ..vocabulary.symbol_ngrams import symbol_ngrams
from ..vocabulary.symbols import UNKNOWN_ROW
from ..vocabulary.token_forms import Forms, find_forms
from ..vocabulary.vocabulary import Vocabulary
from .sequences import Sequences
from .shim import get_shim


def spelling_positions(model: Model, reading: Sequences) -> np.ndarray | None:
    """RETURNS (Optional[ndarray]): int64 (k,), the positions in whose states the words are
    predicted that have to be spelled; None unless the speller knows the context."""
    if not get_shim(model).network.spells_in_context:
        return None
    return reading.predicting[_unknown_forms(model, reading).places]


def spell_tokens(
    model: Model, reading: Sequences, hidden: Tensor | None = None
) -> np.ndarray | None:
    """What spelling adds to the log-probabilities of tokens.

    model (Model): "spacy-rnn.RNNLM.v1".
    reading (Sequences): A batch, as one of the directions reads it.
    hidden (Optional[Tensor]): float32 (k, width), the states at `spelling_positions`.
    RETURNS (Optional[ndarray]): float32 (tokens,), of those that are read, document after document:
        natural log p(spelling) of words that the vocabulary doesn't have, 0 for all others and for
        the text `<unk>`, which is a missing word; None without a speller.
    """
    network = get_shim(model).network
    if network.speller is None:
        return None
    forms = _unknown_forms(model, reading)
    result = np.zeros(len(reading.tokens.keys), dtype=np.float32)
    if not forms.words:
        return result
    spellings = spell_forms(model, forms.words)
    if network.spells_in_context:
        assert hidden is not None
        before = network.spell_from(hidden, reverse=reading.reverse)
        spelled = spelling_log_probs(network.speller, spellings.of_words(forms.numbers), before)
    else:
        spelled = spelling_log_probs(network.speller, spellings)[forms.numbers]
    result[forms.places] = spelled
    return result


def spell_readings(
    model: Model, readings: Sequence[Sequences], predictions: Sequence[Prediction]
) -> list[np.ndarray] | None:
    """RETURNS (Optional[List[ndarray]]): What `spell_tokens` gives for each direction.

    predictions (Sequence[Prediction]): What `predict_sequences` made of the readings, with
        log-probabilities.
    """
    result: list[np.ndarray] = []
    for reading, made in zip(readings, predictions, strict=True):
        if result and made.kept is None:  # the same spelling, whichever way the text is read
            result.append(result[0])
            continue
        spelled = spell_tokens(model, reading, made.kept)
        if spelled is None:
            return None
        result.append(spelled)
    return result


def spell_forms(model: Model, words: Sequence[str]) -> Spellings:
    """RETURNS (Spellings): Words as the speller reads them.

    words (Sequence[str]): Their forms.
    """
    vocabulary: Vocabulary = model.attrs["vocabulary"]
    network, alphabet = get_shim(model).network, alphabet_of(vocabulary)
    symbols, lengths = alphabet.spell(words)
    shut = ngrams = None
    if network.spells_in_context:
        shut = known_forms_of(vocabulary).ends(words, lengths)
    if network.settings.speller_ngram_rows:
        ngrams = symbol_ngrams(
            alphabet.codes[symbols], lengths, network.settings.speller_ngram_rows
        )
    return Spellings.from_symbols(symbols, lengths, shut, ngrams)


def _unknown_forms(model: Model, reading: Sequences) -> Forms:
    """RETURNS (Forms): Of the words to spell; found once for a reading."""
    if reading.unknown is None:
        vocabulary: Vocabulary = model.attrs["vocabulary"]
        unknown = reading.rows == UNKNOWN_ROW
        unknown &= ~vocabulary.missing(reading.tokens.keys)
        reading.unknown = find_forms(reading.tokens, unknown)
    return reading.unknown
