"""What a user reads from a Doc, its tokens and its spans."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from spacy.tokens import Doc

from ..helpers import ENGLISH, make_pipeline

WIDTH = 12
TEXT = "the baker paints two green pears ."


@pytest.fixture
def doc(trained):
    return trained(TEXT)


def test_shapes_and_types(doc):
    output = doc._.rnn_lm
    n = len(doc)
    assert output.hidden.shape == (n, WIDTH) and output.hidden.dtype == np.float32
    assert output.log_probs.shape == (n,) and output.log_probs.dtype == np.float32
    assert output.surprisal.shape == (n,) and output.surprisal.dtype == np.float32
    assert type(output.end_log_prob) is float
    assert set(output.final_state) == {"h", "c"}
    for state in output.final_state.values():
        assert state.shape == (1, WIDTH) and state.dtype == np.float32
    assert len(output) == n
    assert type(doc._.rnn_surprisal) is float and type(doc._.rnn_perplexity) is float
    assert type(doc[0]._.rnn_surprisal) is float and type(doc[0:2]._.rnn_surprisal) is float
    assert doc[1]._.rnn_hidden.shape == (WIDTH,)


def test_state_has_a_row_for_every_layer():
    nlp = make_pipeline(model={"depth": 3, "cell": "gru"})
    output = nlp(TEXT)._.rnn_lm
    assert output.final_state["h"].shape == (3, WIDTH)
    assert_allclose(output.final_state["h"][-1], output.hidden[-1], atol=1e-6)


def test_next_words_are_pairs_of_a_word_and_its_falling_probability(doc):
    assert doc._.rnn_next == doc._.rnn_lm.next
    assert len(doc._.rnn_next) == len(doc)
    for token, listed in zip(doc, doc._.rnn_next, strict=True):
        assert token._.rnn_next == listed
        assert len(listed) == 5
        assert all(type(word) is str and type(p) is float and 0 < p < 1 for word, p in listed)
        assert [p for _, p in listed] == sorted((p for _, p in listed), reverse=True)


def test_a_token_has_its_row_of_the_document(doc):
    output = doc._.rnn_lm
    for token in doc:
        assert np.array_equal(token._.rnn_hidden, output.hidden[token.i])
        assert token._.rnn_surprisal == pytest.approx(output.surprisal[token.i], rel=1e-6)
        assert token._.rnn_surprisal == doc[token.i : token.i + 1]._.rnn_surprisal


def test_doc_tensor_is_the_hidden_states(doc, trained):
    assert isinstance(doc.tensor, np.ndarray) and doc.tensor.dtype == np.float32
    assert np.array_equal(doc.tensor, doc._.rnn_lm.hidden)
    for piped in trained.pipe([TEXT, "", "the"]):
        assert np.array_equal(piped.tensor, piped._.rnn_lm.hidden)


def test_keeping_one_document_does_not_keep_its_batch(trained):
    doc = next(iter(trained.pipe([TEXT] * 50, batch_size=50)))
    for array in (doc.tensor, doc._.rnn_lm.hidden, doc._.rnn_lm.log_probs):
        assert array.base is None or array.base.size == array.size


def test_a_document_that_was_not_processed_has_none_of_it(trained):
    doc = trained.make_doc(TEXT)
    for value in (doc._.rnn_lm, doc._.rnn_next, doc._.rnn_surprisal, doc._.rnn_perplexity):
        assert value is None
    token = doc[0]
    assert token._.rnn_hidden is token._.rnn_next is token._.rnn_surprisal is None
    assert doc[0:2]._.rnn_surprisal is None


def test_the_output_says_what_it_holds(trained):
    shown = repr(trained("the baker")._.rnn_lm)
    assert shown.startswith("LMOutput(2 tokens: hidden, log_probs")


def merge(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[3:6])


def merge_and_split(doc):
    """As many tokens as before, others."""
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[3:5])
        retokenizer.split(doc[1], ["bak", "er"], heads=[doc[1], doc[1]])


ACCESSORS = {
    "doc._.rnn_lm": lambda doc: doc._.rnn_lm,
    "doc._.rnn_next": lambda doc: doc._.rnn_next,
    "doc._.rnn_surprisal": lambda doc: doc._.rnn_surprisal,
    "doc._.rnn_perplexity": lambda doc: doc._.rnn_perplexity,
    "token._.rnn_hidden": lambda doc: [token._.rnn_hidden for token in doc],
    "token._.rnn_next": lambda doc: [token._.rnn_next for token in doc],
    "token._.rnn_surprisal": lambda doc: [token._.rnn_surprisal for token in doc],
    "first token": lambda doc: doc[0]._.rnn_hidden,
    "split token": lambda doc: doc[1]._.rnn_hidden,
    "last token": lambda doc: doc[-1]._.rnn_hidden,
    "span._.rnn_surprisal": lambda doc: doc[0:1]._.rnn_surprisal,
}


@pytest.mark.parametrize("retokenize", [merge, merge_and_split])
@pytest.mark.parametrize("accessor", ACCESSORS)
def test_retokenizing_is_noticed_everywhere(doc, retokenize, accessor):
    length = len(doc)
    assert ACCESSORS[accessor](doc) is not None
    retokenize(doc)
    assert (len(doc) == length) == (retokenize is merge_and_split)
    with pytest.raises(ValueError, match="R306"):
        ACCESSORS[accessor](doc)


def test_running_again_after_retokenizing_gives_the_numbers_of_the_new_tokens(doc, trained):
    merge(doc)
    again = trained.get_pipe("rnn_lm")(doc)
    expected = trained(Doc(doc.vocab, words=[token.text for token in doc]))
    assert_allclose(again._.rnn_lm.hidden, expected._.rnn_lm.hidden, atol=1e-6)


def test_a_span_as_a_document_of_its_own_has_no_output(doc):
    assert doc[1:3].as_doc()._.rnn_lm is None
    copied = doc[1:3].as_doc(copy_user_data=True)
    with pytest.raises(ValueError, match="R343"):
        _ = copied._.rnn_surprisal


@pytest.mark.parametrize("before", [[], [""]], ids=["", "after an unprocessed document"])
def test_joined_documents_say_that_they_need_the_pipeline(trained, before):
    docs = [*map(trained.make_doc, before), trained(TEXT), trained(ENGLISH[0])]
    with pytest.warns(UserWarning, match="rnn_lm"):  # spaCy says that it doesn't merge it
        joined = Doc.from_docs(docs)
    for accessor in ACCESSORS.values():
        with pytest.raises(ValueError, match="R343"):
            accessor(joined)
    assert len(joined.tensor) == len(joined)
    assert trained(joined)._.rnn_surprisal == trained(joined.text)._.rnn_surprisal


@pytest.mark.parametrize("accessor", ACCESSORS)
@pytest.mark.parametrize("repeat", [1, 50], ids=["short", "long"])
def test_other_words_of_the_same_lengths_are_noticed(trained, accessor, repeat):
    doc = trained(" ".join([TEXT] * repeat))
    words = [token.text for token in doc]
    spaces = [bool(token.whitespace_) for token in doc]
    words[1], words[-1] = "maker", "!"
    other = Doc(doc.vocab, words=words, spaces=spaces, user_data=doc.user_data)
    assert [token.idx for token in other] == [token.idx for token in doc]
    with pytest.raises(ValueError, match="R306"):
        ACCESSORS[accessor](other)
    same = Doc(doc.vocab, words=[t.text for t in doc], spaces=spaces, user_data=doc.user_data)
    assert same._.rnn_surprisal == doc._.rnn_surprisal


def test_the_states_of_the_output_and_the_tensor_are_changed_apart(trained):
    doc = trained(TEXT)
    before = doc.tensor.copy()
    doc[1]._.rnn_hidden[:] = 0
    assert np.array_equal(doc.tensor, before)
    doc = trained(TEXT)
    doc.tensor[:] = 0
    assert np.array_equal(doc._.rnn_lm.hidden, before)


def test_parts_of_a_long_document_are_checked_where_they_are(trained):
    doc = trained(" ".join([TEXT] * 50))
    output = doc._.rnn_lm
    for start in range(0, len(doc), 7):
        span = doc[start : start + 7]
        expected = output.surprisal[start : start + 7].sum()
        assert span._.rnn_surprisal == pytest.approx(expected, rel=1e-5)
    assert doc[0:0]._.rnn_surprisal == 0 == doc[len(doc) : len(doc)]._.rnn_surprisal
    assert doc[0 : len(doc)]._.rnn_surprisal == pytest.approx(doc._.rnn_surprisal, rel=1e-5)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[100:102])
        retokenizer.split(doc[200], [doc[200].text[:1], doc[200].text[1:]], [doc[200], doc[200]])
    assert len(doc) == len(output)
    for part in (doc[100:101], doc[150:160], doc[198:203], doc[100], doc[150]):
        with pytest.raises(ValueError, match="R306"):
            _ = part._.rnn_surprisal
