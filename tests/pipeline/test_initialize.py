"""Where the vocabulary comes from, and what is no way to initialize."""

import json
import warnings

import pytest
import spacy
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.corpus.windows import split_document

from ..helpers import ENGLISH, SMALL, make_examples, make_pipeline, train, weights_of

TEXTS = ["a b a c", "a d <unk> b", "", "e a b"]
LABELS = [["<unk>", 2], ["</s>", 4], ["sea", 7], ["gull", 3], ["cry", 3], ["old", 1], ["</a>", 1]]


def make_docs(nlp, texts):
    return [Doc(nlp.vocab, words=text.split()) for text in texts]


def blank(**config):
    nlp = spacy.blank("xx")
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL, **config.pop("model", {})}
    return nlp, nlp.add_pipe("rnn_lm", config={"model": model, "top_k": 1, **config})


def initialize(nlp, texts=TEXTS):
    nlp.initialize(lambda: [Example(doc, doc) for doc in make_docs(nlp, texts)])


def counted(texts):
    """Words by falling count, ties by code point; unknown ones and documents in front."""
    words = [word for text in texts for word in text.split()]
    special = ("<unk>", "</s>")
    entries = [[w, words.count(w)] for w in set(words) if w not in special]
    unknown = sum(words.count(word) for word in special)
    documents = [["<unk>", unknown], ["</s>", len(texts)]]
    return documents + sorted(entries, key=lambda entry: (-entry[1], entry[0]))


@pytest.mark.parametrize("texts", [TEXTS, [*TEXTS, "a </s> </s>"], ENGLISH])
def test_the_vocabulary_is_counted_from_the_examples(texts):
    nlp, lm = blank()
    initialize(nlp, texts)
    assert lm.label_data == lm.vocabulary.labels == counted(texts)
    assert lm.labels == ()
    assert all(word in nlp.vocab.strings for word, _ in lm.label_data)


def test_rare_words_are_unknown_and_the_rest_is_cut_to_size():
    def labels(**options):
        nlp, lm = blank(**options)
        initialize(nlp)
        return lm.label_data

    every = counted(TEXTS)
    total = sum(count for _, count in every if _ != "</s>")
    for options, kept in (
        ({"min_count": 3}, [e for e in every[2:] if e[1] >= 3]),
        ({"max_size": 2}, every[2:4]),
        ({"min_count": 3, "max_size": 1}, every[2:3]),
    ):
        found = labels(**options)
        assert found[2:] == kept
        assert found[0] == ["<unk>", total - sum(count for _, count in kept)]
        assert found[1] == ["</s>", len(TEXTS)]


def test_the_training_text_is_read_once():
    nlp, lm = blank()
    calls = []

    def get_examples():
        calls.append(1)
        yield from make_examples(nlp, ENGLISH)

    lm.initialize(get_examples, nlp=nlp)
    assert calls == [1]


def test_windows_of_a_document_are_one_document():
    nlp, lm = blank()
    doc = Doc(nlp.vocab, words=("a b c d e f g " * 3).split())
    windows = split_document(doc, 5)
    assert len(windows) == 5
    nlp.initialize(lambda: [Example(window, window) for window in windows])
    assert lm.label_data[1] == ["</s>", 1]


def test_labels_in_the_config_are_the_vocabulary():
    nlp, lm = blank()
    nlp.config["initialize"]["components"]["rnn_lm"] = {"labels": LABELS}
    nlp.initialize()  # without any text
    assert sorted(map(tuple, lm.label_data)) == sorted(map(tuple, LABELS))
    assert lm.label_data[:2] == LABELS[:2]
    assert [word for word, _ in lm.label_data[2:]] == ["sea", "cry", "gull", "</a>", "old"]
    assert nlp("gull cry")._.rnn_perplexity > 1


def test_label_data_given_back_makes_the_same_vocabulary():
    nlp, lm = blank()
    initialize(nlp, ENGLISH)
    again, copy = blank()
    copy.initialize(lambda: [], nlp=again, labels=json.loads(json.dumps(lm.label_data)))
    assert copy.label_data == lm.label_data
    assert copy.vocabulary.words == lm.vocabulary.words


def test_the_file_of_the_architecture_is_the_vocabulary(tmp_path):
    path = tmp_path / "words.json"
    path.write_text(json.dumps(LABELS), encoding="utf8")
    nlp, lm = blank(model={"vocabulary": str(path)})
    nlp.initialize()
    assert sorted(map(tuple, lm.label_data)) == sorted(map(tuple, LABELS))
    # labels go before the file
    lm.initialize(lambda: [], nlp=nlp, labels=[["other", 1]])
    assert "other" in lm.vocabulary and "sea" not in lm.vocabulary


