"""Where spaces go between words that the model writes."""

import pytest
import spacy

from spacy_rnn.pipeline.detokenization import Detokenizer, detokenize
from spacy_rnn.vocabulary.spacing import Spacing
from spacy_rnn.vocabulary.spacing_counts import SpacingCounts

RULES = Spacing()


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
def test_without_anything_learned_scripts_and_signs_decide(text):
    nlp = spacy.blank("zh" if any(ord(c) > 0x2E80 for c in text) else "en")
    words = [token.text for token in nlp.make_doc(text) if not token.is_space]
    if nlp.lang == "zh":  # characters: Latin words and numbers stand together
        words = join_latin(words)
    assert detokenize(words, RULES) == text


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
    doc = spacy.blank("xx").make_doc(text)
    assert text + detokenize(words, RULES, doc) == joined


# Text to learn from, and text to be joined again, by language.
LANGUAGES = {
    "ko": (
        [
            "나는 아침에 시장에 간다.",
            "동생은 학교에 가지 않았다.",
            '어머니는 "오늘은 춥다" 하고 말했다.',
            "배가 늦게 왔다. 우리는 부두에서 기다렸다!",
            "책(낡은 것)을 두 권 샀다.",
            "3월 4일에 만나자, 친구야.",
        ],
        [
            "나는 학교에 간다.",
            "친구는 부두에 가지 않았다!",
            '동생은 "나는 기다렸다" 하고 말했다.',
            "5월 6일에 시장(낡은 시장)에 간다.",
        ],
    ),
    "fr": (
        [
            "Un verre d'eau, s'il vous plaît !",
            "L'hiver, dit-elle, n'a pas commencé.",
            "Qu'est-ce que c'est ? Je n'en sais rien ; demandez-lui.",
            "« Le bateau arrive », dit l'homme.",
            "J'ai vu trois mouettes : deux grises et une blanche.",
            "Il n'y a plus d'huile, mais il y a du sel.",
            "« Attendez ! » dit la dame.",
        ],
        [
            "Il n'y a plus d'eau.",
            "L'homme dit : « Le sel, s'il vous plaît ! »",
            "J'ai vu l'hiver ; est-ce que c'est la fin ?",
            "D'abord, qu'en dit l'autre dame ?",
        ],
    ),
    "es": (
        [
            "¿Cuándo sale el barco? No lo sé.",
            "¡Ya voy!, gritó el marinero.",
            "«Mañana», dijo ella, «si no llueve».",
            "La casa (la vieja) está cerca; la nueva, lejos.",
            "¿Y tú? ¿Vienes también?",
            "¡Espera! El puerto está cerrado.",
        ],
        [
            "¿Qué barco? ¡El viejo!",
            "«No», dijo el marinero.",
            "Ella gritó: ¡espera!, ¿vienes?",
            "La casa está lejos (¿no?); ya voy.",
        ],
    ),
    "de": (
        [
            "„Das Schiff kommt“, sagte der Alte.",
            "Sie fragte: „Kommst du mit?“ Er schwieg.",
            "Wir warten – wie immer – am Hafen.",
            "Er rief „Halt!“ und lief (sehr schnell) davon.",
            "Um 8 Uhr kam ein Brief, um 9 Uhr der zweite.",
            "„Nein“, sagte sie, „heute nicht.“ Dann ging sie.",
        ],
        [
            "„Halt!“, rief sie und schwieg.",
            "Er sagte: „Heute kommt das Schiff.“ Dann ging er.",
            "Der Brief – ein alter – kam um 7 Uhr (wie immer).",
            "„Wir warten“, fragte er, „am Hafen?“",
        ],
    ),
    "ar": (
        [
            "هل وصلت السفينة؟ نعم، وصلت أمس؛ لكنها متأخرة.",
            "اشترى الرجل خبزا، وجبنا، وزيتا.",
            "متى يبدأ الشتاء؟ لا أعرف!",
            "قال الولد: «أريد ماء»، ثم ذهب.",
            "البيت القديم (قرب البحر) جميل.",
        ],
        [
            "متى وصلت السفينة؟ لا أعرف.",
            "قالت البنت: «نعم، أريد خبزا»، ثم نامت.",
            "البحر جميل؛ لكن الشتاء طويل!",
        ],
    ),
    "hi": (
        [
            "नाव आज देर से आई। हम घाट पर बैठे थे।",
            "क्या तुम कल आओगे? मुझे नहीं पता।",
            "उसने रोटी, दाल और चावल खाए।",
            "रुको! बारिश हो रही है।",
        ],
        ["बारिश देर से आई।", "क्या नाव घाट पर है? नहीं, कल आओगे।", "दाल और रोटी खाओ!"],
    ),
    "en": (
        [
            "A well-known half-truth - or so they say - is twice-told.",
            "The old boat is sea-worthy, I'm told.",
            "It's the baker's half-empty cart; don't touch it!",
            'He said "no", then "maybe", and left.',
            "What luck 😀! The ferry came 😀😀 and we left.",
            "Nice 👍🏽 work 👍🏽! See you soon ❤️",
            "She can't come... or won't she?",
            "We paid $ 5 and/or €7.",
        ],
        [
            "The well-known boat isn't half-empty.",
            "It's a half-truth - or so I'm told.",
            'She said "maybe" and "no", then left.',
            "What work 👍🏽! We can't 😀😀 see you ❤️",
            "It's twice-told... don't say half-truth.",
        ],
    ),
}


