"""Texts that are read in the context of those before them, against a plain network."""

import numpy as np
import pytest

from spacy_rnn.scoring.items.score_items import score_items

from ...helpers import ENGLISH, VARIANTS, make_random
from ...pipeline.reference import Reference

TEXTS = [ENGLISH[3], "an unheard boat .", "", "the", ENGLISH[40], "a letter !"]
GROUPS = [1, 1, 1, 1, 2, 2]
ROWS = [{"text": text, "g": group} for text, group in zip(TEXTS, GROUPS, strict=True)]
NAMES = ["surprisal", "entropy", "rank", "entropy_reduction", "tokens", "unknown"]


def traces(nlp):
    """What the plain network says of each text, after those before it in the group. An empty one is
    no text: nothing is read for it, no `</s>` either."""
    reference = Reference(nlp.get_pipe("rnn_lm"))
    before, made = None, []
    for number, text in enumerate(TEXTS):
        if not number or GROUPS[number] != GROUPS[number - 1]:
            before = None
        if not text:
            made.append(None)
            continue
        before = reference.read(text.split(), after=before)
        made.append(before)
    return reference, made


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("batch_size", [1, 100])
def test_all_measures_are_those_of_the_carried_state(variant, batch_size):
    nlp = make_random(model=VARIANTS[variant])
    found = [
        *score_items(nlp, ROWS, group="g", context="carry", columns=NAMES, batch_size=batch_size)
    ]
    reference, wanted = traces(nlp)
    for row, trace in zip(found, wanted, strict=True):
        words = row["text"].split()
        if not words:
            assert row["surprisal"] is None and row["tokens"] == 0
            continue
        log_probs = trace.log_probs[: len(words)]
        assert row["surprisal"] == pytest.approx(-log_probs.sum() / np.log(2), rel=1e-4, abs=1e-4)
        p = np.exp(trace.log_distributions)
        entropies = -(p * np.log2(p)).sum(1)
        assert row["entropy"] == pytest.approx(entropies[:-1].mean(), rel=1e-4, abs=1e-4)
        reduction = max(0, entropies[0] - entropies[-1])
        assert row["entropy_reduction"] == pytest.approx(reduction, rel=1e-3, abs=1e-4)
        rows = [reference.row(word) for word in words]
        ranks = [
            1 + sum(d[r] < d[1:]) for r, d in zip(rows, trace.log_distributions, strict=False) if r
        ]
        assert row["rank"] == (pytest.approx(np.mean(ranks)) if ranks else None)
        assert row["unknown"] == rows.count(0)


def test_the_first_text_of_a_group_and_reset_ones_know_nothing_of_others():
    nlp = make_random()
    alone = [nlp(text)._.rnn_surprisal or None for text in TEXTS]
    reset = [row["surprisal"] for row in score_items(nlp, ROWS, group="g")]
    assert reset == pytest.approx(alone, abs=1e-5)
    carried = [row["surprisal"] for row in score_items(nlp, ROWS, group="g", context="carry")]
    same = [a == pytest.approx(b, abs=1e-3) for a, b in zip(alone, carried, strict=True)]
    # the first one of each group, and the empty one
    assert same == [True, False, True, False, True, False]


def test_texts_are_carried_in_their_order_not_in_that_of_the_table():
    nlp = make_random()
    order = [2, 0, 3, 1]
    rows = [{"text": TEXTS[place], "g": 1, "place": place} for place in order]
    found = [*score_items(nlp, rows, group="g", order="place", context="carry")]
    straight = [row["surprisal"] for row in score_items(nlp, ROWS[:4], group="g", context="carry")]
    assert [row["place"] for row in found] == order
    assert [row["surprisal"] for row in found] == pytest.approx(
        [straight[i] for i in order], abs=1e-5
    )


def test_regions_of_carried_texts_and_white_space_that_is_skipped():
    nlp = make_random(model={"white_space": "skip", "speller_width": 5})
    texts = ["the  grey | cat\t", " an | unheard \n boat ."]
    rows = [{"text": text, "g": 1} for text in texts]
    found = [*score_items(nlp, rows, group="g", context="carry", delimiter="|")]
    plain = [{"text": text, "g": 1} for text in ("the grey cat", "an unheard boat .")]
    whole = [*score_items(nlp, plain, group="g", context="carry", columns=["surprisal"])]
    sums = [
        found[0]["surprisal"] + found[1]["surprisal"],
        found[2]["surprisal"] + found[3]["surprisal"],
    ]
    assert sums == pytest.approx([row["surprisal"] for row in whole], rel=1e-5)
