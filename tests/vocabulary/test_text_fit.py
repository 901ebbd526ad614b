"""Warnings where the words of a training text are none, and silence where they are."""

import warnings
from itertools import product

import pytest
import spacy
from spacy.tokens import Doc

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.tokenizers.jieba_tokenizer import create_jieba_tokenizer
from spacy_rnn.vocabulary import Vocabulary

from ..helpers import ENGLISH, ROOT, make_pipeline

VOCAB = spacy.blank("xx").vocab
RAW = [
    f"{who} {what}, {where}. Why? {end}"
    for who, what, where, end in product(
        ("The baker waits", "Mr. Smith sings", "Dr. Who didn't sleep"),
        ("as ever", "it seems", "in the U.S."),
        ("at 5 p.m.", "near No. 7", "at home"),
        ("Nobody knows!", "Because it rains; or so."),
    )
]
CHINESE = [
    f"{who}今天{what}，{end}"
    for who, what, end in product(
        ("妹妹", "老师", "医生", "邻居", "北京来的客人"),
        ("买了三个苹果", "在学校里画画", "忘记了那件事情"),
        ("所以大家都很高兴。", "你知道吗？", "真是奇怪！"),
    )
]


def codes(texts, *, min_count=1, split=str.split):
    """The codes of all warnings about the words of texts."""
    docs = [Doc(VOCAB, words=[*split(text)]) for text in texts]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Vocabulary.from_docs(docs, min_count=min_count)
    return [str(warning.message)[1:5] for warning in caught]


def tokens_of(nlp):
    return lambda text: [token.text for token in nlp(text)]


EN = tokens_of(spacy.blank("en"))
JIEBA = tokens_of(create_jieba_tokenizer()(spacy.blank("zh")))


def test_words_with_punctuation_are_noticed():
    assert codes(RAW) == ["W335"]
    assert codes([text.lower() for text in RAW]) == ["W335"]


def test_sentences_as_words_are_noticed_once():
    assert codes(CHINESE) == ["W336"]
    assert codes(CHINESE, split=EN) == ["W336"]  # a tokenizer for other languages
    assert codes([text * 2 for text in RAW], split=lambda text: [text]) == ["W336"]


def test_a_cut_sign_of_missing_words_is_noticed():
    texts = [text.replace("ever", "<unk>").replace("Smith", "<unk>") for text in RAW]
    assert codes(texts, split=EN) == ["W337"]
    assert codes([" ".join(EN(text)).replace("ever", "<unk>") for text in RAW]) == []


@pytest.mark.parametrize(
    ("texts", "split"),
    [
        (RAW, EN),
        (ENGLISH, str.split),
        (CHINESE, JIEBA),
        (CHINESE, list),
        ([text.replace(".", "").replace(",", "") for text in ENGLISH], str.split),
        ([*"abcdefghijklmnopqrstuvwxyz"], str.split),  # a word list
        (["Donaudampfschifffahrtsgesellschaft fährt heute nicht ."] * 30, str.split),
        (["コンピュータシステム の 話 です 。", "今日 は 雨 です 。"] * 9, str.split),
        ([*RAW, "it is written as <unk> here"], EN),
        (["if a < b > c : x", "unk < y", *["b > c"] * 400], EN),
    ],
)
def test_text_in_words_is_no_matter(texts, split):
    assert codes(texts, split=split) == []


def test_the_embedded_corpus_is_no_matter():
    lines = (ROOT / "assets" / "zh-modern" / "train.txt").read_text("utf8").splitlines()
    assert codes(lines[:200], split=JIEBA) == []


def test_where_no_word_is_left_the_advice_is_about_the_cut():
    with pytest.raises(ValueError, match=r"R050.*tokenized = false.*nlp\.tokenizer"):
        codes(CHINESE, min_count=2)
    with pytest.raises(ValueError, match=r"R003.*Lower min_count"):
        codes(["just three words"], min_count=2)


@pytest.mark.parametrize(("tokenized", "expected"), [(True, ["W335"]), (False, [])])
def test_a_pipeline_warns_when_it_is_initialized(tokenized, expected, tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("\n".join(RAW), "utf8")
    nlp = make_pipeline()
    reader = create_text_corpus(path, tokenized=tokenized)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nlp.get_pipe("rnn_lm").initialize(lambda: reader(nlp), nlp=nlp)
    assert [str(warning.message)[1:5] for warning in caught] == expected