@pytest.mark.parametrize(
    "content, code",
    [
        ("not json", "R004"),
        (None, "R004"),
        ('{"sea": 7}', "R005"),
        ('[["sea"]]', "R005"),
        ('[["sea", "7"]]', "R005"),
        ('[["sea", -1]]', "R005"),
        ('[["sea", 1.5]]', "R005"),
        ('[["", 1]]', "R005"),
        ('["sea", "gull"]', "R005"),
        ('[["sea", 1], ["sea", 2]]', "R006"),
        ("[]", "R002"),
        ('[["<unk>", 3], ["</s>", 2]]', "R002"),
    ],
)
def test_a_vocabulary_of_the_wrong_shape_is_refused(tmp_path, content, code):
    path = tmp_path / "words.json"
    if content is not None:
        path.write_text(content, encoding="utf8")
    nlp, lm = blank(model={"vocabulary": str(path)})
    with pytest.raises(ValueError, match=code):
        nlp.initialize()
    if code in ("R005", "R006"):
        with pytest.raises(ValueError, match=code):
            lm.initialize(lambda: [], labels=json.loads(content))


def test_dummy_initialization_says_what_is_missing():
    nlp, _ = blank()
    with pytest.raises(ValueError, match=r"R302.*get_examples.*\[initialize.components.rnn_lm"):
        nlp.initialize()
    with pytest.raises(ValueError, match="R015"):
        nlp("the cat")


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_a_corpus_without_words_is_refused(texts):
    nlp, _ = blank()
    with pytest.raises(ValueError, match="R002"):
        initialize(nlp, texts)


def test_a_vocabulary_without_frequent_words_is_refused():
    nlp, _ = blank(min_count=100)
    with pytest.raises(ValueError, match=r"R003.*100"):
        initialize(nlp)


@pytest.mark.parametrize(
    "get_examples, code",
    [
        ([], "R314.*list"),
        (None, "R314.*NoneType"),
        (lambda: ["the cat"], "R313.*str"),
        (lambda: [1], "R313.*int"),
    ],
)
def test_what_are_no_examples_is_refused(get_examples, code):
    nlp, lm = blank()
    with pytest.raises(TypeError, match=code):
        lm.initialize(get_examples, nlp=nlp)


def test_docs_instead_of_examples_are_refused():
    nlp, lm = blank()
    with pytest.raises(TypeError, match=r"R313.*Doc"):
        lm.initialize(lambda: make_docs(nlp, TEXTS), nlp=nlp)


@pytest.mark.parametrize(
    "read",
    [
        lambda nlp, lm: nlp("a"),
        lambda nlp, lm: list(nlp.pipe(["a", "b"])),
        lambda nlp, lm: lm.predict_next("a"),
        lambda nlp, lm: lm.next_distribution("a"),
        lambda nlp, lm: lm.generate("a"),
        lambda nlp, lm: lm.embedding("a"),
        lambda nlp, lm: lm.most_similar("a"),
        lambda nlp, lm: lm.export_vectors(),
        lambda nlp, lm: lm.update(make_examples(nlp, ["a b"])),
        lambda nlp, lm: nlp.evaluate(make_examples(nlp, ["a b"])),
        lambda nlp, lm: lm.score(make_examples(nlp, ["a b"])),
    ],
)
def test_using_a_model_that_is_not_initialized_says_so(read):
    with pytest.raises(ValueError, match="R015"):
        read(*blank())


def test_initializing_again_starts_anew():
    nlp = make_pipeline()
    lm = nlp.get_pipe("rnn_lm")
    first = weights_of(lm)
    train(nlp, steps=2)
    nlp.initialize(lambda: make_examples(nlp, ["q r s t u v w", "q r s"]))
    assert [word for word, _ in lm.label_data[2:5]] == ["q", "r", "s"]
    assert weights_of(lm)["embedding"].shape == (len(lm.vocabulary), 12)
    assert first["embedding"].shape != weights_of(lm)["embedding"].shape
    losses = train(nlp, ["q r s t u v w"], steps=30)
    assert losses["rnn_lm"] < 8  # one text is soon known by heart
    assert nlp("q r s t u v w")._.rnn_perplexity < 3


@pytest.mark.parametrize(
    "texts, code", [([], "R002"), (["a b"], "R308"), (["a b c d e f"], "R018")]
)
def test_a_failed_initialization_leaves_the_model_as_it_was(texts, code):
    nlp = make_pipeline(model={"cutoffs": [5, 15]})
    lm = nlp.get_pipe("rnn_lm")
    before, labels = lm.predict_next("the"), lm.label_data
    with pytest.raises(ValueError, match=code):
        nlp.initialize(lambda: make_examples(nlp, texts))
    assert lm.predict_next("the") == before and lm.label_data == labels


def test_untrained_probabilities_are_those_of_the_counts():
    """The bias starts at the words' frequency, as documented."""
    nlp, lm = blank(model={"tied": False})
    initialize(nlp, ENGLISH)
    lm.shim.network.softmax.weight.data.zero_()
    counts = [count + 0.5 for _, count in lm.label_data]
    expected = [count / sum(counts) for count in counts]
    assert lm.next_distribution("the")[1].tolist() == pytest.approx(expected, rel=1e-4)


def test_a_streamed_corpus_without_labels_gets_a_warning():
    nlp = spacy.blank("xx", config={"training": {"max_epochs": -1}})
    lm = nlp.add_pipe("rnn_lm", config={"model": SMALL})
    examples = make_examples(nlp, ENGLISH)
    with pytest.warns(UserWarning, match="W301"):
        nlp.initialize(lambda: examples)
    nlp.config["initialize"]["components"]["rnn_lm"] = {"labels": lm.label_data}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.initialize(lambda: examples)
