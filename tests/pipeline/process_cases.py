"""Programs for test_processes.py: `python -m tests.pipeline.process_cases CASE …`.

Each runs in a process of its own, for a child that waits for ever must be a failure and nothing
worse. torch has several threads, and has used them, before any process is started.
"""

import multiprocessing
import os
import random
import re
import signal
import sys
import threading
import time
from functools import partial

import spacy
import torch

from spacy_rnn.tokenizers import dictionary
from spacy_rnn.vocabulary import subword_features

from ..helpers import ENGLISH, chinese_texts, train
from .comparing import assert_same_docs

THREADS, SECONDS = 4, 30
JIEBA = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "user_words": ["猫新帽子"]}
TOKENIZERS = {
    "jieba": ("zh", JIEBA, [*chinese_texts("train"), "医生喜欢猫新帽子，妹妹画了犇犇。"]),
    "english": ("en", {"@tokenizers": "spacy.Tokenizer.v1"}, [*ENGLISH, "a zeppelin watches ."]),
}
ANNOTATIONS = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]
MODEL = {"width": 128, "cutoffs": [8, 16], "speller_width": 16, "subword_rows": 50}


def make(tokenizer):
    """A pipeline that was trained with several threads, texts, and their Docs in one process."""
    torch.set_num_threads(THREADS)
    lang, block, texts = TOKENIZERS[tokenizer]
    nlp = spacy.blank(lang, config={"nlp": {"tokenizer": block}})
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **MODEL}
    config = {"model": model, "annotations": ANNOTATIONS, "min_count": 2}
    nlp.add_pipe("rnn_lm", config=config)
    examples = [spacy.training.Example(doc, doc) for doc in map(nlp.make_doc, texts)]
    nlp.initialize(lambda: examples)
    train(nlp, texts, steps=3)
    expected = list(nlp.pipe(texts))
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/task")) > THREADS - 1, "torch has no threads"
    return nlp, texts, expected


def check(nlp, texts, expected):
    assert_same_docs(nlp.pipe(texts), expected)


def fork(work):
    """RETURNS (int): A child's id. Its exit status is 0 if `work` returned in time."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        try:
            work()
        except BaseException as error:
            os.write(2, repr(error)[:2000].encode())
            os._exit(1)
        os._exit(0)
    return child


def wait_for(children):
    statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert not any(statuses), statuses


def pipe(method, *tokenizers):
    """`nlp.pipe` with two processes gives what one gives."""
    multiprocessing.set_start_method(method)
    for tokenizer in tokenizers:
        nlp, texts, expected = make(tokenizer)
        assert_same_docs(nlp.pipe(texts, n_process=2, batch_size=8), expected)


def bad_text(method):
    """`nlp.pipe` with two processes on many texts, one of which no Doc can hold."""
    multiprocessing.set_start_method(method)
    nlp, texts, _ = make("english")
    texts = [" ".join(texts[:8])] * 300
    for place, bad in ((20, "x" * (nlp.max_length + 1)), (21, "half a pair: \ud83d")):
        mixed = [*texts[:place], bad, *texts[place:]]
        if method == "fork":  # as docs/serving.md says
            count = sum(1 for _ in nlp.pipe(filter(partial(can_be_read, nlp), mixed), n_process=2))
            assert count == len(texts)
            continue
        try:
            for _ in nlp.pipe(mixed, n_process=2, batch_size=16):
                pass
        except ValueError as error:
            assert "E871" in str(error), error
        else:
            raise AssertionError("no error")


def can_be_read(nlp, text):
    return len(text) <= nlp.max_length and not re.search("[\ud800-\udfff]", text)


def pool():
    """Workers that were forked after loading predict while their parent does."""
    nlp, texts, expected = make("jieba")
    children = [fork(partial(check, nlp, texts, expected)) for _ in range(4)]
    for _ in range(5):
        check(nlp, texts, expected)
    wait_for(children)


def busy(forks):
    """Forks while threads of the parent are in the middle of predictions of ever new shapes."""
    nlp, texts, expected = make("jieba")
    ended = threading.Event()

    def predict(seed):
        draw = random.Random(seed)
        while not ended.is_set():
            chosen = draw.choices(texts, k=draw.randrange(1, 9))
            list(nlp.pipe("".join(draw.choices(chosen, k=3)) for _ in chosen))

    threads = [threading.Thread(target=predict, args=(seed,), daemon=True) for seed in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(int(forks)):
        time.sleep(0.001)
        wait_for([fork(lambda: check(nlp, texts[-6:], expected[-6:]))])
    ended.set()
    for thread in threads:
        thread.join(SECONDS)


def half_made():
    """Forks while another thread makes what is made at the first text: the dictionary's lock is
    shut then, and the spelling of the vocabulary half done."""
    nlp, texts, expected = make("jieba")
    lm = nlp.get_pipe("rnn_lm")

    def fork_in(module, name, begin, reset):
        """In the middle of `begin`, which another thread runs, when it calls `name` of `module`."""
        original, reached, go_on = getattr(module, name), threading.Event(), threading.Event()

        def stop_here(*args):
            reached.set()
            assert go_on.wait(SECONDS)
            return original(*args)

        reset()
        setattr(module, name, stop_here)
        thread = threading.Thread(target=begin)
        thread.start()
        assert reached.wait(SECONDS)
        setattr(module, name, original)
        child = fork(partial(check, nlp, texts, expected))
        go_on.set()
        thread.join(SECONDS)
        wait_for([child])

    def forget_dictionary():
        nlp.tokenizer._segmenter = None
        dictionary._DEFAULT.clear()

    def forget_spelling():
        lm.vocabulary._derived.clear()

    fork_in(dictionary, "read_dictionary", partial(nlp.tokenizer, "猫"), forget_dictionary)
    fork_in(subword_features, "hash_features", partial(lm.predict_next, "猫"), forget_spelling)


def threads_in_children():
    """A thread that was started in the child can use several threads of torch."""
    nlp, texts, expected = make("english")

    def work():
        assert torch.get_num_threads() == 1
        torch.set_num_threads(THREADS)
        failures = []

        def predict():
            try:
                check(nlp, texts, expected)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=predict)
        thread.start()
        thread.join()
        assert not failures, failures
        assert sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1

    wait_for([fork(work)])


CASES = (pipe, bad_text, pool, busy, half_made, threads_in_children)

if __name__ == "__main__":
    {case.__name__: case for case in CASES}[sys.argv[1]](*sys.argv[2:])
