"""The words of the vocabulary are those that training will have, and a training that has other
tokens than prediction is noticed."""

import warnings
from collections import Counter

import pytest
import srsly
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from spacy.training.initialize import init_nlp
from thinc.api import Config

from ..helpers import ENGLISH, make_examples, make_pipeline, run_spacy

PAIR = "grey cat"


@Language.component("rnn_tokens_test_merges")
def merges(doc):
    with doc.retokenize() as retokenizer:
        for token in doc[:-1]:
            if doc[token.i : token.i + 2].text == PAIR:
                retokenizer.merge(doc[token.i : token.i + 2])
    return doc


@Language.component("rnn_tokens_test_harmless")
def harmless(doc):
    doc.user_data["seen"] = True
    return doc


@Language.component("rnn_tokens_test_fails")
def fails(doc):
    raise ValueError("there are no parses yet")


@Language.factory("rnn_tokens_test_trainable")
class Trainable:
    """Finds pairs as entities, as a trained `ner` would."""

    is_trainable = True
    model = None

    def __init__(self, nlp, name):
        self.name = name

    def __call__(self, doc):
        pairs = [doc[t.i : t.i + 2] for t in doc[:-1] if doc[t.i : t.i + 2].text == PAIR]
        doc.ents = [Span(doc, pair.start, pair.end, label="CAT") for pair in pairs]
        return doc


RULER = {"factory": "entity_ruler"}
PATTERNS = {"entity_ruler": {"patterns": [{"label": "CAT", "pattern": PAIR}]}}
MERGES = {"factory": "rnn_tokens_test_merges"}


def write_config(folder, components, training=None, initialize=None):
    """A config with the components in front of a language model."""
    text = folder / "text.txt"
    text.write_text("\n".join(ENGLISH), encoding="utf8")
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": 8, "precision": "float32"}
    reader = {"@readers": "spacy-rnn.TextCorpus.v1", "path": str(text)}
    names = [*components]
    config = {
        "nlp": {"lang": "en", "pipeline": names if "rnn_lm" in names else [*names, "rnn_lm"]},
        "components": {"rnn_lm": {"factory": "rnn_lm", "model": model}, **components},
        "corpora": {"train": reader, "dev": reader},
        "training": {
            "seed": 0,
            "gpu_allocator": None,
            "train_corpus": "corpora.train",
            "dev_corpus": "corpora.dev",
            **(training or {}),
        },
        "initialize": {"components": initialize or {}},
    }
    path = folder / "config.cfg"
    Config(config).to_disk(path)
    return path


