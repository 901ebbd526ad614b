"""Pipelines with our tokenizer, and jieba to compare with."""

import logging

import pytest
import spacy
from hypothesis import settings

import spacy_rnn.tokenizers.jieba_tokenizer  # noqa: F401  (registers the tokenizer)

from ..pkuseg_model import train_pkuseg
from .jieba_oracle import finalseg, jieba

# The first text waits for the dictionary, and a machine may be busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def jieba_default(tmp_path_factory):
    """jieba with its own dictionary. Don't add words to it."""
    tokenizer = jieba.Tokenizer()
    tokenizer.tmp_dir = str(tmp_path_factory.mktemp("jieba"))
    logging.getLogger("jieba").setLevel(logging.CRITICAL)
    tokenizer.initialize()
    return tokenizer


@pytest.fixture(autouse=True)
def no_words_removed_from_jieba():
    """Words that one test removes from jieba stay in it for the next one."""
    finalseg.Force_Split_Words.clear()


@pytest.fixture(params=["jieba", "rjieba"])
def make_nlp(request):
    """Makes an empty Chinese pipeline with our tokenizer and the given settings."""

    def make(**settings):
        tokenizer = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": request.param}
        tokenizer.update(settings)
        return spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})

    return make


@pytest.fixture(scope="session")
def pkuseg_model(tmp_path_factory):
    """The folder of a small pkuseg model."""
    return train_pkuseg(tmp_path_factory.mktemp("pkuseg"))
