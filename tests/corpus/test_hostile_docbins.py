"""Files of .spacy that are damaged or made up: their documents, or a clear error."""

import gc
import gzip
import tempfile
import zlib
from pathlib import Path

import numpy as np
import spacy
import srsly
from hypothesis import strategies as st
from spacy.tokens import DocBin, Span
from spacy.vocab import Vocab

from spacy_rnn.corpus.text_corpus import create_text_corpus

from ..hostile import damaged, fuzz, traps
from .test_hostile_files import NLP, read

FRESH = spacy.blank("xx")


def make_docbin():
    doc, other = NLP.make_doc("The kettle can't sing."), NLP.make_doc("雨停了 x")
    doc.set_ents([Span(doc, 1, 2, label="THING")])
    for token in doc:
        token.tag_, token.norm_ = "NN", token.lower_ + "!"
        token.head, token.dep_ = doc[max(0, token.i - 1)], "x"
    doc.spans["sc"], doc.user_data["k"], doc.cats["c"] = [doc[0:2]], 1, 0.5
    return DocBin(docs=[doc, other], store_user_data=True).to_bytes()


SAVED = make_docbin()
RAW = zlib.decompress(SAVED)
MESSAGE = srsly.msgpack_loads(RAW)
DOCBIN_CODES = ("R205", "R212", "R217", "R219")


def read_fresh(content):
    """Into a vocabulary that doesn't know the words yet."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.spacy")
        path.write_bytes(content)
        FRESH.vocab = Vocab()
        try:
            examples = list(create_text_corpus(path, max_length=3)(FRESH))
            return [e.reference.text + "".join(t.norm_ for t in e.predicted) for e in examples]
        except ValueError as error:
            assert str(error)[1:5] in DOCBIN_CODES, error
            return None


@fuzz(500, data=damaged(RAW))
def test_a_docbin_with_a_damaged_message_is_read_or_refused(data):
    read_fresh(zlib.compress(data))


@fuzz(400, data=st.data())
def test_a_docbin_with_damaged_arrays_is_read_or_refused(data):
    name = data.draw(st.sampled_from(["tokens", "spaces", "lengths", "strings", "attrs"]))
    value = MESSAGE[name]
    if isinstance(value, bytes):
        value = data.draw(damaged(value))
    else:
        value = data.draw(st.lists(st.sampled_from([*value, 0, 64, 65, "a", None, 2**64 - 1])))
    read_fresh(zlib.compress(srsly.msgpack_dumps({**MESSAGE, name: value})))


@fuzz(400, content=damaged(SAVED) | st.binary(max_size=60))
def test_a_damaged_docbin_is_refused(content):
    """zlib has a checksum: nothing is read as something else."""
    expected = read_fresh(SAVED)
    assert read_fresh(content) in (None, expected)
    assert gc.isenabled()  # spaCy's loader leaves it off after an error


def test_a_docbin_without_one_of_its_words_is_refused():
    array = np.frombuffer(MESSAGE["tokens"], "uint64").reshape(-1, len(MESSAGE["attrs"])).copy()
    array[1, 0] ^= np.uint64(1)
    data = zlib.compress(srsly.msgpack_dumps({**MESSAGE, "tokens": array.tobytes()}))
    assert read("a.spacy", data) == "R212"


def test_a_docbin_without_one_of_its_norms_is_refused():
    strings = [string for string in MESSAGE["strings"] if string != "kettle!"]
    assert len(strings) == len(MESSAGE["strings"]) - 1
    data = zlib.compress(srsly.msgpack_dumps({**MESSAGE, "strings": strings}))
    assert read_fresh(data) is None
    assert read_fresh(SAVED) is not None


def test_a_docbin_without_one_of_its_labels_is_refused():
    strings = [string for string in MESSAGE["strings"] if string != "THING"]
    assert len(strings) == len(MESSAGE["strings"]) - 1
    assert read_fresh(zlib.compress(srsly.msgpack_dumps({**MESSAGE, "strings": strings}))) is None


def test_no_pickle_is_run_as_a_corpus(tmp_path):
    trap = tmp_path / "trap"
    for data in traps(trap).values():
        for name in ("a.txt", "a.jsonl", "a.spacy", "a.txt.gz", "a.jsonl.gz", "a.spacy.gz"):
            for content in (data, gzip.compress(data), zlib.compress(data)):
                read(name, content)
        for key in MESSAGE:
            read("a.spacy", zlib.compress(srsly.msgpack_dumps({**MESSAGE, key: data})))
        user_data = srsly.msgpack_dumps({**MESSAGE, "user_data": [data, data]})
        assert read("a.spacy", zlib.compress(user_data)) == "R212"
    assert not trap.exists()
