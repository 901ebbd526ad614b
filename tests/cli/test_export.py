"""`rnn export --encoder`: what listeners read, and nothing that gives probabilities."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_rnn import BatchScorer
from spacy_rnn.cli import export

from ..helpers import ENGLISH, make_pipeline, run_spacy, weights_of

TEXTS = ["the grey cat watches", "", "a zeppelin paints the harbour .", *ENGLISH[:4]]
MODELS = {
    "tied": {
        "speller_width": 6,
        "spelling": "context",
        "direction": "both",
        "subword_rows": 30,
        "speller_ngram_rows": 20,
    },
    "untied-clusters": {"tied": False, "embedding_width": 7, "depth": 2, "cutoffs": [4, 9]},
}


def tagged(nlp, texts):
    docs = map(nlp.make_doc, texts)
    return [Example.from_dict(d, {"tags": ["ABC"[len(t) % 3] for t in d]}) for d in docs]


@pytest.fixture(scope="module", params=MODELS)
def folders(request, tmp_path_factory):
    """A pipeline with two taggers, one of which mixes layers, and what was exported of it."""
    root = tmp_path_factory.mktemp("export")
    nlp = make_pipeline(model={"width": 8, **MODELS[request.param]}, min_count=2)
    width = nlp.get_pipe("rnn_lm").model.get_dim("nO")
    for name, listener in (
        ("tagger", {"@architectures": "spacy.Tok2VecListener.v1"}),
        ("mixer", {"@architectures": "spacy-rnn.RNNListener.v1", "mixing": True}),
    ):
        tok2vec = {**listener, "width": width, "upstream": "rnn_lm"}
        model = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
        nlp.add_pipe("tagger", name=name, config={"model": model})
        nlp.get_pipe(name).initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
    fix_random_seed(0)
    optimizer = Adam(0.03)
    for _ in range(12):
        nlp.update(tagged(nlp, ENGLISH[:16]), sgd=optimizer)
    nlp.meta["performance"] = {"lm_perplexity": 9.0, "rnn_lm_loss": 3.0, "tag_acc": 0.9}
    nlp.to_disk(root / "full")
    done = run_spacy("rnn", "export", root / "full", root / "encoder", "--encoder")
    assert done.exception is None, done.output
    assert "rnn_lm has" in done.output
    return root / "full", root / "encoder"


@pytest.fixture(scope="module")
def pipelines(folders):
    return [spacy.load(folder) for folder in folders]


def test_tags_and_vectors_are_the_same_bits(pipelines):
    full, encoder = pipelines
    assert len({token.tag_ for doc in full.pipe(ENGLISH) for token in doc}) > 1
    for one, other in zip(full.pipe(TEXTS), encoder.pipe(TEXTS), strict=True):
        assert [token.tag_ for token in one] == [token.tag_ for token in other]
        assert np.array_equal(one.tensor, other.tensor)
        assert np.array_equal(one._.rnn_lm.hidden, other._.rnn_lm.hidden)
        given = [p.get_pipe("mixer").predict([d])[0] for p, d in ((full, one), (encoder, other))]
        assert np.array_equal(*given)


def test_an_encoder_of_a_model_that_kept_scores_only_writes_vectors(tmp_path):
    nlp = make_pipeline(annotations=["log_probs", "next"])
    nlp.to_disk(tmp_path / "full")
    done = run_spacy("rnn", "export", tmp_path / "full", tmp_path / "encoder", "--encoder")
    assert done.exception is None, done.output
    nlp.get_pipe("rnn_lm").annotations = ("tensor",)
    expected = nlp(TEXTS[0]).tensor
    assert expected.any()
    assert np.array_equal(spacy.load(tmp_path / "encoder")(TEXTS[0]).tensor, expected)


def test_an_encoder_that_is_listened_to_writes_no_vectors_that_nobody_asked_for(tmp_path):
    nlp = make_pipeline(annotations=["log_probs", "next"], model={"width": 8})
    tok2vec = {"@architectures": "spacy-rnn.RNNListener.v1", "width": 8, "upstream": "rnn_lm"}
    model = {"@architectures": "spacy.Tagger.v2", "tok2vec": tok2vec}
    nlp.add_pipe("tagger", config={"model": model})
    nlp.get_pipe("tagger").initialize(lambda: tagged(nlp, ENGLISH), nlp=nlp)
    nlp.to_disk(tmp_path / "full")
    done = run_spacy("rnn", "export", tmp_path / "full", tmp_path / "encoder", "--encoder")
    assert done.exception is None, done.output
    encoder = spacy.load(tmp_path / "encoder")
    assert not encoder.get_pipe("rnn_lm").annotations
    for text in TEXTS:
        one, other = nlp(text), encoder(text)
        assert not other.tensor.size
        scores = [
            p.get_pipe("tagger").model.predict([d])[0] for p, d in ((nlp, one), (encoder, other))
        ]
        assert np.array_equal(*scores)


def test_it_has_the_weights_below_the_softmax_and_no_others(folders, pipelines):
    full, encoder = (nlp.get_pipe("rnn_lm") for nlp in pipelines)
    before, after = weights_of(full), weights_of(encoder)
    above = {name for name in before if name.startswith(("softmax", "speller"))}
    assert after.keys() == before.keys() - above and above
    assert all(np.array_equal(before[name], after[name]) for name in after)
    assert encoder.vocabulary.labels == full.vocabulary.labels
    sizes = [(folder / "rnn_lm" / "model").stat().st_size for folder in folders]
    assert sizes[1] < sizes[0] - 3 * sum(before[name].size for name in above)
    assert not (folders[1] / "rnn_lm" / "spacing").exists()


def test_scores_of_what_is_left_out_are_gone(pipelines):
    _, encoder = pipelines
    assert encoder.meta["performance"] == {"tag_acc": 0.9}
    scores = encoder.evaluate(tagged(encoder, ENGLISH[:3]))
    assert "tag_acc" in scores and not [name for name in scores if name.startswith("lm_")]


def test_it_is_trained_on_and_saved_as_before(folders, tmp_path):
    nlp = spacy.load(folders[1])
    before, losses = weights_of(nlp.get_pipe("rnn_lm")), []
    optimizer = nlp.resume_training(sgd=Adam(0.01))
    for _ in range(5):
        found = nlp.update(tagged(nlp, ENGLISH[:16]), sgd=optimizer, drop=0.1)
        losses.append(found["tagger"])
    assert losses[-1] < losses[0]
    after = weights_of(nlp.get_pipe("rnn_lm"))
    assert not np.array_equal(before["embedding"], after["embedding"])
    nlp.to_disk(tmp_path)
    one, other = nlp(TEXTS[0]), spacy.load(tmp_path)(TEXTS[0])
    assert np.array_equal(one.tensor, other.tensor)


def test_it_is_a_source_of_other_encoders_and_of_no_language_model(folders, pipelines):
    encoder = pipelines[1].get_pipe("rnn_lm")
    settings = spacy.load(folders[1]).config["components"]["rnn_lm"]["model"]
    model = {**settings, "source": str(folders[1])}
    own = {"lm_weight": 0.0, "annotations": ["tensor"], "scorer": None}
    nlp = make_pipeline(model=model, **own)
    kept = nlp.get_pipe("rnn_lm").vocabulary.rows_of_words(encoder.vocabulary.words)
    found = weights_of(nlp.get_pipe("rnn_lm"))
    assert np.array_equal(found["embedding"][kept[2:]], weights_of(encoder)["embedding"][2:])
    with pytest.raises(ValueError, match=r"R020.*softmax: False there, True here"):
        make_pipeline(model={**model, "softmax": True})


NEEDS = {
    "predict_next": lambda lm, nlp: lm.predict_next("the"),
    "generate": lambda lm, nlp: lm.generate("the"),
    "next_distribution": lambda lm, nlp: lm.next_distribution("the"),
    "score_continuation": lambda lm, nlp: lm.score_continuation("the", ["cat"]),
    "session": lambda lm, nlp: lm.session(),
    "complete": lambda lm, nlp: lm.complete("the c", k=2),
    "trace": lambda lm, nlp: lm.trace("the cat"),
    "count": lambda lm, nlp: lm.count([nlp.make_doc("the cat")]),
}


@pytest.mark.parametrize("need", NEEDS)
def test_what_needs_probabilities_is_one_clear_error(pipelines, need):
    nlp = pipelines[1]
    if pipelines[0].get_pipe("rnn_lm").network.settings.direction == "forward":
        NEEDS[need](pipelines[0].get_pipe("rnn_lm"), nlp)
    with pytest.raises(ValueError, match="R923"):
        NEEDS[need](nlp.get_pipe("rnn_lm"), nlp)


def test_surprisal_is_an_error_that_names_the_softmax(pipelines):
    doc = pipelines[1]("the grey cat")
    for ask in (
        lambda: doc._.rnn_surprisal,
        lambda: doc[1]._.rnn_next,
        lambda: pipelines[1].get_pipe("rnn_lm").sentence_scores(doc),
    ):
        with pytest.raises(ValueError, match=r"R307.*An encoder \(softmax = false\)"):
            ask()


def test_its_own_loss_is_one_clear_error(folders):
    nlp = spacy.load(folders[1])
    nlp.get_pipe("rnn_lm").lm_weight = 1.0
    with pytest.raises(ValueError, match="R923"):
        nlp.update(tagged(nlp, ENGLISH[:2]), sgd=Adam(0.1))


@pytest.mark.parametrize("command", ["score", "items", "evaluate", "predict"])
def test_commands_that_need_probabilities_say_so_in_one_line(folders, tmp_path, command):
    text, table = tmp_path / "text.txt", tmp_path / "items.csv"
    text.write_text("the grey cat\n")
    table.write_text("text\nthe grey cat\n")
    given = {
        "score": [text, tmp_path / "scores.jsonl", "--bad-lines", "skip"],
        "items": [table, tmp_path / "scores.tsv"],
        "evaluate": [text],
        "predict": ["the"],
    }[command]
    done = run_spacy("rnn", command, folders[1], *given)
    assert done.exit_code == 1
    # no document is blamed, none is skipped
    assert re.findall(r"\[R\d+\]", done.output) == ["[R923]"] and "Traceback" not in done.output
    assert not list(tmp_path.glob("scores*"))


def test_a_batch_scorer_blames_no_row_for_what_the_model_lacks(folders):
    with pytest.raises(ValueError, match="R923"):
        BatchScorer(str(folders[1]))({"text": ["the grey cat"]})


def test_options_that_need_probabilities_are_refused_at_once(folders):
    for option, value in (("lm_weight", 1.0), ("annotations", ["tensor", "next"])):
        with pytest.raises(ValueError, match=f"R924.*{option}"):
            spacy.load(folders[1], config={f"components.rnn_lm.{option}": value})
    with pytest.raises(ValueError, match=r"R924.*speller_width = 4"):
        spacy.load(folders[1], config={"components.rnn_lm.model.speller_width": 4})


def test_wrong_calls_are_one_line(folders, tmp_path):
    full, encoder = folders
    for arguments, code in (
        ([full, tmp_path / "new"], "R925"),
        ([full, encoder, "--encoder"], "R917"),
        ([encoder, tmp_path / "new", "--encoder"], "R926"),
        ([tmp_path, tmp_path / "new", "--encoder"], "E053"),
    ):
        done = run_spacy("rnn", "export", *arguments)
        assert done.exit_code == 1 and f"[{code}]" in done.output, done.output
        assert not (tmp_path / "new").exists()


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_a_model_is_never_written_over_by_its_own_encoder(folders, tmp_path):
    model = tmp_path / "a" / "model"
    shutil.copytree(folders[0], model)
    (tmp_path / "a" / "meta.json").touch()
    (tmp_path / "link").symlink_to(model, target_is_directory=True)
    before = contents(tmp_path)
    for output in (model, model / ".." / "model", tmp_path / "link", tmp_path / "a", model / "b"):
        done = run_spacy("rnn", "export", model, output, "--encoder", "--overwrite")
        assert done.exit_code == 1 and "[R927]" in done.output, done.output
    assert contents(tmp_path) == before


def test_overwriting_replaces_a_whole_folder_or_nothing(folders, tmp_path, monkeypatch):
    output = tmp_path / "encoder"
    output.mkdir()
    (output / "meta.json").write_text("old")
    (output / "of-another").write_text("old")
    arguments = ["rnn", "export", folders[0], output, "--encoder", "--overwrite"]
    with monkeypatch.context() as patch:
        patch.setattr(export, "encoder_of", lambda model: 1 / 0)
        assert isinstance(run_spacy(*arguments).exception, ZeroDivisionError)
    assert contents(tmp_path) == {
        Path("encoder/meta.json"): b"old",
        Path("encoder/of-another"): b"old",
    }
    assert run_spacy(*arguments).exit_code == 0
    assert contents(output) == contents(folders[1])
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_what_is_no_pipeline_is_not_replaced(folders, tmp_path):
    file = tmp_path / "file"
    file.write_text("text")
    for output in (file, tmp_path):
        for more in ([], ["--overwrite"]):
            done = run_spacy("rnn", "export", folders[0], output, "--encoder", *more)
            assert done.exit_code == 1 and "[R928]" in done.output
    assert contents(tmp_path) == {Path("file"): b"text"}
