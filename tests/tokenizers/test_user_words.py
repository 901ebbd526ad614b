"""User words: jieba's effect, this pipeline's alone, and clear errors."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.tokenizers.dictionary import default_dictionary, read_dictionary
from spacy_rnn.tokenizers.rust_segmenter import RustSegmenter
from spacy_rnn.tokenizers.segmenter import JiebaSegmenter
from spacy_rnn.tokenizers.user_words import add_user_words, check_user_words

from .jieba_oracle import add_words, copy_of, read_by_jieba

PIECES = ["i", "iPhone", *"的了我你他是不在有人中国民学生"]
SMALL = "我 30\n爱 20\n你 30\n们 5\n你们 8\n我爱你 6\nab 4\n".encode()


def words(nlp, text):
    return [token.text for token in nlp(text)]


def test_frequency_zero_removes_a_word(make_nlp):
    assert words(make_nlp(), "我爱你") == ["我爱你"]
    assert words(make_nlp(user_words=[["我爱你", 0]]), "我爱你") == ["我", "爱", "你"]


def test_removed_word_is_not_recognised_either(make_nlp):
    assert words(make_nlp(), "他来到了网易杭研大厦")[-2:] == ["杭研", "大厦"]
    nlp = make_nlp(user_words=[["杭研", 0]])
    assert words(nlp, "他来到了网易杭研大厦")[-3:] == ["杭", "研", "大厦"]


def test_word_without_frequency_is_found(make_nlp):
    text = "小周在学云计算和区块链"
    assert "云计算" not in words(make_nlp(), text)
    assert words(make_nlp(user_words=["云计算", "区块链"]), text)[-3:] == ["云计算", "和", "区块链"]


def test_frequency_decides(make_nlp):
    rare, frequent = make_nlp(user_words=[["京大", 1]]), make_nlp(user_words=[["京大", 10**9]])
    assert words(rare, "北京大雨") == ["北京", "大雨"]
    assert words(frequent, "北京大雨") == ["北", "京大", "雨"]


def test_pipelines_do_not_share_words(make_nlp, jieba_default):
    text = "他爱云计算，我爱你"
    before = jieba_default.lcut(text)
    first = make_nlp(user_words=["云计算", ["我爱你", 0]])
    second = make_nlp(user_words=["爱云"])
    plain = make_nlp()
    assert words(first, text) == ["他", "爱", "云计算", "，", "我", "爱", "你"]
    assert "爱云" in words(second, text)
    assert words(plain, text) == before == jieba_default.lcut(text)
    assert default_dictionary().frequencies["我爱你"] > 0
    assert "云计算" not in default_dictionary().frequencies


def test_last_entry_of_a_word_counts(make_nlp):
    assert words(make_nlp(user_words=["我爱你", ["我爱你", 0]]), "我爱你") == ["我", "爱", "你"]
    assert words(make_nlp(user_words=[["我爱你", 0], "我爱你"]), "我爱你") == ["我爱你"]
    # The place in the list counts too: suggested frequencies depend on the words before.
    assert list(check_user_words(["云", "计算", "云"])) == ["计算", "云"]


ENTRIES = st.lists(
    st.tuples(
        st.text(st.sampled_from("我爱你们a1"), min_size=1, max_size=4),
        st.none() | st.integers(0, 60),
    ),
    max_size=5,
    unique_by=lambda entry: entry[0],
)
TEXTS = st.text(st.sampled_from("我爱你们ab1"), min_size=1, max_size=12)


@settings(max_examples=200)
@given(ENTRIES, TEXTS, st.booleans())
def test_same_effect_as_in_jieba(entries, text, hmm):
    theirs = read_by_jieba(SMALL)
    add_words(theirs, entries)
    ours = add_user_words(read_dictionary(SMALL, "test"), dict(entries), cut_latin=True)
    assert ours.frequencies == theirs.FREQ
    assert ours.total == theirs.total
    assert JiebaSegmenter(ours, hmm=hmm).cut(text) == theirs.lcut(text, HMM=hmm)


def test_same_effect_as_in_jieba_with_its_dictionary(jieba_default):
    user_words = ["云计算", ["我爱你", 0], "凱特琳", ["中出", 3], "iPhone", ["石墨烯", 50], "龘"]
    checked = check_user_words(user_words)
    theirs = copy_of(jieba_default)
    add_words(theirs, checked.items())
    ours = add_user_words(default_dictionary(), checked)
    assert ours.frequencies == theirs.FREQ
    assert ours.total == theirs.total
    text = "凱特琳用iPhone看云计算的书，我爱你中出石墨烯龘。"
    assert JiebaSegmenter(ours).cut(text) == theirs.lcut(text)


def test_word_with_a_character_that_jieba_splits_at_is_taken_whole(make_nlp):
    text = "他在列夫·托尔斯泰的家"
    assert "列夫·托尔斯泰" not in words(make_nlp(), text)
    nlp = make_nlp(user_words=["列夫·托尔斯泰", "托尔", ["·", 0]])
    assert words(nlp, text) == ["他", "在", "列夫·托尔斯泰", "的", "家"]


@pytest.mark.parametrize("make", [JiebaSegmenter, RustSegmenter])
@pytest.mark.parametrize("word", ["iPhone", "3.5", "手机"])
def test_words_are_removed_as_in_jieba(jieba_default, make, word, monkeypatch):
    """Latin words and numbers stay together: only Chinese characters are joined by the model."""
    theirs = copy_of(jieba_default)
    monkeypatch.setattr("jieba.finalseg.Force_Split_Words", {word})
    theirs.add_word(word, 0)
    ours = make(add_user_words(default_dictionary(), {word: 0}))
    text = "我买iPhone手机3.5英寸"
    assert ours.cut(text) == theirs.lcut(text)


def test_a_dict_of_words_keeps_their_frequencies():
    words = {"云计算": 5, "我爱你": 0, "凱特琳": None}
    assert check_user_words(words) == words
    assert check_user_words(check_user_words(["云", ["我爱你", 0]])) == {"云": None, "我爱你": 0}


def test_whole_word_is_not_cut_out_of_latin_words(make_nlp):
    nlp = make_nlp(user_words=["I/O", "I/O口"])
    assert words(nlp, "用I/O和API/OSS") == ["用", "I/O", "和", "API", "/", "OSS"]
    assert words(nlp, "I/O口I/O") == ["I/O口", "I/O"]


def test_whole_word_is_text_not_a_pattern(make_nlp):
    nlp = make_nlp(user_words=["(笑)", "?*"])
    assert words(nlp, "好(笑)?*好") == ["好", "(笑)", "?*", "好"]


@pytest.mark.parametrize("entry", [3, None, [], ["爱"], ["爱", 1, 2], [1, "爱"], {"爱": 1}])
def test_entry_of_another_shape_is_an_error(make_nlp, entry):
    with pytest.raises(ValueError, match=r"\[R102\]"):
        make_nlp(user_words=["好", entry])


@pytest.mark.parametrize("word", ["", " ", "我 爱", "我\n", "\u3000", "\ud800"])
def test_word_that_is_no_token_is_an_error(make_nlp, word):
    with pytest.raises(ValueError, match=r"\[R103\]"):
        make_nlp(user_words=[word])
    with pytest.raises(ValueError, match=r"\[R103\]"):
        make_nlp(user_words=[[word, 3]])


@pytest.mark.parametrize("frequency", [-1, 1.5, "3", None, True, 10**13])
def test_frequency_that_is_no_count_is_an_error(make_nlp, frequency):
    with pytest.raises(ValueError, match=r"\[R104\].*'爱'"):
        make_nlp(user_words=[["爱", frequency]])


def test_one_string_is_not_a_list_of_words():
    with pytest.raises(ValueError, match=r"\[R102\].*我爱你"):
        check_user_words("我爱你")
    with pytest.raises(ValueError, match=r"\[R102\]"):
        check_user_words(None)


def test_replaced_and_repeated_words_count_for_the_total_in_both_engines():
    """Frequencies that no word has any more still make all others less probable."""
    data = "北京 1000000000000\n北京 5\n北 100\n京 100\n".encode()
    dictionary = read_dictionary(data, "test")
    expected = read_by_jieba(data).lcut("北京")
    for make in (JiebaSegmenter, RustSegmenter):
        assert make(dictionary).cut("北京") == expected


@cache
def without_some_words(make, hmm):
    removed = check_user_words([[word, 0] for word in ("的", "了", "是", "在", "iPhone", "学生")])
    return make(add_user_words(default_dictionary(), removed), hmm=hmm)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_engines_agree_on_removed_words(text):
    slow = without_some_words(JiebaSegmenter, hmm=False)
    assert without_some_words(RustSegmenter, hmm=False).cut(text) == slow.cut(text)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_removed_words_are_in_no_engines_words(text):
    for make in (JiebaSegmenter, RustSegmenter):
        words = without_some_words(make, hmm=True).cut(text)
        assert "".join(words) == text
        assert not {"的", "了", "是", "在", "学生"} & {word for word in words if len(word) > 1}
