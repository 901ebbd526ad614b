"""`white_space = "skip"`: the numbers are those of the text without its white space."""

import copy
import pickle
from itertools import accumulate

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import SGD

from spacy_rnn import LMOutput
from spacy_rnn.corpus.windows import split_document
from spacy_rnn.layers.pretraining import create_pretrain_next_token

from ..helpers import ENGLISH, make_pipeline, make_random, weights_of
from ..inline import add_tagger, write_words
from ..network import naive
from .reference import Reference, ReferenceSpeller
from .test_streams import mark_streams
from .test_upstream import ByHand, check, listening_pipeline, step_of, tags_of

TEXTS = [
    ["\u3000", "\u3000", "the", "grey", "  ", "\t", "cat", "watches", "\n"],
    ["\n\n"],
    [],
    ["zeppelin", " ", "an", "\u2028", "old", "boat"],
    ["the", "harbour", "."],
    ["\n", "two", "\n", "\n", "\n", "\n", "pears", ".", "\n", "\n", "\n"],
]
MODELS = {
    "lstm-open": {"speller_width": 4},
    "gru-both-clusters-spelling": {
        "cell": "gru", "depth": 2, "direction": "both", "cutoffs": [6, 15], "subword_rows": 30,
        "speller_width": 4, "spelling": "context",
    },
    "backward": {"direction": "backward"},
}  # fmt: skip
EVERYTHING = ["hidden", "log_probs", "next", "final_state", "tensor", "entropy", "rank"]
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}


def skipping(model=None, **options):
    return make_random(model={"white_space": "skip", **(model or {})}, **options)


@pytest.fixture(scope="module", params=list(MODELS))
def nlp(request):
    return skipping(MODELS[request.param], annotations=EVERYTHING, top_k=3)


@pytest.fixture(scope="module")
def forward():
    """With a neural cache. Shared: tests must not change it."""
    return skipping(MODELS["lstm-open"], cache_window=4)


def make_docs(nlp, texts=TEXTS):
    return [Doc(nlp.vocab, words=list(words)) for words in texts]


def words_in(words):
    return [word for word in words if not word.isspace()]


def without(texts=TEXTS):
    return [words_in(words) for words in texts]


def annotate(nlp, texts):
    lm = nlp.get_pipe("rnn_lm")
    docs = make_docs(nlp, texts)
    lm.set_annotations(docs, lm.predict(docs))
    return docs


def outputs_of(doc):
    output = doc._.rnn_lm
    return [output] if output.backward is None else [output, output.backward]


def state_of_each(words, *, reverse):
    """For each token, how many of the words were read when its state was reached."""
    order = list(reversed(words)) if reverse else words
    read = list(accumulate(int(not word.isspace()) for word in order))
    return list(reversed(read)) if reverse else read


# -- prediction


@pytest.mark.parametrize("words", TEXTS, ids=repr)
def test_numbers_are_those_of_the_words_alone(nlp, words):
    """Against the plain recurrence in float64, which reads no white space."""
    lm = nlp.get_pipe("rnn_lm")
    (doc,) = annotate(nlp, [words])
    space = np.array([word.isspace() for word in words], dtype=bool)
    read = words_in(words)
    for output in outputs_of(doc):
        reverse = output.reverse
        spelling = np.zeros(len(read))
        if lm.spells:
            spelling = ReferenceSpeller(lm).log_probs(read, reverse=reverse)
        reference = Reference(lm, reverse=reverse)
        trace = reference.read(read[::-1] if reverse else read)
        expected = trace.log_probs[:-1][:: -1 if reverse else 1] + spelling
        np.testing.assert_allclose(output.log_probs[~space], expected, **TOLERANCE)
        assert output.end_log_prob == pytest.approx(trace.log_probs[-1], abs=1e-4)
        assert not output.log_probs[space].any() and not output.entropy[space].any()
        assert (output.rank[space] == -1).all()
        np.testing.assert_allclose(output.final_state["h"], trace.h, **TOLERANCE)
        for token, place in zip(doc, state_of_each(words, reverse=reverse), strict=True):
            own = output.hidden if len(outputs_of(doc)) == 1 else doc._.rnn_lm.hidden
            width = trace.hidden.shape[1]
            half = own[token.i, width:] if reverse and own.shape[1] > width else own[token.i]
            np.testing.assert_allclose(half[:width], trace.hidden[place], **TOLERANCE)
            distribution = trace.log_distributions[place]
            top = [word for word, _ in output.next_words.at(token.i + 1)]
            assert top == reference.top(distribution, 3)
        total = output.log_probs.sum(dtype=float) + output.end_log_prob
        assert output.perplexity == pytest.approx(np.exp(-total / (len(read) + 1)), rel=1e-6)
    np.testing.assert_array_equal(doc.tensor, doc._.rnn_lm.hidden)


