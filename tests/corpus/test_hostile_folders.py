"""What may lie in a folder of a corpus: pipes, devices, links, names of any kind."""

import os
import unicodedata
from pathlib import Path

import pytest

from spacy_rnn.corpus.docbins import read_docbin
from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.corpus.text_files import find_files, read_jsonl, read_lines, read_text

from ..hostile import ODD, no_hang
from .test_hostile_files import NLP


def test_pipes_and_devices_are_refused_or_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    os.mkfifo(tmp_path / "pipe.jsonl.gz")
    (tmp_path / "zero.txt").symlink_to("/dev/zero")
    (tmp_path / "null.spacy").symlink_to("/dev/null")
    with no_hang():
        for path in list(tmp_path.iterdir()):
            with pytest.raises(ValueError, match=rf"R226.*{path.name}"):
                find_files([path])
        with pytest.raises(ValueError, match="R204"):
            find_files([tmp_path])
        (tmp_path / "text.txt").write_text("one\n")
        assert [e.reference.text for e in create_text_corpus(tmp_path)(NLP)] == ["one"]


def test_links_to_nowhere_and_to_themselves_are_errors(tmp_path):
    """Passed over, a part of a corpus could be missing and nobody would know."""
    for name, target in (("self.txt", "self.txt"), ("nowhere.txt", "not-there.txt")):
        folder = tmp_path / name[:-4]
        folder.mkdir()
        (folder / name).symlink_to(folder / target)
        with pytest.raises(ValueError, match=rf"R202.*{name}"):
            find_files([folder / name])
        with pytest.raises(ValueError, match=rf"R227.*{name}"):
            list(create_text_corpus(folder)(NLP))


def test_a_folder_with_the_name_of_a_file_is_a_folder(tmp_path):
    folder = tmp_path / "a.txt"
    folder.mkdir()
    with pytest.raises(ValueError, match="R204"):
        find_files([folder])
    (folder / "b.txt").write_text("one\n")
    assert find_files([folder]) == [folder / "b.txt"]
    for reader in (read_lines, lambda path: read_text(path, "line"), read_jsonl):
        with pytest.raises(ValueError, match=r"R227.*a\.txt.*directory"):
            list(reader(folder))
    with pytest.raises(ValueError, match=r"R227.*a\.txt"):
        list(read_docbin(folder, NLP.vocab))


def test_what_must_not_be_read_is_a_clear_error(tmp_path, monkeypatch):
    """The system's refusal is staged: an administrator, as whom tests may run, may read all."""
    path = tmp_path / "a.txt"
    path.write_text("one\n")
    reader = create_text_corpus(tmp_path)

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", "somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        with pytest.raises(ValueError, match=rf"R227.*{path} can't be read \(Permission denied\)"):
            list(reader(NLP))
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ValueError, match=r"R227.*Permission denied"):
        find_files([tmp_path])


@pytest.mark.parametrize("name", ["a\0.txt", "a" * 300 + ".txt", "a" * 5000 + ".txt", "\ud800.txt"])
def test_an_impossible_name_is_a_clear_error(tmp_path, name):
    with pytest.raises(ValueError, match=r"R202|R227"):
        find_files([tmp_path / name])


def test_odd_names_are_names(tmp_path):
    names = [f"{c}.txt" for c in ODD if c not in "\0/" and unicodedata.category(c) != "Cs"]
    for name in names:
        (tmp_path / name).write_text("one\n")
    assert {path.name for path in find_files([tmp_path])} == set(names)
