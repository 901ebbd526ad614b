"""The share of unknown words and of their bits, against the arrays of each document."""

import numpy as np
import pytest

from spacy_rnn.scoring.document_scores import document_scores, unknown_tokens
from spacy_rnn.scoring.unknown_share import UnknownShare

from ..helpers import ENGLISH, make_random

TEXTS = [*ENGLISH[:3], "the zeppelin , unheard", "", "  ", "zeppelin"]
MODELS = {
    "plain": {},
    "spelled": {"speller_width": 4},
    "skip-spelled": {"speller_width": 4, "white_space": "skip", "cutoffs": [6, 15]},
    "both": {"speller_width": 4, "direction": "both"},
    "backward": {"direction": "backward"},
}


@pytest.fixture(scope="module", params=MODELS)
def nlp(request):
    return make_random(model=MODELS[request.param], annotations=["log_probs", "next"])


def by_hand(nlp):
    """Tokens, unknown ones, bits and those of unknown ones, token by token."""
    vocabulary = nlp.get_pipe("rnn_lm").vocabulary
    found = np.zeros(4)
    for doc in nlp.pipe(TEXTS):
        for token in doc:
            if vocabulary.skips_space and token.is_space:
                continue
            bits = token._.rnn_surprisal
            unknown = not vocabulary.knows(token)
            found += [1, unknown, bits, bits * unknown]
    return found


def test_documents_and_counts_give_the_same_sums(nlp):
    tokens, unknown, bits, unknown_bits = by_hand(nlp)
    lm = nlp.get_pipe("rnn_lm")
    docs = list(nlp.pipe(TEXTS))
    added = UnknownShare()
    for doc in docs:
        added.add(doc._.rnn_lm)
    for share in (added, UnknownShare.from_counts(lm.count(docs))):
        assert (share.tokens, share.unknown) == (tokens, unknown)
        assert share.bits == pytest.approx(bits, rel=1e-5)
        assert share.unknown_bits == pytest.approx(unknown_bits, rel=1e-5)
        assert share.of_tokens == unknown / tokens > 0
        assert share.of_bits == pytest.approx(unknown_bits / bits, rel=1e-5)


def test_the_columns_of_documents_tell_the_same_shares(nlp):
    _, _, bits, unknown_bits = by_hand(nlp)
    lm, docs = nlp.get_pipe("rnn_lm"), list(nlp.pipe(TEXTS))
    masks = unknown_tokens(lm, docs)
    rows = [
        document_scores(lm, doc, doc._.rnn_lm, mask, [])
        for doc, mask in zip(docs, masks, strict=True)
    ]
    assert [row["surprisal_known"] is None for row in rows] == [
        row["unknown"] == row["tokens"] for row in rows
    ]
    known = sum(row["surprisal_known"] or 0 for row in rows)
    assert known == pytest.approx(bits - unknown_bits, rel=1e-5)
    for row in rows:
        assert row["surprisal_unk"] + row["spelling"] == pytest.approx(row["surprisal"], rel=1e-6)
        assert (row["spelling"] > 0) == (lm.spells and row["unknown"] > 0)


def test_nothing_has_no_share():
    share = UnknownShare()
    assert share.of_tokens == share.of_bits == 0
