"""Text of any kind comes back as it was, in time and memory that grow with it; and saved tokenizers
that are damaged give clear errors."""

import json
import random
import unicodedata

import pytest
import srsly
from hypothesis import strategies as st
from spacy.vocab import Vocab

from spacy_rnn.tokenizers.dictionary import LONGEST_WORD
from spacy_rnn.tokenizers.jieba_tokenizer import JiebaTokenizer
from spacy_rnn.tokenizers.user_words import check_user_words

from ..hostile import ODD, TEXTS, damaged, fuzz, no_hang, run_within, traps

ENGINES = ["jieba", "rjieba"]
# the basic plane and tags; the others are symbols, ideographs, unassigned or private
PLANES = [
    plane if plane in (0, 14) else pytest.param(plane, marks=pytest.mark.slow)
    for plane in range(17)
]
USER_WORDS = ["爱·你", "a-b", ["我爱你", 0], "\0", "\u202e", "e\u0301", "C++", "好的"]
# by engine, with the model for unknown words and without
TOKENIZERS = {
    engine: [
        JiebaTokenizer(Vocab(), engine=engine),
        JiebaTokenizer(Vocab(), engine=engine, hmm=False, user_words=USER_WORDS),
    ]
    for engine in ENGINES
}
CODES = ("[R102]", "[R103]", "[R104]", "[R109]", "[R113]")


def assert_same_text(tokenizer, text):
    doc = tokenizer(text)
    assert doc.text == text
    assert all(token.text for token in doc)
    return doc


# -- text


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("plane", PLANES)
def test_every_character_of_a_plane_comes_back(plane, engine):
    """Unassigned ones, noncharacters and private use among them: 65,536, or 63,488 in plane 0."""
    codes = range(plane << 16, (plane + 1) << 16)
    characters = [chr(code) for code in codes if not 0xD800 <= code < 0xE000]
    for tokenizer in TOKENIZERS[engine]:
        tokenizer.vocab = Vocab()
        assert_same_text(tokenizer, "".join(characters))


@pytest.mark.parametrize("engine", ENGINES)
def test_control_marks_and_white_space_come_back_between_words(engine):
    odd = [
        character
        for character in map(chr, range(0x110000))
        if unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Me", "Sk")
    ]
    assert len(odd) > 350
    for tokenizer in TOKENIZERS[engine]:
        for pattern in ("我{}爱{}{}a", "{}", " {} {}\n", "北京{}大学"):
            assert_same_text(tokenizer, "。".join(pattern.replace("{}", c) for c in odd))


@pytest.mark.parametrize("engine", ENGINES)
@fuzz(700, text=st.one_of(TEXTS, st.text(max_size=40)), which=st.integers(0, 1))
def test_any_text_comes_back(engine, text, which):
    assert_same_text(TOKENIZERS[engine][which], text)


@pytest.mark.parametrize("engine", ENGINES)
@fuzz(150, before=TEXTS, half=st.integers(0xD800, 0xDFFF), after=TEXTS)
def test_a_lone_surrogate_is_named_wherever_it_stands(engine, before, half, after):
    text = before + chr(half) + after
    for tokenizer in TOKENIZERS[engine]:
        with pytest.raises(ValueError, match=r"^\[R101\]") as caught:
            tokenizer(text)
        assert f"U+{half:04X} at position {len(before)})" in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_two_halves_in_a_string_are_no_character(engine):
    with pytest.raises(ValueError, match=r"R101.*U\+D83D at position 1"):
        TOKENIZERS[engine][0]("我\ud83d\ude00")


# -- a megabyte without a space

