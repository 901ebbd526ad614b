"""Threads that share a pipeline get what one thread gets."""

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.network import screening
from spacy_rnn.pipeline.extensions import register_extensions
from spacy_rnn.tokenizers import JiebaTokenizer, dictionary

from ..helpers import chinese_texts, make_trained, train
from .comparing import CLOSE, assert_same_docs, assert_same_words

THREADS, ROUNDS, SECONDS = 8, 6, 120
# words of the vocabulary, unknown ones, signs, and words that no other text has
TEXTS = [
    *chinese_texts("test")[:6],
    "医生喜欢云计算，妹妹画了犇犇。",
    "老师忘记了 rnn-lm 3.8 。",
    "",
    *("".join(chinese_texts("train")[n : n + 3]) + f"独有{n}词" for n in range(8)),
]
ANNOTATIONS = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]


@pytest.fixture(autouse=True)
def hurried_threads():
    """Threads take turns every 50 microseconds, a hundred times as often as usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def make(engine="jieba"):
    block = {"@tokenizers": "spacy-rnn.JiebaTokenizer.v1", "engine": engine}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": block}})
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "width": 32, "cutoffs": [8, 14]}
    model.update(speller_width=12, spelling="context", subword_rows=40, precision="float32")
    config = {"model": model, "annotations": ANNOTATIONS, "min_count": 2, "cache_window": 4}
    nlp.add_pipe("rnn_lm", config=config)
    texts = [*chinese_texts("train"), "犇犇看云计算。"]
    docs = [nlp.make_doc(text) for text in texts]
    nlp.initialize(lambda: [Example(doc, doc) for doc in docs])
    train(nlp, texts, steps=15)
    return nlp


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("threads") / "model"
    make().to_disk(path)
    return path


@pytest.fixture
def nlp(saved):
    """As it comes from the disk: what is made at the first text isn't made yet."""
    return spacy.load(saved)


def on_threads(work, number=THREADS):
    """Run `work(number of the thread)` on many threads that begin at one moment."""
    together = threading.Barrier(number, timeout=SECONDS)

    def begin(place):
        together.wait()
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        made = [pool.submit(begin, place) for place in range(number)]
        return [future.result(SECONDS) for future in made]


@pytest.mark.slow
def test_threads_pipe_what_one_thread_pipes(nlp, saved):
    expected = list(spacy.load(saved).pipe(TEXTS))

    def work(place):
        for turn in range(ROUNDS):
            order = random.Random(place * ROUNDS + turn).sample(range(len(TEXTS)), len(TEXTS))
            docs = nlp.pipe([TEXTS[i] for i in order], batch_size=1 + place)
            assert_same_docs(docs, [expected[i] for i in order])

    on_threads(work)


@pytest.mark.slow
def test_threads_call_what_one_thread_calls(nlp, saved):
    """The same batches and shapes, so the same numbers to the last bit. (But for next words, whose
    products have other shapes once there are bounds.)"""
    one = spacy.load(saved)
    for pipeline in (one, nlp):
        pipeline.get_pipe("rnn_lm").annotations = tuple(a for a in ANNOTATIONS if a != "next")
    expected = [one(text) for text in TEXTS]

    def work(place):
        for turn in range(ROUNDS):
            start = (5 * place + turn) % len(TEXTS)
            for i in [*range(start, len(TEXTS)), *range(start)]:
                assert_same_docs([nlp(TEXTS[i])], expected[i : i + 1], close=0)

    on_threads(work)


