"""The words with a beginning are those that a loop over all words finds."""

from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.vocabulary import Vocabulary
from spacy_rnn.vocabulary.prefixes import PrefixIndex, prefix_index

# few letters, so that words share beginnings; the last one has no successor
LETTERS = st.text(alphabet="ab图\U0010ffff\ud7ff\ue000", max_size=4)


@given(st.lists(LETTERS, max_size=30), LETTERS)
@settings(deadline=None)
def test_words_with_a_beginning_are_those_of_a_loop(words, prefix):
    found = PrefixIndex(words, range(len(words))).find(prefix).tolist()
    assert sorted(found) == [n for n, word in enumerate(words) if word.startswith(prefix)]
    longer = PrefixIndex(words, range(len(words))).find(prefix, longer=True).tolist()
    assert sorted(longer) == [n for n in sorted(found) if words[n] != prefix]


def test_the_symbols_of_a_vocabulary_are_no_words():
    vocabulary = Vocabulary([("<a", 2), ("</b", 1), ("b", 1)])
    assert {vocabulary.words[row] for row in prefix_index(vocabulary).find("<")} == {"<a", "</b"}
    assert len(prefix_index(vocabulary).find("")) == 3


def test_forms_are_searched_and_not_what_is_shown():
    vocabulary = Vocabulary([("Ａb", 2), ("Ab", 1)], normalize="nfkc")
    (row,) = prefix_index(vocabulary).find("A")
    assert vocabulary.words[row] == "Ａb"