def test_what_was_skipped_is_told(nlp):
    for words, doc in zip(TEXTS, annotate(nlp, TEXTS), strict=True):
        space = [word.isspace() for word in words]
        for output in outputs_of(doc):
            assert (output.skipped is not None) == any(space)
            assert output.read.tolist() == [not white for white in space]
            assert output.count_read(1, len(words)) == len(words_in(words[1:]))
        total = doc._.rnn_surprisal or 0.0
        count = max(1, len(words_in(words)))
        assert doc._.rnn_mean_surprisal == pytest.approx(total / count)
        if len(words) > 2:
            span = doc[1:3]
            count = max(1, len(words_in(words[1:3])))
            assert span._.rnn_mean_surprisal == pytest.approx(span._.rnn_surprisal / count)


def test_skipped_tokens_are_kept_with_the_output(forward):
    doc = annotate(forward, TEXTS[:1])[0]
    output = doc._.rnn_lm
    data = DocBin(docs=[doc], store_user_data=True).to_bytes()
    (stored,) = DocBin().from_bytes(data).get_docs(forward.vocab)
    others = [stored._.rnn_lm, pickle.loads(pickle.dumps(output)), copy.deepcopy(output)]
    for other in others:
        assert other.skipped.tolist() == output.skipped.tolist()
        assert other.perplexity == output.perplexity
    message = output.to_dict()
    message["skipped"] = np.array([0.5] * len(doc))
    with pytest.raises(ValueError, match=r"R330.*skipped"):
        LMOutput.from_dict(message)


def test_a_document_has_the_same_numbers_alone_and_in_a_batch(nlp):
    together = annotate(nlp, TEXTS)
    for words, doc in zip(TEXTS, together, strict=True):
        (alone,) = annotate(nlp, [words])
        for one, other in zip(outputs_of(alone), outputs_of(doc), strict=True):
            np.testing.assert_allclose(one.log_probs, other.log_probs, atol=1e-5)
            np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-5)
            assert one.rank.tolist() == other.rank.tolist()
        np.testing.assert_allclose(alone.tensor, doc.tensor, atol=1e-5)


def test_a_cache_remembers_the_words_alone(forward):
    texts = [["the", "cat", "  ", "the", "dirigible", "\n", "dirigible", "the", "\n"], ["\n"]]
    for words, doc in zip(texts, annotate(forward, texts), strict=True):
        output = doc._.rnn_lm
        (plain,) = annotate(forward, [words_in(words)])
        expected = plain._.rnn_lm
        np.testing.assert_allclose(
            output.cache_log_probs[output.read], expected.cache_log_probs, atol=1e-5
        )
        assert not output.cache_log_probs[~output.read].any()
        assert output.cache_end_log_prob == pytest.approx(expected.cache_end_log_prob, abs=1e-5)
        assert output.cache_perplexity == pytest.approx(expected.cache_perplexity, rel=1e-5)


def test_a_model_that_reads_white_space_is_another_one(forward):
    lm = forward.get_pipe("rnn_lm")
    reading = make_random(model=MODELS["lstm-open"]).get_pipe("rnn_lm")
    assert reading.vocabulary.words == lm.vocabulary.words
    (doc,) = annotate(forward, TEXTS[:1])
    (made,) = reading.predict([doc])
    assert made.output.skipped is None
    assert not np.allclose(made.output.log_probs, doc._.rnn_lm.log_probs, atol=0.1)


# -- scoring