def start(path):
    """RETURNS: The initialized pipeline, and what was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nlp = init_nlp(Config().from_disk(path))
    messages = [str(warning.message) for warning in caught]
    return nlp, [message for message in messages if message.startswith("[W31")]


def merged_words():
    """Every word of the texts, the pair as one."""
    words = " ".join(ENGLISH).replace(PAIR, "grey_cat").split()
    return Counter(word.replace("_", " ") for word in words)


CHANGING = {
    "a component that says nothing": (
        {"merges": MERGES},
        {"annotating_components": ["merges"]},
        {},
    ),
    "entities by rules": (
        {"entity_ruler": RULER, "merge_entities": {"factory": "merge_entities"}},
        {"annotating_components": ["entity_ruler", "merge_entities"]},
        PATTERNS,
    ),
    "entities of a trained and frozen component": (
        {
            "finder": {"factory": "rnn_tokens_test_trainable"},
            "merge_entities": {"factory": "merge_entities"},
        },
        {
            "annotating_components": ["finder", "merge_entities"],
            "frozen_components": ["finder"],
        },
        {},
    ),
}


@pytest.mark.parametrize("case", CHANGING)
def test_words_are_counted_as_annotating_components_leave_them(case, tmp_path):
    config = write_config(tmp_path, *CHANGING[case])
    nlp, messages = start(config)
    assert messages == []
    lm = nlp.get_pipe("rnn_lm")
    expected = merged_words()
    assert expected[PAIR] > 10
    assert dict(lm.label_data[2:]) == expected
    assert lm.label_data[1] == ["</s>", len(ENGLISH)]
    # every word that is trained on has a row, and the same ones are predicted
    examples = make_examples(nlp, ENGLISH)
    nlp.update(examples, annotates=CHANGING[case][1]["annotating_components"])
    assert nlp.evaluate(examples)["lm_oov"] == 0
    # and the file that `rnn vocab` writes is this vocabulary
    out = tmp_path / "words.json"
    done = run_spacy("rnn", "vocab", tmp_path / "text.txt", out, "--config", config)
    assert done.exit_code == 0, (done.output, done.exception)
    assert srsly.read_json(out) == lm.label_data


def test_counting_changes_no_example():
    nlp = make_pipeline()
    nlp.add_pipe("rnn_tokens_test_merges", first=True)
    nlp.config["training"]["annotating_components"] = ["rnn_tokens_test_merges"]
    examples = make_examples(nlp, ENGLISH)
    nlp.get_pipe("rnn_lm").initialize(lambda: examples, nlp=nlp)
    assert PAIR in nlp.get_pipe("rnn_lm").vocabulary
    assert [example.predicted.text.split() for example in examples] == [
        [token.text for token in example.predicted] for example in examples
    ]


def test_tokens_that_depend_on_what_is_learned_meanwhile_are_warned_of(tmp_path):
    components = {
        "finder": {"factory": "rnn_tokens_test_trainable"},
        "merge_entities": {"factory": "merge_entities"},
    }
    training = {"annotating_components": [*components]}
    config = write_config(tmp_path, components, training)
    nlp, (message,) = start(config)
    assert "W312" in message and "(finder)" in message and "frozen_components" in message
    assert PAIR not in nlp.get_pipe("rnn_lm").vocabulary
    done = run_spacy("rnn", "vocab", tmp_path / "text.txt", tmp_path / "w.json", "--config", config)
    assert "W312" in done.output and "finder" in done.output
    # a component that annotates for others is no reason
    del components["merge_entities"]
    config = write_config(tmp_path, components, {"annotating_components": ["finder"]})
    # we don't know this code, though
    assert "W312" in start(config)[1][0]
    tagger = {"tagger": {"factory": "tagger"}}
    initialize = {"tagger": {"labels": ["X"]}}
    config = write_config(tmp_path, tagger, {"annotating_components": ["tagger"]}, initialize)
    assert start(config)[1] == []


MISSED = {
    "one that says so": ({"merge_entities": {"factory": "merge_entities"}}, "merge_entities"),
    "one that says nothing": ({"merges": MERGES}, "merges"),
    "one after what it needs": (
        {"entity_ruler": RULER, "other": {"factory": "rnn_tokens_test_harmless"}, "merges": MERGES},
        "merges",
    ),
}


@pytest.mark.parametrize("case", MISSED)
@pytest.mark.parametrize("given", ["counted", "labels"])
def test_components_that_change_tokens_in_prediction_only_are_warned_of(case, given, tmp_path):
    components, name = MISSED[case]
    initialize = {"rnn_lm": {"labels": [["the", 3], ["cat", 2], ["a", 2], ["of", 1], ["at", 1]]}}
    initialize = {**(initialize if given == "labels" else {}), **PATTERNS}
    config = write_config(tmp_path, components, initialize=initialize)
    _, (message,) = start(config)
    assert "W313" in message and f"({name})" in message and "annotating_components" in message


@pytest.mark.parametrize(
    "components",
    [
        {"other": {"factory": "rnn_tokens_test_harmless"}},
        {"fails": {"factory": "rnn_tokens_test_fails"}},  # nobody knows
        {"rnn_lm": None, "merges": MERGES},
        {"sentencizer": {"factory": "sentencizer"}, "entity_ruler": RULER},
    ],
    ids=lambda components: " ".join(components),
)
def test_components_that_leave_tokens_alone_are_not_warned_of(components, tmp_path):
    components = {name: block for name, block in components.items() if block or name == "rnn_lm"}
    order = [*components]
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": 8}
    if "rnn_lm" in components:
        components["rnn_lm"] = {"factory": "rnn_lm", "model": model}
    config = write_config(tmp_path, {name: components[name] for name in order})
    assert start(config)[1] == []


def test_a_component_that_is_disabled_is_not_missed(tmp_path):
    path = write_config(tmp_path, {"merges": MERGES})
    config = Config().from_disk(path)
    config["nlp"]["disabled"] = ["merges"]
    config.to_disk(path)
    assert start(path)[1] == []


# --- while a training runs


@pytest.fixture
def merging():
    """A pipeline that was loaded, so that nothing is initialized: it merges in prediction."""
    nlp = make_pipeline([*ENGLISH, PAIR])
    nlp.add_pipe("rnn_tokens_test_merges", first=True)
    return nlp


def run(nlp, *, annotates=(), evaluations=3, texts=ENGLISH):
    """RETURNS: What was warned of by a training with an evaluation after every second step."""
    examples = make_examples(nlp, texts)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(evaluations):
            for part in (examples[::2], examples[1::2]):
                nlp.update(part, annotates=annotates)
            nlp.evaluate(examples)
    return [str(warning.message) for warning in caught if "[W31" in str(warning.message)]


def test_a_training_that_goes_on_with_other_tokens_is_warned_of_once(merging):
    (message,) = run(merging)
    assert "W314" in message and "annotating_components" in message


def test_a_training_with_the_tokens_of_prediction_is_not_warned_of(merging):
    assert run(merging, annotates=["rnn_tokens_test_merges"]) == []
    # neither is one in which they don't matter
    merging.remove_pipe("rnn_tokens_test_merges")
    merging.add_pipe("rnn_tokens_test_merges")
    assert run(merging) == []


def test_a_few_documents_tell_nothing(merging):
    assert run(merging, texts=[ENGLISH[0], "a letter", "the harbour"], evaluations=1) == []


def test_components_that_learn_to_change_tokens_are_noticed_then(merging):
    other = [text for text in ENGLISH if PAIR not in text]
    assert run(merging, texts=other) == []  # as if nothing were found yet
    (message,) = run(merging)
    assert "W314" in message


def test_annotated_text_with_tokens_of_its_own_is_not_warned_of():
    """The tokens of the corpus are others than the tokenizer's, in training and evaluation or in
    evaluation only."""
    nlp = make_pipeline([*ENGLISH, PAIR])
    gold = [merges(nlp.make_doc(text)) for text in ENGLISH]
    assert all(" " in "".join(t.text for t in doc) for doc in gold if PAIR in doc.text)
    raw = make_examples(nlp, ENGLISH)
    annotated = [Example(nlp.make_doc(doc.text), doc) for doc in gold]
    ready = [Example(doc.copy(), doc) for doc in gold]
    for trained, evaluated in ((raw, annotated), (raw, ready), (annotated, ready)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                nlp.update(trained)
                nlp.evaluate(evaluated)
        assert not [w for w in caught if "[W31" in str(w.message)]


def test_what_was_said_at_the_beginning_is_not_said_again(tmp_path):
    nlp, (message,) = start(write_config(tmp_path, {"merges": MERGES}))
    assert "W313" in message
    assert run(nlp) == []
