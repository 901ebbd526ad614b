"""The component among spaCy's others."""

import numpy as np
import pytest
import spacy
from spacy.training import Example
from thinc.api import Adam

from ..helpers import CHINESE, ENGLISH, make_examples, make_pipeline, make_trained, weights_of


def tagged(nlp, texts):
    """Tags by the length of the word."""
    examples = []
    for text in texts:
        doc = nlp.make_doc(text)
        tags = ["LONG" if len(token) > 5 else "SHORT" for token in doc]
        examples.append(Example.from_dict(doc, {"tags": tags}))
    return examples


def add_tagger(nlp):
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 12, "upstream": "*"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}
    tagger = nlp.add_pipe("tagger", config={"model": model})
    tagger.initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
    return tagger


def test_a_stock_listener_reads_the_hidden_states():
    nlp = make_trained()
    tagger = add_tagger(nlp)
    generator = np.random.default_rng(0)
    softmax = tagger.model.get_ref("softmax")
    softmax.set_param("W", generator.normal(size=softmax.get_param("W").shape).astype("f"))
    text = "the baker forgets a zeppelin"
    doc = nlp(text)
    scores = nlp.make_doc(text)
    scores.tensor = doc._.rnn_lm.hidden
    expected = (scores.tensor @ softmax.get_param("W").T + softmax.get_param("b")).argmax(1)
    assert [token.tag_ for token in doc] == [tagger.labels[best] for best in expected]
    # without the language model it has nothing to read
    with nlp.select_pipes(disable="rnn_lm"):
        blind = nlp(text)
    assert len({token.tag_ for token in blind}) == 1


@pytest.mark.slow
def test_a_tagger_learns_from_a_frozen_language_model():
    nlp = make_trained()
    add_tagger(nlp)
    before = weights_of(nlp.get_pipe("rnn_lm"))
    optimizer = Adam(0.05)
    for _ in range(40):
        examples = tagged(nlp, ENGLISH)
        losses = nlp.update(examples, sgd=optimizer, exclude=["rnn_lm"], annotates=["rnn_lm"])
    assert set(losses) == {"tagger"}
    after = weights_of(nlp.get_pipe("rnn_lm"))
    assert all(np.array_equal(before[name], after[name]) for name in before)
    scores = nlp.evaluate(tagged(nlp, ENGLISH))
    tags = [token.tag_ for example in tagged(nlp, ENGLISH) for token in example.reference]
    most_common = max(tags.count("LONG"), tags.count("SHORT")) / len(tags)
    assert scores["tag_acc"] > (1 + most_common) / 2
    assert scores["lm_perplexity"] > 1


def test_a_disabled_component_annotates_nothing(trained):
    with trained.select_pipes(disable="rnn_lm"):
        doc = trained(ENGLISH[0])
    assert doc._.rnn_lm is None and not doc.tensor.size
    assert trained(ENGLISH[0])._.rnn_lm is not None


def test_pipeline_analysis_lists_what_the_component_assigns(trained):
    analysis = trained.analyze_pipes(keys=["assigns", "requires", "scores", "retokenizes"])
    summary = analysis["summary"]["rnn_lm"]
    doc = trained(ENGLISH[0])
    objects = {"doc": doc, "token": doc[0], "span": doc[0:1]}
    for attribute in summary["assigns"]:
        kind, _, name = attribute.partition(".")
        if name.startswith("_."):
            assert objects[kind].has_extension(name[2:])
            assert getattr(objects[kind]._, name[2:]) is not None
        else:
            assert getattr(objects[kind], name) is not None
    assert "doc.tensor" in summary["assigns"] and "doc._.rnn_lm" in summary["assigns"]
    assert set(summary["scores"]) == {
        name for name in trained.evaluate(make_examples(trained, ENGLISH)) if name[:3] == "lm_"
    }
    assert not summary["retokenizes"] and not summary["requires"]
    assert not any(analysis["problems"].values())


def test_a_component_of_another_pipeline_can_be_trained_on(tmp_path):
    make_trained().to_disk(tmp_path)
    source = spacy.load(tmp_path)
    nlp = spacy.blank("xx")
    lm = nlp.add_pipe("rnn_lm", source=source)
    assert nlp(ENGLISH[0])._.rnn_perplexity == source(ENGLISH[0])._.rnn_perplexity
    before = nlp(ENGLISH[0])._.rnn_perplexity
    optimizer = nlp.resume_training()
    for _ in range(10):
        nlp.update(make_examples(nlp, ENGLISH[:1]), sgd=optimizer)
    assert nlp(ENGLISH[0])._.rnn_perplexity < before
    assert "baker" in lm.vocabulary


def test_text_is_tokenized_once_for_all_components(chinese):
    doc = chinese(CHINESE[0])
    assert [token.text for token in doc] == list(CHINESE[0])
    assert doc.text == CHINESE[0]


def test_pipe_takes_docs_and_tuples(trained):
    docs = [trained.make_doc(text) for text in ENGLISH[:3]]
    assert all(doc._.rnn_lm is not None for doc in trained.pipe(docs))
    pairs = list(
        trained.pipe([(text, number) for number, text in enumerate(ENGLISH[:3])], as_tuples=True)
    )
    assert [number for _, number in pairs] == [0, 1, 2]
    assert all(doc._.rnn_lm is not None for doc, _ in pairs)


def test_an_error_handler_hears_of_a_failing_batch():
    nlp = spacy.blank("xx")
    lm = nlp.add_pipe("rnn_lm")
    failed = []
    nlp.set_error_handler(lambda name, proc, docs, error: failed.append((name, str(error))))
    assert list(nlp.pipe(["a", "b"])) == []
    assert failed and failed[0][0] == "rnn_lm" and "R015" in failed[0][1]
    assert lm.is_trainable


def test_annotating_in_a_memory_zone():
    nlp = make_trained()
    expected = nlp("the unheard baker")._.rnn_next
    with nlp.memory_zone():
        assert nlp("the unheard baker")._.rnn_next == expected
    assert nlp("the unheard baker")._.rnn_next == expected
    assert nlp.get_pipe("rnn_lm").predict_next("the baker")


def test_threads_predict_what_one_thread_predicts(trained):
    from concurrent.futures import ThreadPoolExecutor

    docs = [trained.make_doc(text) for text in ENGLISH]
    expected = [trained(text)._.rnn_lm for text in ENGLISH]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(trained.get_pipe("rnn_lm"), docs))
    for doc, output in zip(made, expected, strict=True):
        assert np.array_equal(doc._.rnn_lm.hidden, output.hidden)
        assert doc._.rnn_next == output.next


@pytest.mark.parametrize("name", ["lm", "语言模型", "my-lm 2"])
def test_any_name_of_a_component_works(name):
    nlp = make_pipeline(name=name)
    assert getattr(nlp("the baker")._, name).hidden.shape == (2, 12)