@pytest.mark.parametrize("annotated", [True, False])
def test_sums_are_those_of_the_words_alone(nlp, annotated):
    """From the outputs of Docs, and computed anew."""
    lm = nlp.get_pipe("rnn_lm")
    docs = annotate(nlp, TEXTS) if annotated else make_docs(nlp)
    plain = make_docs(nlp, without())
    for direction in range(len(lm.shim.network.directions)):
        found, expected = (lm.count(d, direction=direction) for d in (docs, plain))
        assert found.log_prob == pytest.approx(expected.log_prob, rel=1e-5)
        assert found.spelling == pytest.approx(expected.spelling, rel=1e-5)
        for name in ("predictions", "hits", "tokens", "unknown", "documents"):
            assert getattr(found, name) == getattr(expected, name), name
        assert found.characters == sum(len(doc.text) for doc in docs)


def test_scores_of_sentences_are_those_of_the_words_alone(forward):
    lm = forward.get_pipe("rnn_lm")
    for words, doc in zip(TEXTS, annotate(forward, TEXTS), strict=True):
        (plain,) = annotate(forward, [words_in(words)])
        expected = lm.sentence_scores(plain)
        assert (lm.sentence_scores(doc) is None) == (expected is None)
        if expected is not None:
            assert lm.sentence_scores(doc) == pytest.approx(expected, rel=1e-5)
    (doc,) = annotate(forward, TEXTS[:1])
    assert lm.sentence_scores(doc[4:6]) is None


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_windows_begin_with_the_last_word_before_them(nlp, size):
    """Against the plain recurrence from that word; `</s>` stands at the document's edges."""
    lm = nlp.get_pipe("rnn_lm")
    for direction, reverse in enumerate(lm.shim.network.directions):
        reference = Reference(lm, reverse=reverse)
        for words in TEXTS:
            (doc,) = make_docs(nlp, [words])
            total = predictions = 0
            for start in range(0, len(words), size):
                stop = start + size
                inside, before, after = words[start:stop], words[:start], words[stop:]
                edge = stop >= len(words)
                if reverse:
                    inside, before, edge = inside[::-1], after[::-1], start == 0
                before = words_in(before)
                trace = reference.read(words_in(inside), before[-1] if before else None)
                total += trace.log_probs[: None if edge else -1].sum()
                predictions += len(words_in(inside)) + edge
            counts = lm.count(split_document(doc, size), direction=direction)
            assert counts.predictions == predictions + (not words)
            if words:
                assert counts.log_prob == pytest.approx(total, abs=1e-3)


# -- prompts


def test_white_space_around_a_prompt_changes_nothing(forward):
    lm = forward.get_pipe("rnn_lm")
    plain = lm.predict_next("the grey cat", k=3)
    for prompt in ("the grey cat  ", "the grey cat\n", "\n\n the  grey   cat"):
        assert lm.predict_next(prompt, k=3) == plain
    assert lm.predict_next(" \n", k=3) == lm.predict_next("", k=3)
    words = lm.generate("the grey cat", max_tokens=9, seed=3).split()
    assert lm.generate("the grey cat  ", max_tokens=9, seed=3).split() == words


def test_continuations_have_the_probability_of_their_words(forward):
    lm = forward.get_pipe("rnn_lm")
    plain = lm.score_continuation("the cat", ["watches an old boat ."], end=True)[0]
    found = lm.score_continuation("the cat \n", ["watches  an\n old boat ."], end=True)[0]
    assert found.words == plain.words
    np.testing.assert_allclose(found.log_probs, plain.log_probs, atol=1e-5)
    assert found.mean_surprisal == pytest.approx(plain.mean_surprisal, rel=1e-5)


# -- the vocabulary


def test_white_space_is_no_word_wherever_the_vocabulary_is_from(tmp_path):
    texts = ["the  cat", "the\ncat", "a \u3000 boat"]
    labels = [["the", 2], ["\n", 9], ["cat", 2], ["\u3000", 4], ["</s>", 3], ["<unk>", 0]]
    counted = make_pipeline(texts, model={"white_space": "skip"}).get_pipe("rnn_lm")
    assert sorted(counted.vocabulary.words[2:]) == ["a", "boat", "cat", "the"]
    assert counted.vocabulary.counts[0] == 0
    nlp = spacy.blank("en")
    lm = nlp.add_pipe("rnn_lm", config={"model": {"white_space": "skip", "width": 4}, "top_k": 2})
    lm.initialize(lambda: [], nlp=nlp, labels=labels)
    assert lm.vocabulary.words == ["<unk>", "</s>", "cat", "the"]
    assert make_pipeline(texts).get_pipe("rnn_lm").vocabulary.row("\n")


