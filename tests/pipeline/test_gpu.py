"""The same code on a GPU. Skipped without a CUDA device and CuPy."""

import numpy as np
import pytest
import spacy
import torch
from numpy.testing import assert_allclose
from spacy.tokens import DocBin
from thinc.api import Adam

from ..helpers import ENGLISH, make_examples, make_pipeline, make_trained, train, weights_of

cupy = pytest.importorskip("cupy")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

TEXTS = [ENGLISH[0], "", "the zeppelin paints .", " ".join(ENGLISH[:9])]
VARIANTS = [
    {},
    {"cell": "gru", "depth": 2, "cutoffs": [6, 15]},
    {"cell": "rnn", "tied": False},
    {"direction": "both", "subword_rows": 20},
]


@pytest.fixture(params=VARIANTS, ids=["lstm", "gru-clusters", "rnn-untied", "both"])
def saved(request, tmp_path):
    """A pipeline trained and saved on the CPU."""
    spacy.require_cpu()
    nlp = make_trained(model=request.param)
    nlp.to_disk(tmp_path / "cpu")
    return nlp, tmp_path / "cpu"


@pytest.fixture
def gpu():
    spacy.require_gpu()
    yield
    spacy.require_cpu()


def device_of(nlp):
    return nlp.get_pipe("rnn_lm").shim.network.device.type


def assert_close(one, other):
    assert_allclose(one.hidden, other.hidden, atol=1e-4)
    assert_allclose(one.log_probs, other.log_probs, atol=1e-4)
    assert one.end_log_prob == pytest.approx(other.end_log_prob, abs=1e-4)
    assert_allclose(one.final_state["h"], other.final_state["h"], atol=1e-4)
    assert_allclose(one.next_words.probabilities, other.next_words.probabilities, atol=1e-4)


def test_predictions_are_those_of_the_cpu(saved, gpu):
    on_cpu, path = saved
    expected = [doc._.rnn_lm for doc in on_cpu.pipe(TEXTS)]
    nlp = spacy.load(path)
    assert device_of(nlp) == "cuda" and device_of(on_cpu) == "cpu"
    for batch_size in (1, 10):
        for doc, output in zip(nlp.pipe(TEXTS, batch_size=batch_size), expected, strict=True):
            assert_close(doc._.rnn_lm, output)


def test_a_trace_is_that_of_the_cpu(saved, gpu):
    on_cpu, path = saved
    for text in TEXTS:
        one = on_cpu.get_pipe("rnn_lm").trace(text)
        other = spacy.load(path).get_pipe("rnn_lm").trace(text)
        for name in one.value_names:
            assert_allclose(one.units(name), other.units(name), atol=1e-4)
        assert_allclose(one.log_probs, other.log_probs, atol=1e-4)
        assert np.array_equal(one.rows, other.rows)


def test_doc_tensor_lives_on_the_gpu_and_the_output_does_not(saved, gpu):
    doc = spacy.load(saved[1])(TEXTS[0])
    assert isinstance(doc.tensor, cupy.ndarray)
    output = doc._.rnn_lm
    assert isinstance(output.hidden, np.ndarray) and isinstance(output.log_probs, np.ndarray)
    assert np.array_equal(cupy.asnumpy(doc.tensor), output.hidden)
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    loaded = next(iter(DocBin().from_bytes(data).get_docs(doc.vocab)))
    assert np.array_equal(loaded._.rnn_lm.hidden, output.hidden)


def test_a_model_trained_on_the_gpu_works_on_the_cpu(tmp_path, gpu):
    nlp = make_pipeline()
    assert device_of(nlp) == "cuda"
    first = train(nlp, steps=1)["rnn_lm"]
    last = train(nlp, steps=20)["rnn_lm"]
    assert last < 0.8 * first
    expected = [doc._.rnn_lm for doc in nlp.pipe(TEXTS)]
    nlp.to_disk(tmp_path)
    data = nlp.get_pipe("rnn_lm").to_bytes(exclude=["vocab"])
    spacy.require_cpu()
    loaded = spacy.load(tmp_path)
    assert device_of(loaded) == "cpu"
    for doc, output in zip(loaded.pipe(TEXTS), expected, strict=True):
        assert_close(doc._.rnn_lm, output)
        assert isinstance(doc.tensor, np.ndarray)
    assert loaded.get_pipe("rnn_lm").to_bytes(exclude=["vocab"]) == data


def test_loss_and_scores_are_those_of_the_cpu(saved, gpu):
    on_cpu, path = saved
    nlp = spacy.load(path)
    examples = make_examples(nlp, ENGLISH[:9])
    spacy.require_cpu()
    loss = on_cpu.get_pipe("rnn_lm").update(make_examples(on_cpu, ENGLISH[:9]))["rnn_lm"]
    scores = on_cpu.evaluate(make_examples(on_cpu, ENGLISH[:9]))
    spacy.require_gpu()
    assert nlp.get_pipe("rnn_lm").update(examples)["rnn_lm"] == pytest.approx(loss, rel=1e-4)
    for name, value in nlp.evaluate(examples).items():
        if name.startswith("lm_"):
            assert value == pytest.approx(scores[name], rel=1e-4)


def test_a_bfloat16_training_on_the_gpu_learns(gpu):
    if not torch.cuda.is_bf16_supported(including_emulation=False):
        pytest.skip("no bfloat16 in hardware")
    nlp = make_pipeline(model={"precision": "bfloat16"})
    first = train(nlp, steps=1)["rnn_lm"]
    assert train(nlp, steps=20)["rnn_lm"] < 0.8 * first


def test_averages_reach_the_weights_on_the_gpu(gpu):
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    optimizer = Adam(0.05, use_averages=True)
    for _ in range(3):
        nlp.update(make_examples(nlp, ENGLISH), sgd=optimizer)
    embedding = lm.shim.network.embedding
    before = embedding.detach().cpu().numpy()
    with nlp.use_params(optimizer.averages):
        assert not np.array_equal(embedding.detach().cpu().numpy(), before)
    assert np.array_equal(embedding.detach().cpu().numpy(), before)


def test_writing_and_looking_up_on_the_gpu(saved, gpu):
    on_cpu, path = saved
    reference = on_cpu.get_pipe("rnn_lm")
    lm = spacy.load(path).get_pipe("rnn_lm")
    words, probabilities = lm.next_distribution("the")
    assert isinstance(probabilities, np.ndarray)
    assert_allclose(probabilities, reference.next_distribution("the")[1], atol=1e-4)
    assert [w for w, _ in lm.predict_next("the")] == [w for w, _ in reference.predict_next("the")]
    assert lm.generate("the", temperature=0) == reference.generate("the", temperature=0)
    assert lm.generate("the", seed=3) == lm.generate("the", seed=3)
    assert np.array_equal(lm.embedding("baker"), reference.embedding("baker"))
    assert lm.most_similar("baker", n=3) == reference.most_similar("baker", n=3)
    assert len(words) == len(weights_of(reference)["embedding"])
