"""A measure more is its own module and an entry of the table: all else follows."""

import json
import subprocess
import sys

import numpy as np
import pytest

from ..helpers import ENGLISH, ROOT, make_random

# As its own file in `network/` would be, and as its entry.
PROGRAM = """
import json, sys, types
import numpy as np
import spacy_rnn.network.measures as measures

def mode_bits(head, hidden, targets, exclude):
    return -head.log_distribution(hidden).max(1).values

module = types.ModuleType("spacy_rnn.network.mode_bits")
module.mode_bits = mode_bits
sys.modules[module.__name__] = module
measures.NETWORK_MEASURES["mode_bits"] = measures.NetworkMeasure(
    "mode_bits", "surprisal of the likeliest word", "-log2 max p", "bits", "float32",
    per_unit=float(np.log(2)), cost="the whole softmax",
)

import spacy
from spacy.tokens import DocBin
import spacy_rnn
from tests.helpers import load_script

folder, text = sys.argv[1:]
override = {"components.rnn_lm.annotations": ["log_probs", "mode_bits"]}
nlp = spacy.load(folder, config=override)
lm = nlp.get_pipe("rnn_lm")
saved = DocBin(store_user_data=True, docs=[nlp(text)])
(doc,) = DocBin().from_bytes(saved.to_bytes()).get_docs(nlp.vocab)
backward = doc._.rnn_lm.backward
print(json.dumps({
    "array": [str(doc._.rnn_lm.mode_bits.dtype), doc._.rnn_lm.mode_bits.tolist()],
    "backward": backward.mode_bits.tolist(),
    "end": doc._.rnn_lm.end_mode_bits,
    "tokens": [token._.rnn_mode_bits for token in doc],
    "span": doc[:3]._.rnn_mode_bits,
    "rows": [row["mode_bits"] for row in spacy_rnn.to_rows(doc)],
    "doc": spacy_rnn.to_rows(doc, "doc")[0]["mean_mode_bits"],
    "columns": [*spacy_rnn.BatchScorer(folder, measures=["mode_bits"]).columns],
    "scored": spacy_rnn.BatchScorer(folder, measures=["mode_bits"])({"text": [text]})[
        "mean_mode_bits"].tolist(),
    "page": load_script("measures_table").write_table(),
}))
"""


@pytest.mark.slow
def test_a_measure_of_the_network_needs_its_module_and_its_entry(tmp_path):
    model = {"direction": "both", "white_space": "skip"}
    nlp = make_random(model=model, annotations=["log_probs"])
    nlp.to_disk(tmp_path)
    text = ENGLISH[7] + "  zeppelin"
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), text]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    doc = nlp(text)
    read = doc._.rnn_lm.read
    bits = []
    for i in range(len(doc) + 1):
        words = [token.text for token in doc[:i] if not token.text.isspace()]
        distribution = nlp.get_pipe("rnn_lm").next_distribution(" ".join(words))[1]
        bits.append(-np.log2(max(distribution)))
    there = [value if is_read else 0.0 for value, is_read in zip(bits, read, strict=False)]
    dtype, values = found["array"]
    assert dtype == "float32"
    np.testing.assert_allclose(values, there, rtol=1e-4)
    assert found["end"] == pytest.approx(bits[-1], rel=1e-4)
    assert len(found["backward"]) == len(doc) and found["backward"] != values
    assert found["tokens"] == values
    missing = [value if is_read else None for value, is_read in zip(values, read, strict=True)]
    assert found["rows"] == missing
    assert found["span"] == pytest.approx(np.mean(values[:3]), rel=1e-6)
    mean = np.mean([value for value in missing if value is not None])
    assert found["doc"] == pytest.approx(mean, rel=1e-6)
    assert found["scored"] == pytest.approx([mean], rel=1e-6)
    assert found["columns"][-2] == "mean_mode_bits"
    assert "| `mode_bits` | surprisal of the likeliest word |" in found["page"]