# -- saving


def test_a_saved_pipeline_skips_as_before(forward, tmp_path):
    forward.to_disk(tmp_path / "model")
    loaded = spacy.load(tmp_path / "model")
    for doc, other in zip(annotate(forward, TEXTS), annotate(loaded, TEXTS), strict=True):
        assert np.array_equal(doc._.rnn_lm.log_probs, other._.rnn_lm.log_probs)
        assert np.array_equal(doc.tensor, other.tensor)


def test_a_saved_network_is_not_loaded_into_one_that_reads_white_space(forward):
    lm = forward.get_pipe("rnn_lm")
    shape = {"width": 12, "cutoffs": None, "precision": "float32", "speller_width": 4}
    other = spacy.blank("en").add_pipe("rnn_lm", config={"model": shape})
    with pytest.raises(ValueError, match=r"R010.*white_space: skip there, read here"):
        other.from_bytes(lm.to_bytes(exclude=["vocab"]))
    assert other.vocabulary.white_space == "read"


def test_a_source_has_to_skip_too(forward, tmp_path):
    forward.to_disk(tmp_path / "model")
    shape = {"speller_width": 4, "source": str(tmp_path / "model")}
    with pytest.raises(ValueError, match=r"R020.*white_space: skip there, read here"):
        make_pipeline(model=shape)
    lm = make_pipeline(model={**shape, "white_space": "skip"}).get_pipe("rnn_lm")
    embedding = forward.get_pipe("rnn_lm").shim.network.embedding
    row = lm.vocabulary.row("cat")
    known = forward.get_pipe("rnn_lm").vocabulary.row("cat")
    assert torch.equal(lm.shim.network.embedding[row], embedding[known])


# -- training


def step_on(model, texts):
    """What a step takes from each weight, the losses, and how many symbols a process counts."""
    nlp = skipping(model)
    lm = nlp.get_pipe("rnn_lm")
    docs = make_docs(nlp, texts)
    losses = {}
    examples = [Example(doc, doc) for doc in docs]
    step = step_of(nlp, lambda sgd: lm.update(examples, sgd=sgd, losses=losses))
    return step, losses, lm.count_predictions(docs)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_step_is_that_of_the_words_alone(model):
    found, losses, counted = step_on(model, TEXTS)
    expected, plain, of_words = step_on(model, without())
    check(found, expected)
    assert losses == pytest.approx(plain, rel=1e-5)
    assert counted == of_words
    ways = 2 if model.get("direction") == "both" else 1
    assert sum(counted[:ways]) == losses["rnn_lm_tokens"]


class WithWhiteSpace(ByHand):
    """Taggers have a vector for every token; that of white space is that of the token before."""

    def loss(self, texts, taggers):
        docs = make_docs(self.nlp, texts)
        heads = [self.nlp.get_pipe(name).model.get_ref("softmax") for name in taggers]
        own, count, theirs = 0.0, 0, 0.0
        for words, doc in zip(texts, docs, strict=True):
            vectors = []
            for reverse in self.network.directions:
                read = words_in(words)[:: -1 if reverse else 1]
                rows = [self.lm.vocabulary.row(word) for word in read]
                stack = "backward_encoder" if reverse else "encoder"
                weights = {
                    name.replace(f"{stack}.", "encoder.", 1): value
                    for name, value in self.weights.items()
                    if name.startswith(f"{stack}.") or ".layers." not in name
                }
                hidden, _ = naive.read(self.network.settings, weights, [1, *rows])
                scores = naive.log_distribution(self.network.settings, weights, hidden)
                own = own - scores[torch.arange(len(rows) + 1), torch.tensor([*rows, 1])].sum()
                count += len(rows) + 1
                vectors.append(hidden[state_of_each(words, reverse=reverse)])
            joint = torch.cat(vectors, dim=1)
            for number, head in enumerate(heads):
                matrix, bias = (torch.from_numpy(head.get_param(n)).double() for n in "Wb")
                scores = torch.log_softmax(joint @ matrix.T + bias, dim=1)
                gold = torch.tensor(["ABC".index(tag) for tag in tags_of(doc, number)]).long()
                theirs = theirs - scores[torch.arange(len(words)), gold].sum()
        return self.lm_weight * own * len(self.network.directions) / count + theirs


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_gradients_of_listeners_reach_the_token_before(direction):
    model = {"white_space": "skip", "direction": direction}
    nlp = listening_pipeline(model=model, lm_weight=0.5)
    hand = WithWhiteSpace(nlp, 0.5)
    expected = hand.gradients(hand.loss(TEXTS, ["tagger0"]))
    examples = [Example.from_dict(doc, {"tags": tags_of(doc)}) for doc in make_docs(nlp)]
    check(step_of(nlp, lambda sgd: nlp.update(examples, sgd=sgd)), expected)


