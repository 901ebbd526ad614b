"""Settings that give less than they could: each is warned of where it is met, and only there."""

import logging
import warnings

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam

from ..helpers import CHINESE, ENGLISH, SMALL, make_trained

LISTENER = {"@architectures": "spacy.Tok2VecListener.v1", "width": 12, "upstream": "rnn_lm"}
JIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}
SERVING = {"lm_weight": 0.0, "annotations": ["tensor"], "scorer": None}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of a trained language model."""
    path = tmp_path_factory.mktemp("source")
    make_trained().to_disk(path)
    return path


def pipeline(source=None, *, listen=True, lang="en", training=None, tokenizer=None, **options):
    """A language model, and a tagger that listens to it or doesn't."""
    config = {"training": training or {}}
    if tokenizer:
        config["nlp"] = {"tokenizer": tokenizer}
    nlp = spacy.blank(lang, config=config)
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL, "source": source and str(source)}
    nlp.add_pipe("rnn_lm", config={"model": model, **options})
    tagger = {"@architectures": "spacy.Tagger.v2"}
    if listen:
        tagger["tok2vec"] = LISTENER
    nlp.add_pipe("tagger", config={"model": tagger})
    return nlp


def tagged(nlp, docs):
    examples = []
    for doc in docs:
        for token in doc:
            token.tag_ = "LONG" if len(token) > 1 else "SHORT"
        examples.append(Example(nlp.make_doc(doc.text), doc))
    return examples


def warnings_of(nlp, docs=None):
    """The codes of the warnings while a pipeline is initialized and makes a step."""
    examples = tagged(nlp, docs or [nlp.make_doc(text) for text in ENGLISH[:20]])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nlp.initialize(lambda: examples)
        nlp.update(examples, sgd=Adam(0.01))
        nlp.update(examples, sgd=Adam(0.01))
    return [str(w.message)[1:5] for w in caught if str(w.message).startswith("[W3")]


def test_a_network_that_serves_listeners_and_knows_nothing_is_warned_of():
    assert warnings_of(pipeline(**SERVING)) == ["W343"]


def test_a_sourced_network_that_only_serves_is_right(source):
    assert warnings_of(pipeline(source, **SERVING)) == []


def test_a_network_without_listeners_is_right():
    assert warnings_of(pipeline(listen=False)) == []


@pytest.mark.parametrize(
    "change", [{"lm_weight": 0.5}, {"annotations": ["tensor", "next"]}], ids=["loss", "softmax"]
)
def test_a_sourced_network_that_goes_on_with_work_of_its_own_is_warned_of(source, change):
    assert warnings_of(pipeline(source, **{**SERVING, **change})) == ["W344"]


def test_a_sourced_component_that_goes_on_with_work_of_its_own_is_warned_of_once(source):
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_lm", source=spacy.load(source))
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": LISTENER}}
    )
    examples = tagged(nlp, [nlp.make_doc(text) for text in ENGLISH[:20]])
    with nlp.select_pipes(disable="rnn_lm"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nlp.initialize(lambda: examples)
    with pytest.warns(UserWarning, match="W344") as caught:
        for _ in range(3):
            nlp.update(examples, sgd=Adam(0.01))
    assert len([w for w in caught if "W344" in str(w.message)]) == 1


@pytest.mark.parametrize(("listened_to", "expected"), [(False, ["W345"]), (True, [])])
def test_a_tok2vec_that_nobody_listens_to_is_warned_of(source, listened_to, expected):
    nlp = pipeline(source, **SERVING)
    nlp.add_pipe("tok2vec", before="rnn_lm")
    if listened_to:
        width = nlp.get_pipe("tok2vec").model.get_dim("nO")
        model = {
            "@architectures": "spacy.Tagger.v2",
            "tok2vec": {
                "@architectures": "spacy.Tok2VecListener.v1",
                "width": width,
                "upstream": "tok2vec",
            },
        }
        # before the language model, which writes its own vectors to doc.tensor
        nlp.add_pipe("tagger", name="other", after="tok2vec", config={"model": model})
    assert warnings_of(nlp) == expected


def test_labelled_text_of_another_kind_is_warned_of_and_its_coverage_told(source, caplog):
    nlp = pipeline(source, **SERVING)
    docs = [nlp.make_doc("Photosynthesis converts sunlight into glucose .") for _ in range(5)]
    with caplog.at_level(logging.INFO, logger="spacy"):
        assert warnings_of(nlp, docs) == ["W346"]
    # "." is the only one of six tokens that the source knows
    assert "83.3% of the 30 tokens" in caplog.text


def test_labelled_text_of_the_same_kind_only_has_its_coverage_told(source, caplog):
    nlp = pipeline(source, **SERVING)
    with caplog.at_level(logging.INFO, logger="spacy"):
        assert warnings_of(nlp) == []
    assert "0.0% of the" in caplog.text


@pytest.fixture(scope="module")
def chinese_source(tmp_path_factory):
    path = tmp_path_factory.mktemp("chinese")
    make_trained(CHINESE, lang="zh").to_disk(path)
    return path


def chinese_docs(nlp, words, spaces):
    return [Doc(nlp.vocab, words=words, spaces=spaces) for _ in range(4)]


WORDS = ["猫", "看", "着", "雨", "。"]


def test_a_space_between_all_chinese_words_is_warned_of(chinese_source):
    nlp = pipeline(chinese_source, lang="zh", **SERVING)
    assert "W347" in warnings_of(nlp, chinese_docs(nlp, WORDS, [True] * 5))
    nlp = pipeline(chinese_source, lang="zh", **SERVING)
    assert "W347" not in warnings_of(nlp, chinese_docs(nlp, WORDS, [False] * 5))


def test_annotated_words_that_the_tokenizer_cuts_otherwise_are_warned_of(chinese_source):
    # spaCy's own tokenizer for Chinese cuts into characters
    nlp = pipeline(chinese_source, lang="zh", **SERVING)
    assert "W349" in warnings_of(nlp, chinese_docs(nlp, ["猫", "看着", "雨", "。"], [False] * 4))
    nlp = pipeline(chinese_source, lang="zh", **SERVING)
    assert "W349" not in warnings_of(nlp, chinese_docs(nlp, WORDS, [False] * 5))


def test_a_chinese_pipeline_that_splits_at_white_space_is_warned_of():
    docs = [spacy.blank("zh").make_doc(text) for text in CHINESE]
    split = {"@tokenizers": "spacy.Tokenizer.v1"}
    assert warnings_of(pipeline(lang="zh", listen=False, tokenizer=split), docs) == ["W348"]
    assert warnings_of(pipeline(lang="zh", listen=False, tokenizer=JIEBA), docs) == []


RATE = {"@schedules": "warmup_linear.v1", "warmup_steps": 2, "initial_rate": 0.01}


@pytest.mark.parametrize(
    ("steps", "frequency", "total", "expected"),
    [
        (100, 20, 100, []),
        (100, 20, 80, ["W340"]),
        (100, 200, 100, ["W341"]),
        (100, 30, 100, ["W342"]),
        (100, 30, None, []),  # a constant rate: spaCy's own default is such a training
        (0, 20, 80, []),
    ],
)
def test_steps_schedule_and_evaluations_that_do_not_fit_are_warned_of(
    steps, frequency, total, expected
):
    optimizer = {"@optimizers": "Adam.v1"}
    if total:
        optimizer["learn_rate"] = {**RATE, "total_steps": total}
    training = {"max_steps": steps, "eval_frequency": frequency, "optimizer": optimizer}
    assert warnings_of(pipeline(listen=False, training=training)) == expected