LARGE = """
from time import process_time
from spacy.vocab import Vocab
from spacy_rnn.tokenizers.jieba_tokenizer import JiebaTokenizer
from tests.tokenizers.test_hostile_text import large_texts
tokenizers = [JiebaTokenizer(Vocab()), JiebaTokenizer(Vocab(), engine="rjieba")]
for tokenizer in tokenizers:
    tokenizer("我爱北京天安门杭研abc")
texts = large_texts()
print(len(texts))
"""
CUT = """
for name, text in texts.items():
    for tokenizer in tokenizers:
        start = process_time()
        tokenizer.vocab = Vocab()
        doc = tokenizer(text)
        assert doc.text == text, name
        del doc
        assert len(text) >= 10**6 and process_time() - start < 60, name
"""


def large_texts():
    """A million characters each, without white space."""
    choose, size = random.Random(0), 10**6
    alphabets = {
        "letters": "abcdefghijklmnopqrstuvwxyz",
        "signs": "的a1+#&._%-",
        "Hebrew": "\u05d0\u05d1\u202e\u200f",
        "Chinese": [chr(code) for code in range(0x4E00, 0x9FD6)],
    }
    texts = {name: "".join(choose.choices(a, k=size)) for name, a in alphabets.items()}
    for one in ("\u9fd5", ".", "\0", "不生生生国"):
        texts[one] = one * (size // len(one))
    texts["marks"] = "e" + "\u0301" * size
    return texts


@pytest.mark.slow
def test_a_megabyte_without_a_space_takes_bounded_time_and_memory():
    """An algorithm of quadratic time would need hours."""
    number, memory = run_within(1500, LARGE, CUT)
    assert int(number) == len(large_texts())
    assert int(memory.split()[-1]) < 500


# -- user words

WORDS = st.text(max_size=6) | st.sampled_from([*ODD, "·", "a·b", "\ud800", "我爱", " ", "a b"])
FREQUENCIES = st.sampled_from(
    [0, 1, 10**12, 10**12 + 1, -1, 1.5, True, None, "3", [], float("nan")]
)


@fuzz(600, words=st.lists(WORDS | st.tuples(WORDS, FREQUENCIES).map(list), max_size=4))
def test_odd_user_words_are_kept_or_refused(words):
    try:
        checked = check_user_words(words)
    except ValueError as error:
        assert str(error).startswith(CODES)
        return
    tokenizer = JiebaTokenizer(Vocab(), user_words=words)
    again = JiebaTokenizer(Vocab()).from_bytes(tokenizer.to_bytes())
    assert check_user_words(again.user_words) == checked
    assert list(checked) == list(dict.fromkeys(checked))
    assert not any(character.isspace() for word in checked for character in word)


@pytest.mark.parametrize("engine", ENGINES)
@fuzz(15, words=st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=3), text=TEXTS)
def test_text_comes_back_whatever_the_user_words_are(engine, words, text):
    words = ["".join(word.split()).encode("utf8", "ignore").decode() or "x" for word in words]
    tokenizer = JiebaTokenizer(Vocab(), engine=engine, user_words=words)
    mixed = text.join(words)
    assert [t.text for t in assert_same_text(tokenizer, mixed)]


@pytest.mark.parametrize("entry", ["我" * 101, ["我" * 10**6, 3], "a" * 10**6])
def test_a_user_word_of_any_length_fills_no_memory(entry):
    """All beginnings of a million characters are half a terabyte."""
    with no_hang(), pytest.raises(ValueError, match=r"R113.*at most") as caught:
        JiebaTokenizer(Vocab(), user_words=[entry])("我")
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("length", [LONGEST_WORD, LONGEST_WORD + 1, 10**6])
def test_a_word_of_any_length_in_a_dictionary_fills_no_memory(tmp_path, length):
    path = tmp_path / "words.txt"
    path.write_text(f"好 3\n{'我' * length} 5\n", "utf8")
    tokenizer = JiebaTokenizer(Vocab(), dictionary=path)
    if length <= LONGEST_WORD:
        assert [token.text for token in tokenizer("好" + "我" * length)] == ["好", "我" * length]
        return
    with no_hang(), pytest.raises(ValueError, match=r"R113.*line 2 of the dictionary.*words\.txt"):
        tokenizer("好")