@pytest.mark.parametrize("taggers", [0, 1])
@pytest.mark.parametrize("direction", ["forward", "both"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_streams_carry_the_state_over_white_space(size, direction, taggers):
    """The loss of a document in windows, the state carried, is that of the whole document."""
    nlp = listening_pipeline(model={"white_space": "skip", "direction": direction}, taggers=taggers)
    lm = nlp.get_pipe("rnn_lm")
    docs = make_docs(nlp)
    losses = {}
    for batch in mark_streams(make_docs(nlp), size):
        lm.update(batch, losses=losses)
        lm.finish_pending_step()
        lm.shim.network.zero_grad()
    counts = [lm.count(docs)]
    if direction == "both":  # from right to left nothing is carried
        windows = [window for doc in docs for window in split_document(doc, size)]
        counts.append(lm.count(windows, direction=1))
    assert losses["rnn_lm_tokens"] == sum(c.predictions for c in counts)
    assert losses["rnn_lm"] == pytest.approx(-sum(c.log_prob for c in counts), rel=1e-5)


@pytest.mark.parametrize("direction", ["forward", "both"])
def test_pretraining_is_that_of_the_words_alone(direction, tmp_path):
    losses = []
    for texts in (TEXTS, without()):
        nlp = spacy.blank("en")
        layer = {"white_space": "skip", "direction": direction, "width": 5}
        add_tagger(nlp, vocabulary=write_words(tmp_path / "words.json"), **layer)
        examples = [
            Example.from_dict(nlp.make_doc(text), {"tags": tags_of(nlp.make_doc(text))})
            for text in ENGLISH[:12]
        ]
        torch.manual_seed(0)
        nlp.initialize(lambda examples=examples: examples)
        tok2vec = nlp.get_pipe("tagger").model.get_ref("tok2vec")
        model = create_pretrain_next_token()(nlp.vocab, tok2vec)
        log_probs, backprop = model(make_docs(nlp, texts), is_train=True)
        backprop(np.ones_like(log_probs))
        vectors = tok2vec.predict(make_docs(nlp, texts))
        losses.append((log_probs, vectors))
    (found, vectors), (expected, plain) = losses
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for words, vector, words_alone in zip(TEXTS, vectors, plain, strict=True):
        assert len(vector) == len(words)
        read = [not word.isspace() for word in words]
        np.testing.assert_allclose(vector[read], words_alone, atol=1e-5)


def test_documents_of_white_space_alone_teach_where_documents_end():
    nlp = skipping()
    lm = nlp.get_pipe("rnn_lm")
    before = weights_of(lm)
    docs = make_docs(nlp, [["\n"], [" ", "\n"]])
    losses = lm.update([Example(doc, doc) for doc in docs], sgd=SGD(0.1), losses={})
    assert losses["rnn_lm_tokens"] == 2
    assert not np.array_equal(before["embedding"], weights_of(lm)["embedding"])


def test_skipped_tokens_are_not_unknown(nlp):
    doc = nlp("the  zeppelin \n paints")
    assert [token.text for token in doc if token.is_space]
    knows = nlp.get_pipe("rnn_lm").vocabulary.knows
    assert doc._.rnn_lm.unknown.tolist() == [not (t.is_space or knows(t)) for t in doc]