def blank(lang):
    # spaCy's own tokenizer for Korean needs another library
    tokenizer = {"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}}
    return spacy.blank(lang, config=tokenizer if lang == "ko" else {})


def learned(docs, **options):
    counts = SpacingCounts(**options)
    for doc in docs:
        counts.add(doc)
    return counts.spacing()


def words_of(doc):
    return [token.text for token in doc]


@pytest.mark.parametrize(
    "lang",
    # spaCy's French tokenizer takes seconds to make.
    [pytest.param(lang, marks=pytest.mark.slow if lang == "fr" else ()) for lang in LANGUAGES],
)
def test_spaces_are_learned_from_a_few_sentences(lang):
    nlp = blank(lang)
    seen, unseen = LANGUAGES[lang]
    spacing = learned(map(nlp.make_doc, seen))
    texts = [*seen, *unseen]
    assert [detokenize(words_of(doc), spacing) for doc in map(nlp.make_doc, texts)] == texts


def docs_of(*texts):
    """Words are separated by |; a space stands where one ends in ·."""
    nlp = spacy.blank("xx")
    for text in texts:
        parts = text.split("|")
        words = [part.removesuffix("·") for part in parts]
        spaces = [part.endswith("·") for part in parts]
        yield spacy.tokens.Doc(nlp.vocab, words=words, spaces=spaces)


@pytest.mark.parametrize(
    ("texts", "words", "joined"),
    [
        (["1|/|2·|cup"], ["3", "/", "4", "cup"], "3/4 cup"),
        (["well|-|known", "old|-|new", "a·|-·|b"], ["well", "-", "known"], "well-known"),
        (["d'|eau", "l'|été·|ici"], ["l'", "île"], "l'île"),
        (["dan| |na| |vi"], ["dan", " ", "na"], "dan na"),
        (["a·|  |b"], ["c", "  ", "d"], "c   d"),  # a space and a token of two
        (["他|说|\n|我|说"], ["我", "\n", "他"], "我\n他"),
        (["可|口|可|乐"], ["乐", "可"], "乐可"),
    ],
)
def test_words_of_any_tokenizer_are_joined_as_they_came(texts, words, joined):
    assert detokenize(words, learned(docs_of(*texts))) == joined


def test_quotation_marks_open_and_close_as_the_text_had_them():
    spacing = learned(docs_of('he·|said·|"|yes|"·|and·|"|no|"·|twice|.', '"|so|"·|he·|said|.'))
    words = ['"', "no", '"', "he", "said", '"', "so", '"', "."]
    assert detokenize(words, spacing) == '"no" he said "so".'
    # after a prompt in which a mark is open
    doc = spacy.blank("en").make_doc('he said "yes')
    assert detokenize(['"', "and", '"', "no"], spacing, doc) == '" and "no'
    doc = spacy.blank("en").make_doc('he said "')
    assert detokenize(["no", '"'], spacing, doc) == 'no"'


def test_quotation_marks_that_are_one_word_open_and_close_all_the_same():
    """With normalize = "typography" the vocabulary shows all of them as the straight one."""
    texts = ["he·|said·|“|yes|”·|and·|“|no|”·|twice|.", "“|so|”·|he·|said|.", 'a·|"|b|"·|c']
    spacing = learned(docs_of(*texts), normalize="typography")
    words = ['"', "no", '"', "he", "said", '"', "so", '"', "."]
    assert detokenize(words, spacing, normalize="typography") == '"no" he said "so".'
    doc = spacy.blank("en").make_doc("he said “yes")
    assert detokenize(['"', "and"], spacing, doc, normalize="typography") == '" and'


def test_words_come_one_by_one_with_the_space_before_each():
    detokenizer = Detokenizer(RULES, spacy.blank("en").make_doc("The boat"))
    assert [detokenizer.add(w) for w in ("is", "late", ",", "\n", "too")] == [
        " is",
        " late",
        ",",
        "\n",
        "too",
    ]
    assert detokenizer.text == "The boat is late,\ntoo"


def raw_sentences(folder, lang, part):
    (path,) = (folder / f"ud-{lang}").glob(f"*-{part}.conllu")
    lines = path.read_text("utf8").splitlines()
    return [line.removeprefix("# text = ") for line in lines if line.startswith("# text = ")]


@pytest.mark.slow
@pytest.mark.parametrize(("learn", "join"), [("dev", "test"), ("test", "dev")])
def test_sentences_of_a_treebank_stay_as_they_are(data_folder, learn, join):
    nlp = spacy.blank("en")
    spacing = learned(map(nlp.make_doc, raw_sentences(data_folder, "en-ewt", learn)))
    docs = [nlp.make_doc(text) for text in raw_sentences(data_folder, "en-ewt", join)]
    same = [detokenize(words_of(doc), spacing) == doc.text for doc in docs]
    by_rules = [detokenize(words_of(doc), RULES) == doc.text for doc in docs]
    assert sum(same) >= 0.9 * len(docs) > 1800
    assert sum(same) > sum(by_rules)


@pytest.mark.parametrize(("learn", "join"), [("dev", "test"), ("test", "dev")])
def test_chinese_sentences_stay_as_they_are(data_folder, learn, join):
    tokenizer = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})
    spacing = learned(map(nlp.make_doc, raw_sentences(data_folder, "zh-gsdsimp", learn)))
    docs = [nlp.make_doc(text) for text in raw_sentences(data_folder, "zh-gsdsimp", join)]
    same = [detokenize(words_of(doc), spacing) == doc.text for doc in docs]
    by_rules = [detokenize(words_of(doc), RULES) == doc.text for doc in docs]
    assert sum(same) >= sum(by_rules) > 0.9 * len(docs)


def test_nothing_but_spaces_is_added(chinese):
    lm = chinese.get_pipe("rnn_lm")
    for seed in range(10):
        written = lm.generate("猫", seed=seed)
        assert written.startswith("猫") and " " not in written
