"""Documents of any length run in bounded memory."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from ..helpers import SMALL, make_pipeline

TOKENS = 200_000
WORDS = [f"w{number}" for number in range(1500)]


@pytest.fixture(scope="module")
def nlp():
    """A large vocabulary, so that all logits of a long document would need 1.2 GB."""
    model = {**SMALL, "width": 4, "cell": "rnn"}
    return make_pipeline([" ".join(WORDS)], model=model, annotations=["log_probs"])


def peak_megabytes():
    resource = pytest.importorskip("resource")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


@pytest.mark.slow
def test_a_document_of_200000_tokens_has_all_its_numbers_in_bounded_memory(nlp):
    rows = np.random.default_rng(0).integers(len(WORDS), size=TOKENS)
    words = [WORDS[row] for row in rows]
    doc = Doc(nlp.vocab, words=words)
    before = peak_megabytes()
    log_probs = nlp(doc)._.rnn_lm.log_probs
    grown = peak_megabytes() - before
    assert log_probs.shape == (TOKENS,)
    # cut anywhere, the numbers before the cut are those of the shorter document
    for length in (10, 1000, 20_000):
        short = nlp(Doc(nlp.vocab, words=words[:length]))._.rnn_lm.log_probs
        assert_allclose(log_probs[:length], short, atol=1e-5)
    assert np.isfinite(log_probs).all()
    assert grown < 400


def test_reading_all_tokens_of_a_long_document_notices_local_changes(nlp):
    doc = nlp(Doc(nlp.vocab, words=WORDS[:600], spaces=[True] * 600))
    surprisals = [token._.rnn_surprisal for token in doc]
    assert_allclose(surprisals, doc._.rnn_lm.surprisal, rtol=1e-5)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[300:302])
        retokenizer.split(doc[400], ["w", "400"], heads=[doc[400], doc[400]])
    assert len(doc) == 600
    for place in (300, 301, 350, 399, 400):
        with pytest.raises(ValueError, match="R306"):
            _ = doc[place]._.rnn_surprisal
    with pytest.raises(ValueError, match="R306"):
        _ = doc._.rnn_surprisal
