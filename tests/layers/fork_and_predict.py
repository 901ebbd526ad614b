"""A program: predict on two threads, fork, predict in the child. See test_shim.py."""

import os
import signal

import numpy as np
import spacy
import torch
from spacy.tokens import Doc

from spacy_rnn.layers.rnn_lm_model import build_rnn_lm
from spacy_rnn.vocabulary import Vocabulary

SECONDS = 30


def main() -> int:
    torch.set_num_threads(2)
    vocab = spacy.blank("xx").vocab
    words = [f"w{number}" for number in range(1000)]
    model = build_rnn_lm(width=128, precision="float32")
    model.attrs["vocabulary"] = Vocabulary([(word, 1) for word in words])
    model.initialize()
    docs = [Doc(vocab, words=words[start : start + 40]) for start in range(0, 1000, 40)]
    expected = model.predict(docs)
    _, backprop = model.begin_update(docs)
    backprop(expected)
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)  # ends a child that waits for threads that it doesn't have
        found = model.predict(docs)
        same = all(np.allclose(a, b, atol=1e-5) for a, b in zip(expected, found, strict=True))
        os._exit(0 if same else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    raise SystemExit(main())
