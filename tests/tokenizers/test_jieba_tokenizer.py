"""Text comes back as it was, whatever it is; the tokenizer behaves in pipes and threads."""

import doctest
import importlib
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_rnn.tokenizers.jieba_tokenizer import JiebaTokenizer

from .jieba_oracle import read_by_jieba

TOKENIZER = JiebaTokenizer(Vocab())
PLAIN = JiebaTokenizer(Vocab(), hmm=False, user_words=["爱·你", "好的", ["的", 0]])

MIXED = st.lists(
    st.sampled_from(
        ["我", "爱", "北京", "爱·你", "OK", "3.5", "，", "😀", "👩‍🔬", "e\u0301", "\u200b"]
    )
    | st.sampled_from([" ", "  ", "\t", "\n", "\r\n", "\r", "\u3000", "\xa0", "\x85", "\u2028"])
    | st.characters(categories=["Cc", "Cf", "Zs", "Co", "Cn"])
).map("".join)


@pytest.mark.parametrize("tokenizer", [TOKENIZER, PLAIN], ids=["hmm", "no_hmm"])
@given(text=st.text() | MIXED)
@settings(max_examples=300)
def test_doc_has_the_text_it_was_made_from(tokenizer, text):
    doc = tokenizer(text)
    assert doc.text == text
    assert all(token.text for token in doc)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "\x00",
        "我\x00爱",
        "\r\n",
        "我\r\n爱",
        " 我",
        "我 ",
        "我  ",
        "\ufeff我",
        "\x1c我",
    ],
)
def test_doc_has_the_text_of_odd_cases(text):
    assert TOKENIZER(text).text == text


def test_words_and_white_space():
    doc = TOKENIZER("我爱北京  天安门\n")
    assert [(token.text, token.whitespace_) for token in doc] == [
        ("我", ""),
        ("爱", ""),
        ("北京", " "),
        (" ", ""),
        ("天安门", ""),
        ("\n", ""),
    ]


def test_hmm_finds_words_that_the_dictionary_lacks():
    text = "他来到了网易杭研大厦"
    assert "杭研" in [token.text for token in TOKENIZER(text)]
    assert "杭研" not in [token.text for token in JiebaTokenizer(Vocab(), hmm=False)(text)]


@pytest.mark.parametrize("text", ["我\ud83d", "\udc00", "我爱 \ud800你"])
def test_lone_surrogate_is_one_clear_error(text):
    with pytest.raises(ValueError, match=r"\[R101\].*U\+D[8-F]\w\w at position \d") as caught:
        TOKENIZER(text)
    assert not isinstance(caught.value, UnicodeError)


def test_advice_for_surrogates_works():
    repaired = "我\ud83d\ude00\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert TOKENIZER(repaired).text == "我😀\ufffd"


@pytest.mark.slow
def test_long_text():
    text = "他们昨天去了城里，买了3斤苹果。 " * 12_000
    doc = TOKENIZER(text)
    assert len(doc) > 100_000
    assert doc.text == text


def test_threads_get_the_same_words():
    texts = [f"第{n}天，我们在河边散步，遇见了{n}只小鸭子。" for n in range(200)]
    expected = [[token.text for token in TOKENIZER(text)] for text in texts]
    # A new one, so that the threads meet where the dictionary is made ready.
    tokenizer = JiebaTokenizer(Vocab(), user_words=["不会出现的词"])
    with ThreadPoolExecutor(8) as threads:
        docs = list(threads.map(tokenizer, texts))
    assert [[token.text for token in doc] for doc in docs] == expected


def test_pipe_gives_the_docs_of_single_calls(make_nlp):
    nlp = make_nlp(user_words=["小鸭子"])
    texts = ["河边有小鸭子", "", " 我  爱你\n"]
    expected = [nlp(text).to_json() for text in texts]
    assert [doc.to_json() for doc in nlp.pipe(texts)] == expected
    assert [doc.to_json() for doc in nlp.pipe(texts, n_process=2, batch_size=1)] == expected
    assert [doc.to_json() for doc in nlp.tokenizer.pipe(texts)] == expected


def test_config_comes_back_from_its_text(make_nlp):
    nlp = make_nlp(hmm=False, user_words=["云计算", ["我爱你", 0]])
    config = spacy.util.load_config_from_str(nlp.config.to_str())
    again = spacy.util.load_model_from_config(config)
    assert again.config["nlp"]["tokenizer"] == {
        "@tokenizers": "spacy-rnn.JiebaTokenizer.v1",
        "hmm": False,
        "user_words": ["云计算", ["我爱你", 0]],
        "dictionary": None,
        "engine": nlp.config["nlp"]["tokenizer"]["engine"],
    }
    assert again.config == nlp.config
    assert again.tokenizer.hmm is False
    assert again.tokenizer.user_words == ["云计算", ["我爱你", 0]]


def test_fill_config_leaves_a_full_config_alone(make_nlp, tmp_path):
    from spacy.cli.init_config import fill_config

    path = tmp_path / "config.cfg"
    make_nlp(user_words=["云计算", ["我爱你", 0]]).config.to_disk(path)
    before = path.read_text(encoding="utf8")
    _, filled = fill_config(path, path, silent=True)
    assert filled["nlp"]["tokenizer"]["user_words"] == ["云计算", ["我爱你", 0]]
    assert path.read_text(encoding="utf8") == before


def test_settings_for_pkuseg_in_every_chinese_config_do_no_harm(make_nlp):
    nlp = make_nlp()
    assert nlp.config["initialize"]["tokenizer"]["pkuseg_user_dict"] == "default"
    nlp.initialize()
    assert nlp("我爱你").text == "我爱你"


