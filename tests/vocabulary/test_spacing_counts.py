"""Counts of gaps are those of a count by hand, in bounded memory."""

import random
from collections import Counter

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.vocabulary import spacing_counts
from spacy_rnn.vocabulary.spacing import Spacing
from spacy_rnn.vocabulary.spacing_counts import SpacingCounts
from spacy_rnn.vocabulary.word_classes import classes_of
from spacy_rnn.vocabulary.word_counts import count_corpus

WORDS = ["the", "The", "boat", "do", "n't", "well", "-", ",", ".", "(", "3", "猫", "学校", "나는"]
MARKS = ['"', "'", "“", "*"]
BLANK = ["\n", " ", "\n\n"]
NLP = spacy.blank("xx")


def random_docs(seed, count=60):
    """Documents in which each pair of words has its own habit, with exceptions."""
    draw = random.Random(seed)
    habits = {}
    docs = []
    for _ in range(count):
        words = draw.choices(WORDS + MARKS * 2 + BLANK, k=draw.randint(0, 40))
        spaces = []
        for pair in zip(words, [*words[1:], ""], strict=False):
            habit = habits.setdefault(pair, draw.random())
            spaces.append(draw.random() < habit and not pair[0].isspace())
        docs.append(Doc(NLP.vocab, words=words, spaces=spaces))
    return docs


def count(docs, **options):
    counts = SpacingCounts(**options)
    for doc in docs:
        counts.add(doc)
    return counts


def gaps_by_hand(doc):
    """Yield the words of every gap, its state and its space."""
    opened = {}
    for i in range(len(doc) - 1):
        left, right = doc[i].text.lower(), doc[i + 1].text.lower()
        space = bool(doc[i].whitespace_)
        apart = i == 0 or bool(doc[i - 1].whitespace_) or doc[i - 1].is_space
        if right in MARKS and right != left:
            is_open = opened.get(right, False)
        else:
            is_open = opened.get(left, False)
        if not left.isspace():
            yield left, right, 2 * is_open + (apart and not left[-1].isalnum()), space
        if left in MARKS and apart == space:
            opened[left] = right[0].isalnum() or right.isspace()
        elif left in MARKS:
            opened[left] = apart
        if "\n" in left:
            opened = {}


def tables_by_hand(docs):
    """n and k of every gap: by classes, by left word, by right word, by both."""
    tables = [(Counter(), Counter()) for _ in range(4)]
    for doc in docs:
        for left, right, state, space in gaps_by_hand(doc):
            a, b = classes_of(left).last, classes_of(right).first
            for (gaps, spaces), sides in zip(
                tables, ((a, b), (left, b), (a, right), (left, right)), strict=True
            ):
                gaps[(*sides, state)] += 1
                spaces[(*sides, state)] += space
    return [{gap: (gaps[gap], spaces[gap]) for gap in gaps} for gaps, spaces in tables]


def deciding_by_hand(tables):
    """The same tables with those gaps of words alone that change a decision for some rule."""
    classes, left, right, pairs = tables

    def estimate(table, gap, coarse, worth):
        n, k = table.get(gap, (0, 0))
        return (k + worth * coarse) / (n + worth)

    sums = {}
    for (a, b, state), (n, k) in classes.items():
        before = sums.get((a, b, state // 2), (0, 0))
        sums[a, b, state // 2] = before[0] + n, before[1] + k

    def class_of(gap, rule):
        coarse = estimate(sums, (*gap[:2], gap[2] // 2), 0.95 if rule else 0.05, 1)
        return estimate(classes, gap, coarse, 2)

    def kept(table, coarse):
        return {
            gap: counts
            for gap, counts in table.items()
            if any(
                (estimate(table, gap, coarse(gap, rule), 2) > 0.5) != (coarse(gap, rule) > 0.5)
                for rule in (False, True)
            )
        }

    few_left = kept(left, lambda g, rule: class_of((classes_of(g[0]).last, g[1], g[2]), rule))
    few_right = kept(right, lambda g, rule: class_of((g[0], classes_of(g[1]).first, g[2]), rule))

    def middle(gap, rule):
        a, b = classes_of(gap[0]).last, classes_of(gap[1]).first
        coarse = class_of((a, b, gap[2]), rule)
        of_left = estimate(few_left, (gap[0], b, gap[2]), coarse, 2)
        of_right = estimate(few_right, (a, gap[1], gap[2]), coarse, 2)
        return (of_left + of_right) / 2

    return classes, few_left, few_right, kept(pairs, middle)


@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_a_count_by_hand(seed):
    docs = random_docs(seed)
    expected = deciding_by_hand(tables_by_hand(docs))
    assert all(expected)  # all levels have something to say
    assert count(docs).spacing() == Spacing(*expected)


def test_counts_do_not_depend_on_how_the_text_comes(monkeypatch):
    docs = random_docs(5)
    expected = count(docs).spacing()
    assert count(docs[::-1]).spacing() == expected
    monkeypatch.setattr(spacing_counts, "_CHUNK", 7)
    assert count(docs).spacing() == expected
    counts = SpacingCounts()
    assert list(counts.watch(docs)) == docs
    assert counts.spacing() == expected
    # in memory zones, which free the words
    nlp = spacy.blank("xx")

    def read():
        for doc in docs:
            words = [token.text for token in doc]
            copy = Doc(nlp.vocab, words=words, spaces=[bool(token.whitespace_) for token in doc])
            yield Example(copy, copy)

    monkeypatch.setattr("spacy_rnn.vocabulary.word_counts._BATCH", 9)
    counts = SpacingCounts()
    count_corpus(nlp, read(), "ORTH", gaps=counts)
    assert counts.spacing() == expected


def test_made_up_spaces_are_not_counted():
    words = ["나는", "학교에", "간다", "."]
    unknown = Doc(NLP.vocab, words=words)
    assert unknown.has_unknown_spaces
    assert not count([unknown]).spacing()
    assert count([unknown]).tokens == 4
    assert count([Doc(NLP.vocab, words=words, spaces=[True] * 4)]).spacing()


def test_what_was_learned_before_is_added():
    first, second = random_docs(6), random_docs(7)
    counts = count(first)
    counts.add_spacing(count(second).spacing())
    found = counts.spacing().classes
    assert found == tables_by_hand(first + second)[0]
    # adding nothing, or to nothing, changes nothing
    learned = count(first).spacing()
    again = SpacingCounts()
    again.add_spacing(learned)
    again.add_spacing(Spacing())
    assert again.spacing() == learned


def test_memory_is_bounded_and_what_is_frequent_stays(monkeypatch):
    monkeypatch.setattr(spacing_counts, "_CHUNK", 900)
    monkeypatch.setattr("spacy_rnn.vocabulary.gap_tables._WAITING", 100)
    draw = random.Random(8)
    counts = SpacingCounts(max_gaps=300)
    rare = 0
    for _ in range(200):
        words, spaces = [], []
        for _ in range(30):
            words += [str(rare), "can", "not", "be", "so"]
            spaces += [True, False, True, True, draw.random() < 0.5]
            rare += 1
        counts.add(Doc(NLP.vocab, words=words, spaces=spaces))
        # a chunk's words come on top of those that may stay
        assert len(counts._words.words) <= 2 * 300 + 400
        assert all(len(table) <= 300 for table in counts._tables.values())
    # 6,000 words, and as many gaps at every level of words
    assert rare == 6000
    spacing = counts.spacing()
    assert spacing.classes["LATIN", "LATIN", 0] == (18000, 12000)
    assert spacing.left["can", "LATIN", 0] == (6000, 0)
    assert spacing.right["LATIN", "not", 0] == (6000, 0)
