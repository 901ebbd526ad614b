"""The output object goes wherever its Doc goes."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin

from spacy_rnn import LMOutput

from ..helpers import ENGLISH, ROOT, make_pipeline

TEXTS = [ENGLISH[0], "", "the baker paints a zeppelin .", " "]
KEEP = [["hidden", "log_probs", "next", "final_state", "tensor"], ["log_probs"], ["next"], []]

# Another process: nothing of the package is imported before the file is read.
READ = """
import json, sys
from spacy.tokens import DocBin
import spacy
nlp = spacy.blank("xx")
doc = next(iter(DocBin().from_disk(sys.argv[1]).get_docs(nlp.vocab)))
output = next(v for k, v in doc.user_data.items() if k[:2] == ("._.", "rnn_lm"))
assert type(output).__name__ == "LMOutput", type(output)
nlp.add_pipe("rnn_lm")
print(json.dumps({
    "output": repr(output),
    "log_probs": doc._.rnn_lm.log_probs.tolist(),
    "hidden": doc[1]._.rnn_hidden.tolist(),
    "next": doc._.rnn_next,
    "state": doc._.rnn_lm.final_state["c"].tolist(),
    "perplexity": doc._.rnn_perplexity,
}))
"""

# A child that waits for threads of its parent waits forever, so this needs a process to give up on.
FORK = """
import torch
from tests.helpers import ENGLISH, make_pipeline
nlp = make_pipeline(model={"width": 128})
torch.set_num_threads(2)
for _ in range(3):
    torch.rand(500, 500) @ torch.rand(500, 500)
print(len(list(nlp.pipe(ENGLISH, n_process=2, batch_size=16))))
"""


@pytest.fixture(scope="module", params=range(len(KEEP)), ids=lambda i: "+".join(KEEP[i]) or "none")
def docs(request):
    nlp = make_pipeline(annotations=KEEP[request.param])
    return list(nlp.pipe(TEXTS))


def assert_equal(one, other):
    assert np.array_equal(one.offsets, other.offsets)
    for field in ("hidden", "log_probs"):
        assert (getattr(one, field) is None) == (getattr(other, field) is None)
        assert one.hidden is None or one.hidden.dtype == other.hidden.dtype
        assert np.array_equal(getattr(one, field), getattr(other, field))
    assert one.end_log_prob == other.end_log_prob
    assert one.next == other.next
    assert one.perplexity == other.perplexity
    assert (one.final_state or {}).keys() == (other.final_state or {}).keys()
    for name, state in (one.final_state or {}).items():
        assert np.array_equal(state, other.final_state[name])


def through_docbin(doc):
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    return next(iter(DocBin().from_bytes(data).get_docs(spacy.blank("xx").vocab)))


def through_bytes(doc):
    return Doc(spacy.blank("xx").vocab).from_bytes(doc.to_bytes())


def through_pickle(doc):
    return pickle.loads(pickle.dumps(doc))


@pytest.mark.parametrize(
    "copy", [Doc.copy, through_bytes, through_docbin, through_pickle], ids=lambda f: f.__name__
)
def test_a_copied_document_has_an_equal_output(docs, copy):
    for doc in docs:
        copied = copy(doc)
        assert_equal(copied._.rnn_lm, doc._.rnn_lm)


def test_an_output_alone_goes_through_msgpack_and_pickle(docs):
    for doc in docs:
        output = doc._.rnn_lm
        assert_equal(srsly.msgpack_loads(srsly.msgpack_dumps(output)), output)
        nested = srsly.msgpack_loads(srsly.msgpack_dumps({"a": [output, 1]}))
        assert nested["a"][1] == 1
        assert_equal(nested["a"][0], output)
        assert_equal(pickle.loads(pickle.dumps(output)), output)
        assert_equal(LMOutput.from_dict(output.to_dict()), output)


def test_a_copy_is_independent(trained):
    doc = trained(TEXTS[0])
    copied = doc.copy()
    before = LMOutput.from_dict(pickle.loads(pickle.dumps(doc._.rnn_lm.to_dict())))
    output = copied._.rnn_lm
    output.hidden += 1
    output.log_probs += 1
    output.final_state["h"] += 1
    output.next_words.probabilities += 1
    output.next_words.index[:] = 0
    assert_equal(doc._.rnn_lm, before)
    assert np.array_equal(doc.tensor, before.hidden)


def test_a_saved_output_holds_words_and_only_those_it_needs(trained):
    output = trained("the")._.rnn_lm
    message = output.to_dict()
    used = {word for row in output.next for word, _ in row}
    assert used <= set(message["next_words"])
    after_boundary = {word for word, _ in output.next_words.at(0)}
    assert set(message["next_words"]) == used | after_boundary
    assert len(message["next_words"]) < len(trained.get_pipe("rnn_lm").vocabulary)


def test_an_output_does_not_change_when_the_component_gets_another_vocabulary():
    nlp = make_pipeline()
    doc = nlp(TEXTS[0])
    before = doc._.rnn_next
    other = [f"q{number} r{number}" for number in range(30)]
    nlp.initialize(lambda: [spacy.training.Example(d, d) for d in map(nlp.make_doc, other)])
    assert doc._.rnn_next == before


@pytest.mark.slow
def test_a_process_that_never_imported_the_package_reads_the_output(trained, tmp_path):
    doc = trained(TEXTS[2])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    command = [sys.executable, "-W", "ignore", "-c", READ, str(tmp_path / "docs.spacy")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf8")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    output = doc._.rnn_lm
    assert found["output"] == repr(output)
    assert np.array_equal(np.float32(found["log_probs"]), output.log_probs)
    assert np.array_equal(np.float32(found["hidden"]), output.hidden[1])
    assert [[tuple(pair) for pair in row] for row in found["next"]] == output.next
    assert np.array_equal(np.float32(found["state"]), output.final_state["c"])
    assert found["perplexity"] == output.perplexity


@pytest.mark.slow
def test_the_attributes_work_without_a_pipeline_once_they_are_registered(trained, tmp_path):
    doc = trained(TEXTS[2])
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    lines = [
        "import sys, spacy, spacy_rnn",
        "from spacy.tokens import DocBin",
        "spacy_rnn.register_extensions()",
        "docs = DocBin().from_disk(sys.argv[1]).get_docs(spacy.blank('en').vocab)",
        "print(next(docs)._.rnn_surprisal)",
    ]
    command = [sys.executable, "-W", "ignore", "-c", "\n".join(lines), str(tmp_path / "docs.spacy")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == doc._.rnn_surprisal


def test_two_processes_give_what_one_gives(trained):
    texts = [*TEXTS, *ENGLISH[:20]]
    one = trained.pipe(texts, batch_size=4)
    two = trained.pipe(texts, batch_size=4, n_process=2)
    for text, expected, doc in zip(texts, one, two, strict=True):
        assert doc.text == text
        assert_equal(doc._.rnn_lm, expected._.rnn_lm)
        assert doc._.rnn_surprisal == expected._.rnn_surprisal
        assert np.array_equal(doc.tensor, expected.tensor)


@pytest.mark.slow
def test_processes_can_be_forked_after_torch_has_run_threads():
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=100, cwd=ROOT, env=environment
    )
    assert done.stdout.split() == [str(len(ENGLISH))], done.stderr
