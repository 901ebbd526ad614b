"""The segmentation is jieba's, word for word, and the most probable one."""

from itertools import combinations, pairwise, product
from math import isclose, log
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_rnn.tokenizers.dictionary import default_dictionary, read_dictionary
from spacy_rnn.tokenizers.rust_segmenter import RustSegmenter
from spacy_rnn.tokenizers.segmenter import JiebaSegmenter

from .jieba_oracle import read_by_jieba

ENGINES = (JiebaSegmenter, RustSegmenter)
CLASSICS = Path(__file__).parents[2].parent / "shared" / "data" / "zh-classics"

SENTENCES = [
    "昨天晚上我们在学校旁边的小店里吃了一碗热汤面。",
    "他说python3.11比C++慢,但是写起来快多了!",
    "这台电脑的价格是4,999.50元，打八折以后不到4000块。",
    "研究生命的起源",
    "王小明和李雷去了呼伦贝尔大草原骑马",
    "GPU-based模型训练了30%的数据，loss=0.25",
    "哈哈哈哈哈哈哈哈",
    "㐀龥鿿𠀀々〇ヶ",
    "café Москва ไทย 한국어 العربية",
    "👨‍👩‍👧 e\u0301 \u200b\ufeff",
    "我爱你我爱你们",
    "１２３ＡＢＣ",
    "",
    "。",
    "a",
]

# Pieces that meet in jieba's special cases: words, rare characters, Latin, numbers, signs.
PIECES = [*"的了我你他是不在有人这大国中", "中国", "人民", "学生", "爱", "龘", "A", "b", "7", "%"]
PIECES += ["+", "-", ".", "_", "&", "#", "·", "，", "。", "😀", "𠮷", "é", "3.5", "T恤", "阿Q"]


def without_white_space(words):
    return [word for word in words if not word.isspace()]


@pytest.fixture(scope="module", params=product(ENGINES, (True, False)), ids=str)
def both(request, jieba_default):
    """Our segmentation and jieba's, with and without the hidden Markov model."""
    make, hmm = request.param
    segmenter = make(default_dictionary(), hmm=hmm)
    return segmenter.cut, lambda text: jieba_default.lcut(text, HMM=hmm)


@pytest.fixture(
    scope="module", params=[(JiebaSegmenter, True), *product(ENGINES, [False])], ids=str
)
def exact(request, jieba_default):
    """The same without jieba-rs's hidden Markov model, which decides ties of nonsense otherwise."""
    make, hmm = request.param
    segmenter = make(default_dictionary(), hmm=hmm)
    return segmenter.cut, lambda text: jieba_default.lcut(text, HMM=hmm)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_same_words_as_jieba_for_sentences(both, sentence):
    ours, jiebas = both
    assert without_white_space(ours(sentence)) == without_white_space(jiebas(sentence))


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_same_words_as_jieba_for_mixed_text(exact, text):
    ours, jiebas = exact
    assert ours(text) == jiebas(text)


@given(st.text())
def test_same_words_as_jieba_for_any_text(exact, text):
    ours, jiebas = exact
    assert without_white_space(ours(text)) == without_white_space(jiebas(text))


@pytest.mark.skipif(not CLASSICS.is_dir(), reason="the novels are not here")
@pytest.mark.parametrize("part", ["dev", "test"])
def test_same_words_as_jieba_for_novels(both, part):
    ours, jiebas = both
    lines = (CLASSICS / f"{part}.txt").read_text(encoding="utf8").splitlines()[::7]
    assert sum(map(len, lines)) > 30_000
    for line in lines:
        assert without_white_space(ours(line)) == without_white_space(jiebas(line))


WORDS = st.text(st.sampled_from("我爱你们ab1"), min_size=1, max_size=4)
DICTIONARIES = st.dictionaries(WORDS, st.sampled_from([1, 1, 2, 2, 50]), min_size=1).map(
    lambda words: "\n".join(f"{word} {frequency}" for word, frequency in words.items()).encode()
)
TEXTS = st.text(st.sampled_from("我爱你们ab1"), min_size=1, max_size=9)


@pytest.mark.parametrize("make", [JiebaSegmenter, RustSegmenter])
@given(DICTIONARIES, TEXTS, st.booleans())
def test_same_words_as_jieba_with_any_dictionary(make, data, text, hmm):
    hmm = hmm and make is JiebaSegmenter
    segmenter = make(read_dictionary(data, "test"), hmm=hmm)
    assert segmenter.cut(text) == read_by_jieba(data).lcut(text, HMM=hmm)


def test_of_two_equal_paths_the_longer_first_word_is_chosen():
    data = "我 5\n你 5\n我爱 5\n爱你 5\n".encode()
    segmenter = JiebaSegmenter(read_dictionary(data, "test"))
    assert segmenter.cut("我爱你") == read_by_jieba(data).lcut("我爱你") == ["我爱", "你"]


def test_character_is_unknown_only_where_no_word_starts():
    # 我 is no word here, but 我爱 is: so 爱你 is not found, frequent as it is.
    data = "我爱 1\n爱你 9\n国 30\n".encode()
    segmenter = JiebaSegmenter(read_dictionary(data, "test"), hmm=False)
    assert (
        segmenter.cut("我爱你") == read_by_jieba(data).lcut("我爱你", HMM=False) == ["我爱", "你"]
    )
    assert segmenter.cut("们爱你") == ["们", "爱你"]


@pytest.mark.parametrize("frequency, words", [(2, ["爱你", "国"]), (4, ["爱", "你国"])])
def test_unknown_character_counts_as_seen_once(frequency, words):
    # 3 times 1 for 爱你 and the unknown 国, against the frequency of 爱 times 1 for 你国.
    data = f"爱 {frequency}\n爱你 3\n你国 1\n".encode()
    segmenter = JiebaSegmenter(read_dictionary(data, "test"), hmm=False)
    assert segmenter.cut("爱你国") == read_by_jieba(data).lcut("爱你国", HMM=False) == words


@given(DICTIONARIES, st.text(st.sampled_from("我爱你们"), min_size=1, max_size=9))
def test_no_segmentation_is_more_probable(data, text):
    dictionary = read_dictionary(data, "test")
    known = [word for word, frequency in dictionary.frequencies.items() if frequency]

    def score(words):
        """The sum of log-probabilities; a character where no known word starts was seen once."""
        total, start = 0.0, 0
        for word in words:
            frequency = dictionary.frequencies.get(word)
            if not frequency:
                if len(word) > 1 or any(text.startswith(other, start) for other in known):
                    return float("-inf")
                frequency = 1
            total += log(frequency / dictionary.total)
            start += len(word)
        return total

    best = max(map(score, every_segmentation(text)))
    assert isclose(score(JiebaSegmenter(dictionary, hmm=False).cut(text)), best, abs_tol=1e-9)


def every_segmentation(text):
    for count in range(len(text)):
        for cuts in combinations(range(1, len(text)), count):
            edges = [0, *cuts, len(text)]
            yield [text[a:b] for a, b in pairwise(edges)]
