"""Variants of typing become one form, and one word of the vocabulary."""

import json
import unicodedata

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_rnn.vocabulary import Vocabulary, token_forms
from spacy_rnn.vocabulary.normalization import NORMALIZATIONS, normalize_form
from spacy_rnn.vocabulary.token_forms import NormalKeys

VOCAB = spacy.blank("en").vocab
# what another keyboard or editor writes, and the plain form
SAME = [
    ("’", "'"), ("‘", "'"), ("ʼ", "'"), ("n’t", "n't"), ("’s", "'s"), ("5′", "5'"),
    ("“", '"'), ("”", '"'), ("„", '"'), ("``", '"'), ("''", '"'), ("’’", '"'), ("″", '"'),
    ("–", "-"), ("‑", "-"), ("−5", "-5"), ("1914–1918", "1914-1918"),
    ("—", "--"), ("——", "--"), ("-----", "--"), ("―", "--"),
    ("…", "..."), ("……", "..."), ("..", "..."), ("......", "..."), ("⋯", "..."), ("‥", "..."),
    ("，", ","), ("！", "!"), ("？", "?"), ("；", ";"), ("：", ":"), ("（", "("), ("）", ")"),
    ("。", "."), ("｡", "."), ("．", "."), ("﹐", ","), ("､", "、"), ("｢", "「"), ("％", "%"),
    ("ＡＢＣ１２", "ABC12"), ("￥", "¥"), ("～", "~"), ("〜", "~"), ("・", "·"), ("•", "·"),
    ("ﬁnd", "find"), ("eﬃcient", "efficient"), ("ho\u00adtel", "hotel"), ("\ufeffwir", "wir"),
    ("e\u0301te\u0301", "été"), ("Å", "Å"),
]  # fmt: skip
# what a language has of its own, or what means something else
OTHER = [*"«»「」、《²①℃ßーｶ.-`'", "\u200d"]
CHARACTERS = st.characters(blacklist_categories=["Cs"])
FORMS = st.text(CHARACTERS | st.sampled_from("’”…—．。\u00ad\u0301ﬁ"), min_size=1, max_size=5)


@pytest.mark.parametrize(("typed", "plain"), SAME)
def test_typography_has_one_form_for_variants_of_typing(typed, plain):
    assert normalize_form(typed, "typography") == plain


@pytest.mark.parametrize("form", OTHER)
def test_typography_leaves_what_is_no_variant(form):
    assert normalize_form(form, "typography") == form


def test_every_full_width_character_of_ascii_is_its_plain_one():
    for code in range(0x21, 0x7F):
        assert normalize_form(f"a{chr(code + 0xFEE0)}", "typography") == f"a{chr(code)}"


@given(FORMS)
@settings(deadline=None, max_examples=300)
def test_nfkc_is_that_of_unicode(form):
    assert normalize_form(form, "nfkc") == unicodedata.normalize("NFKC", form)
    assert normalize_form(form, "none") == form


@given(FORMS, st.sampled_from(sorted(NORMALIZATIONS)))
@settings(deadline=None, max_examples=500)
def test_a_normal_form_stays_and_no_word_gets_lost(form, how):
    normal = normalize_form(form, how)
    assert normalize_form(normal, how) == normal != ""
    assert form.isspace() or not normal.isspace()


def test_no_word_becomes_a_symbol_of_the_vocabulary():
    for how in NORMALIZATIONS:
        for symbol in ("<unk>", "</s>"):
            wide = "".join(chr(ord(character) + 0xFEE0) for character in symbol)
            assert normalize_form(wide, how) == wide
            assert normalize_form(symbol, how) == symbol


# -- in the vocabulary


def make_docs(texts):
    return [Doc(VOCAB, words=list(words)) for words in texts]


def test_variants_are_one_word_under_the_most_frequent():
    texts = [["，", "，", ",", "我"], ["…", "...", "...", "it", "’s", "'s", "’s"]]
    vocabulary = Vocabulary.from_docs(make_docs(texts), normalize="typography")
    assert dict(map(tuple, vocabulary.labels[2:])) == {
        "，": 3, "我": 1, "...": 3, "it": 1, "’s": 3,
    }  # fmt: skip
    assert vocabulary.row(",") == vocabulary.row("，") == vocabulary.row("﹐") > 1
    assert "…" in vocabulary and "'s" in vocabulary and "！" not in vocabulary
    rows, _ = vocabulary.rows(make_docs(texts))
    found = [vocabulary.words[row] for row in rows]
    assert found == ["，"] * 3 + ["我"] + ["..."] * 3 + ["it"] + ["’s"] * 3


def test_the_two_sides_of_a_quotation_are_shown_as_the_straight_mark():
    texts = [["“", "a", "”"], ["“", "‘", "b", "’", "”"]]
    vocabulary = Vocabulary.from_docs(make_docs(texts), normalize="typography")
    assert vocabulary.labels[2:4] == [['"', 4], ["'", 2]]


