"""The beginnings of texts that are cut once, for all clients."""

import random

import pytest
import spacy

from spacy_rnn.serve.kept_cuts import KeptCuts
from spacy_rnn.tokenizers.jieba_tokenizer import JiebaTokenizer

LETTERS = "我爱北京。，a1.-😀 \n\u3000%é"
USER_WORDS = ([], ["a1"], ["京。爱"])


def make_chinese(user_words=()):
    nlp = spacy.blank("zh")
    nlp.tokenizer = JiebaTokenizer(nlp.vocab, user_words=user_words)
    return nlp


def written(doc):
    return [(token.text, token.whitespace_) for token in doc]


@pytest.mark.parametrize(
    "text", ["我爱。 你", "我爱。\n你", "我爱。 ", "我\n\n爱", "我   爱", "我爱。", "我爱。北"]
)
def test_a_text_is_cut_by_itself_whatever_was_cut_before(text):
    nlp = make_chinese()
    cuts = KeptCuts(nlp, 32)
    for other in ("我爱。你", "我\n爱", "我  爱"):
        cuts.cut(other)
    assert written(cuts.cut(text)) == written(nlp.make_doc(text))


@pytest.mark.parametrize("user_words", USER_WORDS, ids=["jieba", "latin", "sign_within"])
def test_texts_that_are_edited_anywhere_are_cut_as_they_are_whole(user_words):
    nlp = make_chinese(user_words)
    cuts = KeptCuts(nlp, 32)
    chance = random.Random(1)
    text = ""
    for _ in range(1000):
        start = chance.randint(0, len(text))
        removed = chance.choice([0, 0, 1, 3]) if len(text) < 15 else len(text) // 2
        text = text[:start] + chance.choice(LETTERS) + text[start + removed :]
        assert written(cuts.cut(text)) == written(nlp.make_doc(text)), text
