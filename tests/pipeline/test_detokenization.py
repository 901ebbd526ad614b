"""Where spaces go between words that the model writes."""

import pytest
import spacy

from spacy_rnn.pipeline.detokenization import detokenize


@pytest.mark.parametrize(
    "text",
    [
        "The ferry was late, so we waited.",
        "Nobody knows (yet) why; ask later!",
        "She paid 5 coins. He paid none?",
        'They call it "the old lighthouse" and smile.',
        'He said "hi", then (and "new") "so"?',
        "He said it's fine; we'll see, don't worry.",
        "[sic] {braces} are rare: very rare…",
        "渡船晚了,所以我们在等。",
        "她说：“明天见！”——然后走了……“真的？”",
        "（也许）《旧书》很贵……",
        "昨日は雨でした。",
        "我用Python写程序。",
        "第3天他买了2本书。",
        "",
        "one",
        "The “old” boat — a wreck — sank…",
    ],
)
def test_words_of_a_text_are_joined_to_the_text(text):
    nlp = spacy.blank("zh" if any(ord(c) > 0x2E80 for c in text) else "en")
    words = [token.text for token in nlp.make_doc(text) if not token.is_space]
    if nlp.lang == "zh":  # characters: Latin words and numbers stand together
        words = join_latin(words)
    assert detokenize("", words) == text


def join_latin(characters):
    words = []
    for character in characters:
        latin = character.isascii() and character.isalnum()
        if latin and words and words[-1].isascii() and words[-1].isalnum():
            words[-1] += character
        else:
            words.append(character)
    return words


@pytest.mark.parametrize(
    "text, words, joined",
    [
        ("the", ["cat"], "the cat"),
        ("the ", ["cat"], "the cat"),
        ("the\n", ["cat", "sat"], "the\ncat sat"),
        ("", ["cat"], "cat"),
        ("我爱", ["你", "。"], "我爱你。"),
        ("我爱", ["Python", "和", "music"], "我爱Python和music"),
        ("I love", ["北京", "."], "I love北京."),
        ("cat", ["\n", "dog"], "cat\ndog"),
        ("cat", ["  ", "dog"], "cat  dog"),
        ("(", ["cat", ")", "sat"], "(cat) sat"),
        ('he said "', ["no", '"', "twice"], 'he said "no" twice'),
        ("do", ["n't"], "don't"),
        ("cat", [], "cat"),
    ],
)
def test_a_text_is_continued_as_its_script_asks(text, words, joined):
    assert detokenize(text, words) == joined


def test_nothing_but_spaces_is_added(chinese):
    lm = chinese.get_pipe("rnn_lm")
    for seed in range(10):
        written = lm.generate("猫", seed=seed)
        assert written.startswith("猫") and " " not in written
