"""A pipe, a device or a socket in the place of any file of a model is refused, and waited for by
nobody."""

import os
import shutil
import socket

import pytest
import spacy
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_rnn import BatchScorer, Vocabulary
from spacy_rnn.layers.sources import SourceModel
from spacy_rnn.regular_files import check_folder, read_regular
from spacy_rnn.tokenizers import JiebaTokenizer
from spacy_rnn.training.resumable.checkpoints import Checkpoints

from .cli.conftest import fail
from .helpers import SMALL
from .hostile import no_hang

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")


def make_special(path, kind):
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to a pipe":
        pipe = path.with_name("~pipe")
        os.mkfifo(pipe)
        path.symlink_to(pipe)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))


KINDS = ["pipe", "link to a pipe", "device"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pipeline with a dictionary of its own."""
    root = tmp_path_factory.mktemp("model")
    (root / "words.txt").write_text("我爱 3\n北京 5\n", encoding="utf8")
    tokenizer = {
        "@tokenizers": "spacy-rnn.JiebaTokenizer.v1",
        "dictionary": str(root / "words.txt"),
    }
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})
    model = {"@architectures": "spacy-rnn.RNNLM.v1", **SMALL}
    nlp.add_pipe("rnn_lm", config={"model": model, "annotations": ["log_probs"]})
    docs = [nlp.make_doc(text) for text in ("我爱北京", "北京")]
    nlp.initialize(lambda: [Example(doc, doc) for doc in docs])
    nlp.to_disk(root / "saved")
    return root / "saved"


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "m")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["rnn_lm/model", "rnn_lm/cfg", "tokenizer/cfg"])
def test_no_file_of_the_component_or_the_tokenizer_is_waited_for(copy, name, kind):
    make_special(copy / name, kind)
    with no_hang(), pytest.raises(ValueError, match=rf"R370.*{name}"):
        spacy.load(copy)


def test_a_dictionary_that_was_saved_is_not_waited_for(copy):
    make_special(copy / "tokenizer" / "dictionary.txt", "pipe")
    with no_hang(), pytest.raises(ValueError, match=r"R370.*dictionary\.txt"):
        spacy.load(copy)


@pytest.mark.parametrize("kind", KINDS)
def test_a_dictionary_of_a_config_is_not_waited_for(folder, tmp_path, kind):
    path = tmp_path / "words.txt"
    make_special(path, kind)
    with no_hang():
        with pytest.raises(ValueError, match=r"R105.*words\.txt"):
            JiebaTokenizer(Vocab(), dictionary=path)("我爱北京")
        # a saved pipeline has its own
        nlp = spacy.load(folder, config={"nlp.tokenizer.dictionary": str(path)})
        assert [token.text for token in nlp("我爱北京")] == ["我爱", "北京"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_vocabulary_and_no_source_is_waited_for(copy, tmp_path, kind):
    words = tmp_path / "words.json"
    make_special(words, kind)
    with no_hang():
        with pytest.raises(ValueError, match=r"R004.*words\.json"):
            Vocabulary.from_file(words)
        with pytest.raises(ValueError, match="R019"):
            SourceModel(words)
        (copy / "config.cfg").unlink()  # so that it looks into every component
        make_special(copy / "rnn_lm" / "model", kind)
        with pytest.raises(ValueError, match="R019"):
            SourceModel(copy)


@pytest.mark.parametrize("name", ["files.json", "weights"])
def test_no_file_of_a_checkpoint_is_waited_for(tmp_path, name):
    checkpoints = Checkpoints(tmp_path)
    path = checkpoints.write(3, lambda folder: (folder / "weights").write_bytes(b"w"))
    make_special(path / name, "pipe")
    told = []
    with no_hang(), pytest.raises(ValueError, match="R605"):
        checkpoints.find(told.append)
    assert "R370" in told[0] and name in told[0]


@pytest.mark.parametrize("kind", [*KINDS, "socket"])
@pytest.mark.parametrize("name", ["config.cfg", "vocab/strings.json", "meta.json", "extra"])
def test_commands_and_workers_refuse_a_folder_before_spacy_reads_it(copy, tmp_path, name, kind):
    make_special(copy / name, kind)
    (tmp_path / "text.txt").write_text("我爱北京\n", encoding="utf8")
    with no_hang():
        error = fail("score", copy, tmp_path / "text.txt")
        assert "R370" in error and name in error
        with pytest.raises(ValueError, match=rf"R370.*{name}"):
            BatchScorer(copy)({"text": ["我爱北京"]})


def test_links_to_files_and_back_to_folders_are_fine(copy, tmp_path):
    (tmp_path / "weights").write_bytes((copy / "rnn_lm" / "model").read_bytes())
    (copy / "rnn_lm" / "model").unlink()
    (copy / "rnn_lm" / "model").symlink_to(tmp_path / "weights")
    (copy / "rnn_lm" / "again").symlink_to(copy)
    (copy / "nowhere").symlink_to(copy / "not there")
    with no_hang():
        check_folder(copy)
        assert len(spacy.load(copy)("我爱北京")) == 2
    (tmp_path / "other").mkdir()
    os.mkfifo(tmp_path / "other" / "pipe")
    (copy / "linked").symlink_to(tmp_path / "other")
    with pytest.raises(ValueError, match=r"R370.*linked.*pipe"):
        check_folder(copy)


def test_a_file_is_read_and_a_missing_one_is_the_systems_error(tmp_path):
    (tmp_path / "a").write_bytes(b"\0\xff")
    assert read_regular(tmp_path / "a") == b"\0\xff"
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "b")
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_an_output_that_keeps_nothing_is_not_resumed(copy, tmp_path, kind):
    (tmp_path / "text.txt").write_text("我爱北京\n", encoding="utf8")
    make_special(tmp_path / "out.jsonl", kind)
    with no_hang():
        error = fail("score", copy, tmp_path / "text.txt", tmp_path / "out.jsonl", "--resume")
    assert "R560" in error and "out.jsonl" in error