def test_rare_variants_count_together():
    texts = [["n't", "n’t", "word", "other"]]
    vocabulary = Vocabulary.from_docs(make_docs(texts), normalize="typography", min_count=2)
    assert vocabulary.labels == [["<unk>", 2], ["</s>", 1], ["n't", 2]]


def test_a_file_of_another_typography_is_joined(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps([["，", 3], [",", 5], ["a", 1], ["\n", 7]]), "utf8")
    vocabulary = Vocabulary.from_file(path, normalize="typography", white_space="skip")
    assert vocabulary.labels[2:] == [[",", 8], ["a", 1]]
    assert Vocabulary.from_file(path).labels[2:] == [["\n", 7], [",", 5], ["，", 3], ["a", 1]]


def test_words_that_join_a_source_keep_its_counts_and_its_variant():
    source = Vocabulary([("，", 9), ("a", 4)], normalize="typography")
    new = Vocabulary([(",", 20), ("b", 7)], normalize="typography")
    assert source.joined_with(new).labels[2:] == [["，", 9], ["b", 7], ["a", 4]]


@pytest.mark.parametrize("normalize", sorted(NORMALIZATIONS))
@pytest.mark.parametrize("white_space", ["read", "skip"])
def test_options_are_saved_with_the_vocabulary(normalize, white_space):
    options = {"normalize": normalize, "white_space": white_space, "attr": "LOWER"}
    vocabulary = Vocabulary([("“", 3), (",", 2), ("\n", 1)], **options)
    again = Vocabulary.from_bytes(vocabulary.to_bytes())
    assert again.options == vocabulary.options == options
    assert again.labels == vocabulary.labels
    assert Vocabulary(again.labels, **options).labels == vocabulary.labels


def test_a_vocabulary_without_such_options_is_saved_as_before():
    """So that the files of earlier versions and of this one are the same."""
    data = Vocabulary([("a", 3)]).to_bytes()
    assert b"normalize" not in data and b"white_space" not in data


def test_a_changed_option_is_noticed_by_the_checksum():
    data = Vocabulary([("a", 3)], normalize="nfkc").to_bytes()
    with pytest.raises(ValueError, match="R011"):
        Vocabulary.from_bytes(data.replace(b"\xa4nfkc", b"\xa4none"))


@pytest.mark.parametrize("option", ["normalize", "white_space"])
def test_an_unknown_choice_is_an_error(option):
    with pytest.raises(ValueError, match=rf"R008.*{option} 'odd'"):
        Vocabulary(**{option: "odd"})
    data = Vocabulary([("a", 3)], normalize="nfkc", white_space="skip").to_bytes()
    with pytest.raises(ValueError, match="R011"):
        Vocabulary.from_bytes(data.replace(b"nfkc", b"nfkd").replace(b"skip", b"jump"))


# -- in a batch


VOCAB = spacy.blank("xx").vocab


@given(st.lists(FORMS, min_size=1, max_size=20), st.sampled_from(sorted(NORMALIZATIONS)))
@settings(deadline=None)
def test_a_batch_has_the_forms_of_its_tokens(words, how):
    vocabulary = Vocabulary([("a", 1)], normalize=how)
    tokens = vocabulary.forms_of([Doc(VOCAB, words=words[:7]), Doc(VOCAB, words=words[7:])])
    assert tokens.strings(tokens.keys.tolist()) == [normalize_form(word, how) for word in words]
    assert tokens.lengths.tolist() == [len(words[:7]), len(words[7:])]


@pytest.mark.parametrize("attr", ["LOWER", "NORM"])
def test_the_form_under_the_attribute_is_normalized(attr):
    doc = spacy.blank("en")("ＤＯN’T “Ａ” can’t")
    vocabulary = Vocabulary([("a", 1)], normalize="typography", attr=attr)
    tokens = vocabulary.forms_of([doc])
    own = {"LOWER": [token.lower_ for token in doc], "NORM": [token.norm_ for token in doc]}[attr]
    expected = [normalize_form(form, "typography") for form in own]
    assert tokens.strings(tokens.keys.tolist()) == expected
    for token, key in zip(doc, tokens.keys, strict=True):
        assert vocabulary.row_of(token) == vocabulary.rows_of_keys(np.array([key]))[0]


def test_few_normal_forms_are_remembered_and_none_gets_lost(monkeypatch):
    monkeypatch.setattr(token_forms, "_MOST_KEPT", 3)
    normal = NormalKeys("typography")
    strings = spacy.blank("xx").vocab.strings
    for start in range(0, 40, 4):
        words = [f"{number}’" for number in range(start, start + 4)] * 2
        keys = np.array([strings.add(word) for word in words], dtype=np.uint64)
        mapped, made = normal.map(keys, [strings])
        assert [made[key] for key in mapped.tolist()] == [word.replace("’", "'") for word in words]
        assert len(normal._known) <= 3 + 4