def test_a_long_user_word_that_is_taken_whole_is_kept():
    word = "/".join("一二三四五六七八九十" * 30)
    assert [t.text for t in JiebaTokenizer(Vocab(), user_words=[word])(f"好{word}")] == ["好", word]


# -- saved tokenizers


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder of a tokenizer with a dictionary of its own."""
    folder = tmp_path_factory.mktemp("saved")
    path = folder / "words.txt"
    path.write_text("我爱 50\n你 5\n北京 8\n", "utf8")
    tokenizer = JiebaTokenizer(Vocab(), dictionary=path, user_words=["云计算", ["我爱你", 0]])
    tokenizer.to_disk(folder / "tokenizer")
    return folder / "tokenizer"


def refused_or_working(load):
    tokenizer = JiebaTokenizer(Vocab(), user_words=["不变"])
    before = tokenizer.to_bytes()
    try:
        load(tokenizer)
    except ValueError as error:
        assert str(error).startswith(CODES)
        assert len(str(error)) < 500
        assert tokenizer.to_bytes() == before
    else:
        tokenizer.to_bytes()


PLAIN = JiebaTokenizer(Vocab(), user_words=["云计算", ["我爱你", 0], "列夫·托尔斯泰"]).to_bytes()
CFG = srsly.msgpack_loads(PLAIN)["cfg"]
VALUES = st.sampled_from(
    [
        None,
        True,
        0,
        1,
        "",
        "true",
        b"",
        [],
        {},
        ["我", 3],
        [["我"]],
        [[[]]],
        "我",
        float("nan"),
        10**12,
    ]
)


@fuzz(700, data=damaged(PLAIN) | st.binary(max_size=30))
def test_damaged_bytes_are_refused(data):
    refused_or_working(lambda tokenizer: tokenizer.from_bytes(data))


@fuzz(300, changes=st.dictionaries(st.sampled_from([*CFG, "other"]), VALUES), dictionary=VALUES)
def test_saved_settings_of_other_kinds_are_refused(changes, dictionary):
    message = {"cfg": {**CFG, **changes}, "dictionary": dictionary}
    refused_or_working(lambda tokenizer: tokenizer.from_bytes(srsly.msgpack_dumps(message)))


@fuzz(400, data=st.data())
def test_a_damaged_folder_is_refused(saved, data):
    contents = {path.name: path.read_bytes() for path in saved.iterdir()}
    name = data.draw(st.sampled_from(sorted(contents)))
    try:
        (saved / name).write_bytes(data.draw(damaged(contents[name])))
        refused_or_working(lambda tokenizer: tokenizer.from_disk(saved))
    finally:
        (saved / name).write_bytes(contents[name])


@pytest.mark.parametrize("depth", [500, 1000, 10**6])
def test_a_deeply_nested_list_of_user_words_is_refused(saved, depth):
    cfg = json.loads((saved / "cfg").read_text("utf8"))
    nested = json.dumps({**cfg, "user_words": "x"}).replace('"x"', "[" * depth + "]" * depth)
    folder = saved.parent / f"nested{depth}"
    folder.mkdir()
    (folder / "cfg").write_text(nested, "utf8")
    (folder / "dictionary.txt").write_bytes((saved / "dictionary.txt").read_bytes())
    with pytest.raises(ValueError, match=r"R10[29]"):
        JiebaTokenizer(Vocab()).from_disk(folder)


def test_no_pickle_is_run_as_a_tokenizer(tmp_path):
    trap, folder = tmp_path / "trap", tmp_path / "tokenizer"
    folder.mkdir()
    for data in traps(trap).values():
        for name in ("cfg", "dictionary.txt"):
            (folder / name).write_bytes(data)
        with pytest.raises(ValueError, match="R109"):
            JiebaTokenizer(Vocab()).from_disk(folder)
        with pytest.raises(ValueError, match="R109"):
            JiebaTokenizer(Vocab()).from_bytes(data)
    assert not trap.exists()
