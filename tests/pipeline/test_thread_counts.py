"""Predictions don't depend on how many threads torch has.

Sums are split over the threads, so they are taken in another order: the last digits differ. All
numbers agree within 1e-5, absolute below 1 and relative above (log-probabilities reach −200).
"""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
import torch
from spacy.training import Example

from ..helpers import ROOT, train
from .comparing import assert_close, assert_same_docs, assert_same_words

pytestmark = pytest.mark.slow

JIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1"}
ANNOTATIONS = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]
COUNTS = (1, 2, 3, 8)
PROMPTS = ["", "我爱", "今天犇犇"]

# Predicts in a process of its own: how many threads torch starts is settled at its first use.
PREDICT = """
import os, pickle, sys
import spacy, torch
model, texts, output, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
nlp = spacy.load(model)
lm = nlp.get_pipe("rnn_lm")
docs = list(nlp.pipe(pickle.load(open(texts, "rb"))))
prompts = %r
written = [(lm.predict_next(p), lm.next_distribution(p)[1]) for p in prompts]
greedy = [lm.generate(p, temperature=0, max_tokens=15) for p in prompts]
used = len(os.listdir("/proc/self/task")) if sys.platform == "linux" else None
outputs = [(doc._.rnn_lm, doc.tensor) for doc in docs]
pickle.dump((used, outputs, written, greedy), open(output, "wb"))
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A trained model as wide as the shipped one, and texts with unknown words."""
    folder = tmp_path_factory.mktemp("threads")
    train_lines, test_lines = (
        (ROOT / "assets" / "zh-modern" / f"{part}.txt").read_text("utf8").splitlines()
        for part in ("train", "test")
    )
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": JIEBA}})
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "subword_rows": 500}
    model |= {"speller_width": 32, "spelling": "context"}
    config = {"model": model, "annotations": ANNOTATIONS, "min_count": 2, "cache_window": 50}
    nlp.add_pipe("rnn_lm", config=config)
    docs = [nlp.make_doc(line) for line in train_lines]
    nlp.initialize(lambda: [Example(doc, doc) for doc in docs])
    train(nlp, train_lines[:80], steps=8, rate=0.01)
    lm = nlp.get_pipe("rnn_lm")
    assert lm.shim.network.settings.width == 256 and len(lm.vocabulary) > 2000
    nlp.to_disk(folder / "model")
    texts = [*test_lines[:40], "".join(test_lines[40:50]), "他说：犇犇猋。"]
    (folder / "texts").write_bytes(pickle.dumps(texts))

    def predict(threads):
        output = folder / f"threads-{threads}"
        command = [sys.executable, "-W", "ignore", "-c", PREDICT % (PROMPTS,)]
        command += [str(folder / "model"), str(folder / "texts"), str(output), str(threads)]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=200)
        return pickle.loads(output.read_bytes())

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(predict, COUNTS))
    return texts, dict(zip(COUNTS, made, strict=True))


def docs_of(texts, outputs):
    """Docs with the outputs of another process."""
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": JIEBA}})
    docs = [nlp.make_doc(text) for text in texts]
    for doc, (output, tensor) in zip(docs, outputs, strict=True):
        doc.user_data[("._.", "rnn_lm", None, None)] = output
        doc.tensor = tensor
    return docs


@pytest.mark.parametrize("threads", COUNTS[1:])
def test_annotations_are_those_of_one_thread(work, threads):
    texts, made = work
    found, expected = (docs_of(texts, made[count][1]) for count in (threads, 1))
    assert_same_docs(found, expected)


@pytest.mark.parametrize("threads", COUNTS[1:])
def test_next_words_are_those_of_one_thread(work, threads):
    _, made = work
    found, expected = made[threads], made[1]
    for (words, all_words), (wanted, all_wanted) in zip(found[2], expected[2], strict=True):
        assert_same_words(words, wanted, 1e-5)
        assert_close(all_words, all_wanted, 1e-5)
        # small probabilities too: their logarithms are what is reported as surprisal
        assert_close(np.log(all_words), np.log(all_wanted), 1e-5)
    assert found[3] == expected[3]


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads as Linux lists them")
def test_torch_had_so_many_threads(work):
    """Otherwise the tests above would show nothing."""
    _, made = work
    used = [made[count][0] for count in COUNTS]
    assert np.all(np.diff(used) >= np.diff(COUNTS))
    assert torch.get_num_threads() == 1
