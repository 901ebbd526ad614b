"""A training that goes on is evaluated on the development text that it was evaluated on before."""

import random
import shutil

import pytest
from spacy.util import registry

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.training.resumable.progress import TrainingProgress

from .trainings import (
    TAGGER,
    Told,
    annotate,
    begin,
    bytes_of,
    last_letter,
    make_config,
    run_killed,
    run_whole,
)


@pytest.mark.slow
def test_another_dev_text_is_noticed_and_the_old_one_goes_on(texts, tmp_path):
    config = make_config(texts)
    whole = run_whole(config, tmp_path / "whole")
    run_killed(config, tmp_path / "out", 9, every=4)
    dev = texts / "dev.txt"
    before = dev.read_text("utf8")
    # as many words as before
    dev.write_text(before.replace("the grey cat", "the grey dog", 1), encoding="utf8")
    assert dev.read_text("utf8") != before
    with pytest.raises(ValueError, match=r"R620.*--overwrite"):
        begin(config, tmp_path / "out", resume=True)
    # it may lie elsewhere, in another order
    lines = before.splitlines(keepends=True)
    other = texts / "elsewhere.txt"
    other.write_text("".join(reversed(lines)), encoding="utf8")
    moved = make_config(texts, paths__dev=str(other))
    assert bytes_of(run_whole(moved, tmp_path / "out", resume=True)) == bytes_of(whole)


@pytest.mark.slow
def test_other_annotations_of_the_dev_text_are_noticed(texts, tmp_path):
    changes = annotate(texts, "tags", last_letter)
    config = make_config(texts, **TAGGER, **changes)
    run_killed(config, tmp_path / "out", 9, every=4)
    kept = shutil.copy(texts / "train.spacy", tmp_path)
    annotate(texts, "tags", lambda word: last_letter(word) if word != "boat" else "other")
    shutil.copy(kept, texts / "train.spacy")
    with pytest.raises(ValueError, match="R620"):
        begin(config, tmp_path / "out", resume=True)


def test_before_the_first_evaluation_any_dev_text_is_fine(texts, tmp_path):
    config = make_config(texts)
    run_killed(config, tmp_path / "out", 0, every=4)
    (texts / "dev.txt").write_text("another text\n")
    assert begin(config, tmp_path / "out", resume=True).loop.progress.steps == 0


@registry.readers("spacy_rnn_tests.drawn_dev.v1")
def create_drawn_dev(path: str):
    """A reader that gives other documents at each reading."""
    corpus = create_text_corpus(path)

    def read(nlp):
        examples = list(corpus(nlp))
        yield from random.sample(examples, 5)

    return read


@pytest.mark.slow
def test_a_dev_corpus_that_varies_is_told_once_and_goes_on(texts, tmp_path):
    reader = {"@readers": "spacy_rnn_tests.drawn_dev.v1", "path": str(texts / "dev.txt")}
    config = make_config(texts, corpora__dev=reader)
    told = Told()
    run = begin(config, tmp_path / "out", told=told, every=4)
    run.execute()
    assert [text[:6] for text in told.warned] == ["[W612]"]
    longer = make_config(texts, corpora__dev=reader, training__max_steps=22)
    told = Told()
    assert begin(longer, tmp_path / "out", told=told, resume=True).execute() == 0
    assert told.warned == []


def test_reading_the_dev_text_draws_no_random_numbers(texts, tmp_path):
    reader = {"@readers": "spacy_rnn_tests.drawn_dev.v1", "path": str(texts / "dev.txt")}
    config = make_config(texts, corpora__dev=reader)
    run_killed(config, tmp_path / "out", 3, every=2)  # after one evaluation
    run = begin(config, tmp_path / "out", resume=True)
    assert run.loop.progress.dev_varies
    run.loop.progress.dev_varies = False
    expected = random.getstate()
    run.loop.check_dev_text()
    assert random.getstate() == expected
    run.close()


def test_a_checkpoint_without_a_checksum_has_none_to_compare():
    values = TrainingProgress(steps=3, results=[(0.5, 2)]).to_values()
    del values["dev_checksum"], values["dev_varies"]
    progress = TrainingProgress.from_values(values)
    assert progress.dev_checksum is None
    progress.note_dev_text(7)
    assert (progress.dev_checksum, progress.dev_varies) == (7, False)