def test_score_compares_with_the_reference(make_nlp):
    nlp = make_nlp()
    words = ["我", "来到", "北京", "清华", "大学"]
    reference = Doc(nlp.vocab, words=words, spaces=[False] * 5)
    scores = nlp.tokenizer.score([Example(nlp(reference.text), reference)])
    # 我 来到 北京 are right, 清华大学 is not: 3 of 4, and 3 of 5.
    assert scores["token_p"] == pytest.approx(3 / 4)
    assert scores["token_r"] == pytest.approx(3 / 5)
    with pytest.raises(TypeError):
        nlp.tokenizer.score([reference])


def test_missing_dictionary_is_an_error_only_when_it_is_needed(make_nlp, tmp_path):
    nlp = make_nlp(dictionary=str(tmp_path / "nowhere.txt"))
    for use in (lambda: nlp("我"), nlp.to_bytes, lambda: nlp.to_disk(tmp_path / "saved")):
        with pytest.raises(ValueError, match=r"\[R105\].*nowhere\.txt"):
            use()


def test_malformed_dictionary_is_an_error_with_its_line(make_nlp, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("北京 5\n爱\n", encoding="utf8")
    with pytest.raises(ValueError, match=r"\[R107\] Line 2 of the dictionary .*words\.txt"):
        make_nlp(dictionary=str(path))("我")


def test_own_dictionary_replaces_jiebas(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("我爱 50\n北京天 40\n安门 30\n", encoding="utf8")
    for dictionary in (str(path), path):
        tokenizer = JiebaTokenizer(Vocab(), dictionary=dictionary)
        found = [token.text for token in tokenizer("我爱北京天安门")]
        assert found == ["我爱", "北京天", "安门"]
        assert found == read_by_jieba(path.read_bytes()).lcut("我爱北京天安门")


def test_dictionary_and_user_words_go_together(make_nlp, tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("我爱 50\n北京天 40\n安门 30\n", encoding="utf8")
    nlp = make_nlp(dictionary=str(path), user_words=[["北京天", 0], "天安门"])
    assert [token.text for token in nlp("我爱北京天安门")] == ["我爱", "北京", "天安门"]


@pytest.mark.parametrize(
    "name",
    [
        "alignment",
        "dictionary",
        "hmm",
        "jieba_tokenizer",
        "segmenter",
        "user_words",
        "whole_words",
    ],
)
def test_examples_in_docstrings_are_true(name):
    module = importlib.import_module(f"spacy_rnn.tokenizers.{name}")
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


def test_unknown_engine_is_refused_at_once(make_nlp):
    with pytest.raises(ValueError, match=r"R008.*engine.*'pkuseg'.*jieba, rjieba"):
        make_nlp(engine="pkuseg")


def test_missing_engine_is_an_error_that_says_what_to_install(make_nlp, monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    nlp = make_nlp(engine="rjieba", user_words=["此词"])  # a dictionary that nobody has read yet
    with pytest.raises(ImportError, match=r"R112.*spacy-rnn\[fast\].*engine"):
        nlp("我爱你")


def test_the_config_decides_the_engine_of_a_saved_pipeline(make_nlp, tmp_path):
    text = "小周在学云计算，我爱你"
    nlp = make_nlp(user_words=["云计算", ["我爱你", 0]])
    nlp.to_disk(tmp_path)
    for engine in ("jieba", "rjieba"):
        loaded = spacy.load(tmp_path, config={"nlp.tokenizer.engine": engine})
        assert loaded.tokenizer._settings.engine == engine
        assert [t.text for t in loaded(text)] == [t.text for t in nlp(text)]


PIECES = st.text("我爱北京天安门云计算aB3+.-_%。，、 \n\t\u3000·/", max_size=30)
GROWING = [
    JiebaTokenizer(Vocab()),
    JiebaTokenizer(Vocab(), engine="rjieba"),
    JiebaTokenizer(Vocab(), user_words=["京。天", "3/爱"]),
]


@pytest.mark.parametrize("tokenizer", GROWING, ids=["jieba", "rjieba", "user_words"])
@given(text=PIECES, more=PIECES)
@settings(max_examples=100, deadline=None)
def test_what_is_settled_is_cut_the_same_whatever_follows(tokenizer, text, more):
    length = tokenizer.settled(text)
    assert 0 <= length <= len(text)
    parts = [*tokenizer(text[:length]), *tokenizer(text[length:] + more)]
    whole = [(token.text, token.whitespace_) for token in tokenizer(text + more)]
    assert [(token.text, token.whitespace_) for token in parts] == whole


@pytest.mark.parametrize("tokenizer", GROWING, ids=["jieba", "rjieba", "user_words"])
@given(text=PIECES, other=PIECES)
@settings(max_examples=100, deadline=None)
def test_what_is_settled_is_cut_the_same_in_other_texts_without_white_space_behind_it(
    tokenizer, text, other
):
    length, other = tokenizer.settled(text), other.lstrip()
    parts = [*tokenizer(text[:length]), *tokenizer(other)]
    whole = [(token.text, token.whitespace_) for token in tokenizer(text[:length] + other)]
    assert [(token.text, token.whitespace_) for token in parts] == whole


def test_a_text_is_settled_up_to_its_last_sign_or_space():
    texts = {"": 0, "我爱北京": 0, "我爱。北京": 3, "我 爱": 2, "我爱。 ": 0, "我爱。北京。": 3}
    assert {text: GROWING[0].settled(text) for text in texts} == texts
    # a word with a sign in it may go on behind the sign
    assert [GROWING[2].settled(text) for text in ("我爱京。天", "我 爱。")] == [0, 2]