@pytest.mark.slow
def test_threads_write_what_one_thread_writes(nlp, saved):
    def everything(lm, text, seed):
        return (
            lm.generate(text, seed=seed, max_tokens=6),
            lm.next_distribution(text)[1],
            lm.predict_next(text, k=4),
            [made.log_prob for made in lm.score_continuation(text, ["云计算", "喜欢苹果。"])],
            lm.most_similar("喜欢", n=3),
            lm.embedding(text[:2]),
        )

    alone = spacy.load(saved).get_pipe("rnn_lm")
    cases = [(text, seed) for seed, text in enumerate(TEXTS)]
    expected = [everything(alone, *case) for case in cases]
    lm = nlp.get_pipe("rnn_lm")

    def work(place):
        for case in random.Random(place).sample(range(len(cases)), len(cases)):
            found, wanted = everything(lm, *cases[case]), expected[case]
            assert found[0] == wanted[0]
            assert np.array_equal(found[1], wanted[1])
            assert_same_words(found[2], wanted[2], CLOSE)
            assert found[3:5] == wanted[3:5]
            assert np.array_equal(found[5], wanted[5])

    on_threads(work)


@pytest.mark.slow
def test_threads_that_ask_for_bounds_at_once_find_the_same_next_words():
    """Bounds of clusters are made once enough positions asked for them: here by all threads."""
    nlp = make_trained(model={"width": 32, "cutoffs": [6, 12]})
    lm = nlp.get_pipe("rnn_lm")
    expected = lm.predict_next("the grey cat", k=3)
    calls = screening._WORTHWHILE // screening._CALL // 2

    def work(place):
        for _ in range(calls):
            assert_same_words(lm.predict_next("the grey cat", k=3), expected, CLOSE)

    for _ in range(20):
        screening._KEPT.clear()
        on_threads(work)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["jieba", "rjieba"])
def test_tokenizers_of_threads_keep_their_own_user_words(engine):
    """One dictionary for all, read when the threads begin."""
    if engine == "rjieba":
        pytest.importorskip("rjieba")
    vocab, text = spacy.blank("zh").vocab, "他在学云计算和机器学习，我爱你。"
    words = [[], ["云计算"], [["我爱你", 0]], ["云计算和机器"], ["学云", ["机器学习", 10**6]]]

    def tokenizer(place):
        chosen = words[place % len(words)]
        return JiebaTokenizer(vocab, user_words=chosen, engine=engine)

    expected = [[token.text for token in tokenizer(place)(text)] for place in range(len(words))]
    assert len({tuple(found) for found in expected}) == len(words)
    dictionary._DEFAULT.clear()

    def work(place):
        own = tokenizer(place)
        for _ in range(10):
            wanted = expected[place % len(words)]
            assert [token.text for token in own(text)] == wanted

    on_threads(work, len(words))


@pytest.mark.slow
def test_threads_predict_while_another_loads_pipelines(nlp, saved):
    expected = [nlp(text) for text in TEXTS]
    loading = threading.Event()

    def work(place):
        if place < 2:  # two that load at once, too
            for _ in range(4):
                loaded = spacy.load(saved)
                assert_same_docs([loaded(TEXTS[6])], expected[6:7])
            loading.set()
            return 0
        rounds = 0
        while not loading.is_set() or not rounds:
            assert_same_docs(nlp.pipe(TEXTS), expected)
            rounds += 1
        return rounds

    assert sum(on_threads(work, 5)) >= 3


@pytest.mark.slow
def test_components_that_are_made_at_once_register_their_extensions():
    """Each looks whether an extension is there, then sets it; spaCy refuses to set one twice."""
    for turn in range(300):
        name = f"lm_of_threads_{turn}"
        try:
            on_threads(lambda place, name=name: register_extensions(name), 4)
            assert Doc.has_extension(name)
        finally:
            if Doc.has_extension(name):
                Doc.remove_extension(name)


@pytest.mark.slow
def test_threads_predict_while_another_trains_a_pipeline_of_its_own(nlp, saved):
    expected = [nlp(text) for text in TEXTS]
    learner = spacy.load(saved)

    def work(place):
        if place == 0:
            train(learner, TEXTS[:6], steps=5)
        for _ in range(ROUNDS):
            assert_same_docs(nlp.pipe(TEXTS), expected)

    on_threads(work, 4)
    ours, theirs = (one.get_pipe("rnn_lm").embedding("喜欢") for one in (nlp, learner))
    assert np.abs(theirs - ours).max() > 1e-3
