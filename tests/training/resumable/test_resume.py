"""A training that was stopped and goes on gives the weights of one that wasn't stopped."""

import json

import pytest
import spacy

from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.training.resumable import checkpoints
from spacy_rnn.training.resumable.checkpoints import Checkpoints
from spacy_rnn.training.resumable.folders import remove_folder

from .trainings import (
    TAGGER,
    Killed,
    Told,
    annotate,
    begin,
    bytes_of,
    last_letter,
    make_config,
    run_killed,
    run_spacy_train,
    run_whole,
    stream_config,
)

GROWING = {"@schedules": "compounding.v1", "start": 40, "stop": 200, "compound": 1.1}
CHANGES = {
    "lstm": {},
    "gru-averages-two-parts": {
        "components__rnn_lm__model__cell": "gru",
        "training__optimizer__use_averages": True,
        "training__accumulate_gradient": 2,
    },
    "growing-batches": {"training__batcher__size": GROWING, "training__max_steps": 30},
    "plain-descent-few-epochs": {
        "training__optimizer": {"@optimizers": "SGD.v1", "learn_rate": 0.1},
        "training__max_epochs": 1,
        "training__max_steps": 0,
    },
    "both-directions-unfreezing": {
        "components__rnn_lm__model__direction": "both",
        "training__before_update": {"@callbacks": "spacy-rnn.fine_tuning.v1", "unfreeze": 5},
    },
}


def config_of(texts, name):
    return make_config(texts, **changes_of(name))


def changes_of(name):
    return {"training__batcher__size": 60, **CHANGES[name]}


def some_slow(names, quick):
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", some_slow(CHANGES, ["lstm", "gru-averages-two-parts"]))
def test_weights_are_those_of_a_training_without_a_break(texts, undisturbed, tmp_path, name):
    config = config_of(texts, name)
    # killed between checkpoints, so that steps are done twice, and again in the resumed run
    run_killed(config, tmp_path / "broken", 9, every=4)
    run_killed(config, tmp_path / "broken", 3, every=4, resume=True)
    resumed = run_whole(config, tmp_path / "broken", every=4, resume=True)
    assert bytes_of(resumed) == undisturbed.weights(**changes_of(name))


@pytest.mark.parametrize("name", some_slow(["lstm", "gru-averages-two-parts"], ["lstm"]))
def test_models_are_those_of_spacy_train(texts, tmp_path, name):
    config = config_of(texts, name)
    run_spacy_train(config, tmp_path / "spacy")
    run_killed(config, tmp_path / "ours", 13, every=5)
    run_whole(config, tmp_path / "ours", every=5, resume=True)
    for model in ("model-best", "model-last"):
        for file in ("model", "spacing"):
            paths = [tmp_path / where / model / "rnn_lm" / file for where in ("spacy", "ours")]
            assert paths[0].read_bytes() == paths[1].read_bytes()
        meta = [(tmp_path / where / model / "meta.json").read_text() for where in ("spacy", "ours")]
        assert meta[0] == meta[1]


def test_the_log_counts_on_where_a_training_goes_on(texts, tmp_path, monkeypatch):
    monkeypatch.setattr("spacy_rnn.training.logger._SIGN_OF_LIFE", 0.0)  # a line for every step
    log = tmp_path / "log.jsonl"
    config = make_config(texts, paths__log=str(log))
    run_killed(config, tmp_path / "out", 9, every=4)
    first = [json.loads(line) for line in log.read_text("utf8").splitlines()]
    assert [line["step"] for line in first] == list(range(9))
    run_whole(config, tmp_path / "out", every=4, resume=True)
    second = [json.loads(line) for line in log.read_text("utf8").splitlines()]
    assert [line["step"] for line in second] == list(range(8, 17))  # spaCy trains one more
    evaluated = [line["step"] for line in [*first, *second] if "progress" not in line]
    assert evaluated == [0, 6, 12]
    seconds = [line["seconds"] for line in second]
    assert seconds == sorted(seconds)
    assert all(line["seconds_left"] >= 0 for line in second if "progress" in line)


@pytest.mark.slow
@pytest.mark.parametrize("reset", [True, False])
def test_streams_go_on_with_their_states(texts, tmp_path, reset):
    config = stream_config(texts, corpora__train__reset=reset)
    whole = run_whole(config, tmp_path / "whole")
    run_killed(config, tmp_path / "broken", 11, every=5)
    resumed = run_whole(config, tmp_path / "broken", every=5, resume=True)
    assert bytes_of(resumed) == bytes_of(whole)


def test_streams_notice_that_their_states_are_lost(texts, tmp_path, monkeypatch):
    config = stream_config(texts)
    run_killed(config, tmp_path / "broken", 11, every=5)
    monkeypatch.setattr(RNNLM, "set_training_state", lambda self, tensors: None)
    with pytest.raises(ValueError, match="R319"):
        run_whole(config, tmp_path / "broken", every=5, resume=True)


def check_like_spacy(config, folder):
    """Compare whole, broken and spaCy's training."""
    whole = run_whole(config, folder / "whole")
    run_killed(config, folder / "broken", 9, every=4)
    resumed = run_whole(config, folder / "broken", every=4, resume=True)
    assert bytes_of(resumed) == bytes_of(whole)
    run_spacy_train(config, folder / "spacy")
    for name in ("rnn_lm", "tagger"):
        paths = [folder / x / "model-last" / name / "model" for x in ("spacy", "broken")]
        assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.slow
def test_components_that_listen_go_on_too(texts, tmp_path):
    changes = {**TAGGER, "training__max_steps": 12, "training__batcher__size": 60}
    config = make_config(texts, **changes, **annotate(texts, "tags", last_letter))
    check_like_spacy(config, tmp_path)


@pytest.mark.slow
def test_a_frozen_listener_does_not_put_steps_off_beyond_a_checkpoint(texts, tmp_path):
    changes = {**TAGGER, "training__max_steps": 12, "training__batcher__size": 60}
    changes |= annotate(texts, "tags", last_letter)
    run_whole(make_config(texts, **changes), tmp_path / "first")
    trained = {"source": str(tmp_path / "first" / "model-last")}
    changes["training__frozen_components"] = ["tagger"]
    config = make_config(texts, **changes)
    config["components"] = {"rnn_lm": trained, "tagger": trained}
    check_like_spacy(config, tmp_path)


@pytest.mark.slow
def test_patience_counts_over_the_break(texts, tmp_path):
    changes = {"training__patience": 12, "training__max_steps": 200}
    changes["training__optimizer__learn_rate"] = 1e-9
    config = make_config(texts, **changes)
    config["training"]["optimizer"]["learn_rate"] = 1e-9
    whole = begin(config, tmp_path / "whole")
    whole.execute()
    assert whole.loop.progress.steps < 200
    run_killed(config, tmp_path / "broken", 8, every=3)
    resumed = begin(config, tmp_path / "broken", every=3, resume=True)
    resumed.execute()
    assert resumed.loop.progress.steps == whole.loop.progress.steps
    assert resumed.loop.progress.results == whole.loop.progress.results


def times_of(folder):
    return {p: p.stat().st_mtime_ns for p in folder.rglob("*") if p.is_file() and p.name != "lock"}


def test_resuming_a_complete_training_changes_nothing(texts, undisturbed, tmp_path):
    config = make_config(texts)
    undisturbed.copy(tmp_path / "out")
    before = times_of(tmp_path / "out")
    told = Told()
    run_whole(config, tmp_path / "out", resume=True, told=told)
    assert times_of(tmp_path / "out") == before
    assert any("Complete already" in text for text in told.said)


@pytest.mark.slow
def test_more_steps_can_be_asked_for(texts, undisturbed, tmp_path):
    longer = {"training__max_steps": 22}
    whole = run_whole(make_config(texts, **longer), tmp_path / "whole")
    undisturbed.copy(tmp_path / "short")
    resumed = run_whole(make_config(texts, **longer), tmp_path / "short", resume=True)
    assert bytes_of(resumed) == bytes_of(whole)


def test_the_corpus_may_have_moved(texts, undisturbed, tmp_path):
    config = make_config(texts)
    run_killed(config, tmp_path / "broken", 9, every=4)
    moved = texts.rename(tmp_path / "elsewhere")
    resumed = run_whole(make_config(moved), tmp_path / "broken", every=4, resume=True)
    assert bytes_of(resumed) == undisturbed.weights()


def test_other_settings_are_refused(texts, tmp_path):
    run_killed(make_config(texts), tmp_path / "out", 9, every=4)
    other = make_config(texts, training__dropout=0.3)
    with pytest.raises(ValueError, match=r"R602.*training\.dropout: 0\.2 then, 0\.3 now"):
        begin(other, tmp_path / "out", resume=True)


@pytest.mark.parametrize("streamed", [False, True])
def test_another_corpus_is_refused(texts, tmp_path, streamed):
    config = stream_config(texts) if streamed else make_config(texts)
    run_killed(config, tmp_path / "out", 9, every=4)
    path = texts / "train.txt"
    lines = path.read_text("utf8").splitlines()
    path.write_text("\n".join(["one more word " + lines[0], *lines[1:-1]]) + "\n", "utf8")
    with pytest.raises(ValueError, match="R611"):
        begin(config, tmp_path / "out", resume=True)


def test_a_folder_with_a_training_is_not_written_over(texts, tmp_path):
    config = make_config(texts)
    run_killed(config, tmp_path / "out", 9, every=4)
    with pytest.raises(ValueError, match=r"R601.*--resume.*--overwrite"):
        begin(config, tmp_path / "out")
    assert (tmp_path / "out" / "checkpoint" / "step-000000008").exists()
    run_whole(config, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out" / "model-last").exists()


@pytest.mark.slow
def test_resuming_begins_where_there_is_nothing(texts, undisturbed, tmp_path):
    config = make_config(texts)
    assert bytes_of(run_whole(config, tmp_path / "new", resume=True)) == undisturbed.weights()


def test_a_checkpoint_holds_a_pipeline_that_spacy_loads(texts, tmp_path):
    config = make_config(texts)
    nlp = run_whole(config, tmp_path / "out", every=100)
    folder = Checkpoints(tmp_path / "out" / "checkpoint").paths()[-1]
    loaded = spacy.load(folder / "pipeline")
    assert bytes_of(loaded) == bytes_of(nlp)


NER = {
    "factory": "ner",
    "model": {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 8,
        "maxout_pieces": 2,
        "use_upper": True,
        "tok2vec": {"@architectures": "spacy.Tok2VecListener.v1", "width": 8},
    },
    "update_with_oracle_cut_size": 3,
}
KINDS = {"cat": "B-ACTOR", "sailor": "B-ACTOR", "boat": "B-THING", "pears": "B-THING"}


@pytest.mark.slow
def test_a_parser_that_draws_random_numbers_itself_goes_on(texts, tmp_path):
    """spaCy's transition systems cut long documents at random places."""
    changes = {"nlp__pipeline": ["rnn_lm", "ner"], "components__ner": NER}
    changes |= {"training__max_steps": 12, "training__batcher__size": 60}
    changes |= annotate(texts, "ents", lambda word: KINDS.get(word, "O"))
    config = make_config(texts, **changes)
    whole = run_whole(config, tmp_path / "whole")
    run_killed(config, tmp_path / "broken", 9, every=4)
    resumed = run_whole(config, tmp_path / "broken", every=4, resume=True)
    assert bytes_of(resumed) == bytes_of(whole)


def test_a_kill_before_the_first_step_is_over_can_be_gone_on_with(texts, undisturbed, tmp_path):
    config = make_config(texts)
    run_killed(config, tmp_path / "broken", 0)
    run_killed(config, tmp_path / "broken", 1, resume=True)
    assert (tmp_path / "broken" / "model-best").exists()
    assert bytes_of(run_whole(config, tmp_path / "broken", resume=True)) == undisturbed.weights()


@pytest.mark.parametrize("every", [17, 5])
def test_a_kill_before_the_last_model_is_written_is_no_complete_training(
    texts, undisturbed, tmp_path, every
):
    config = make_config(texts)  # of 17 steps
    run = begin(config, tmp_path / "broken", every=every)
    write_last = run._write_last

    def killed():
        if run.loop.is_over():
            raise Killed
        write_last()

    run._write_last = killed
    with pytest.raises(Killed):
        run.execute()
    resumed = run_whole(config, tmp_path / "broken", every=every, resume=True)
    saved = spacy.load(tmp_path / "broken" / "model-last")
    assert bytes_of(saved) == bytes_of(resumed) == undisturbed.weights()


@pytest.mark.slow
def test_fewer_epochs_can_be_asked_for(texts, tmp_path):
    changes = {"training__max_steps": 0, "training__batcher__size": 300}
    run_killed(make_config(texts, **changes, training__max_epochs=9), tmp_path / "out", 15, every=2)
    fewer = make_config(texts, **changes, training__max_epochs=2)
    run = begin(fewer, tmp_path / "out", resume=True)
    before = run.loop.progress.steps
    run.execute()
    assert run.loop.progress.steps == before
    with pytest.raises(ValueError, match=r"R602.*max_epochs"):
        begin(make_config(texts, **changes, training__max_epochs=-1), tmp_path / "out", resume=True)


def test_other_tags_are_another_corpus(texts, tmp_path):
    changes = {**TAGGER, "training__max_steps": 12, "training__batcher__size": 60}
    config = make_config(texts, **changes, **annotate(texts, "tags", last_letter))
    run_killed(config, tmp_path / "out", 6, every=4)
    annotate(texts, "tags", lambda word: f"begins-{word[0]}")
    with pytest.raises(ValueError, match="R611"):
        begin(config, tmp_path / "out", resume=True)


@pytest.mark.slow
def test_components_without_examples_for_a_while_go_on_too(texts, tmp_path):
    """thinc goes on to move weights whose component had nothing to learn from."""
    lines = (texts / "train.txt").read_text("utf8").splitlines()
    calls = []

    def label(word):
        calls.append(word)
        return KINDS.get(word, "O") if len(calls) < 2 * len(lines) else "O"

    changes = {"nlp__pipeline": ["rnn_lm", "ner"], "components__ner": NER}
    changes |= {"training__max_steps": 12, "training__batcher__size": 60}
    changes |= annotate(texts, "ents", label)
    config = make_config(texts, **changes)
    whole = run_whole(config, tmp_path / "whole")
    run_killed(config, tmp_path / "broken", 9, every=4)
    resumed = run_whole(config, tmp_path / "broken", every=4, resume=True)
    assert bytes_of(resumed) == bytes_of(whole)


@pytest.mark.slow
def test_scores_that_were_left_out_once_stay_out(texts, tmp_path):
    """spaCy drops the weight of a score that an evaluation doesn't have."""
    changes = {"training__score_weights__lm_acc": 1.0}
    config = make_config(texts, **changes)
    calls = []

    def evaluate(examples, lm, **options):
        calls.append(1)
        acc = None if len(calls) % 4 == 2 else float(len(calls))
        return {"lm_prob": 0.1 / len(calls), "lm_acc": acc}

    scores = []
    for parts in ([17], [8, 9]):
        calls.clear()
        for number in range(len(parts)):
            run = begin(config, tmp_path / f"{len(parts)}", every=1, resume=True)
            run.loop.nlp.get_pipe("rnn_lm").scorer = evaluate
            run.loop.recipe.settings["max_steps"] = sum(parts[: number + 1]) - 1
            run.execute()
        scores.append([score for score, _ in run.loop.progress.results])
    assert scores[0] == scores[1]
    assert scores[0][0] > 0.5 > 0.1 > scores[0][-1]


def test_two_trainings_do_not_share_a_folder(texts, tmp_path):
    config = make_config(texts)
    first = begin(config, tmp_path / "out")
    for options in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(ValueError, match="R617"):
            begin(config, tmp_path / "out", **options)
    first.execute()
    run_whole(config, tmp_path / "out", resume=True)


def test_a_training_that_was_to_be_dropped_does_not_come_back(texts, tmp_path, monkeypatch):
    config = make_config(texts)
    run_killed(config, tmp_path / "out", 13, every=4)
    removed = []

    def dying_remove(folder):
        if len(removed) == 1:
            raise Killed
        removed.append(folder)
        remove_folder(folder)

    monkeypatch.setattr(checkpoints, "remove_folder", dying_remove)
    with pytest.raises(Killed):
        begin(config, tmp_path / "out", overwrite=True)
    monkeypatch.undo()
    run = begin(config, tmp_path / "out", resume=True)
    assert run.loop.progress.steps == 0
    assert not (tmp_path / "out" / "model-best").exists()
    run.close()


def test_a_config_that_fails_drops_nothing(texts, undisturbed, tmp_path):
    undisturbed.copy(tmp_path / "out")
    before = times_of(tmp_path / "out")
    broken = make_config(texts, components__rnn_lm__model__cutoffs=[3, 2])
    with pytest.raises(ValueError, match="R018"):
        begin(broken, tmp_path / "out", overwrite=True)
    assert times_of(tmp_path / "out") == before


@pytest.mark.slow
def test_folders_may_be_links_to_another_disk(texts, tmp_path):
    config = make_config(texts)
    out = tmp_path / "out"
    out.mkdir()
    for name in ("checkpoint", "model-last"):
        (tmp_path / f"big-{name}").mkdir()
        (out / name).symlink_to(tmp_path / f"big-{name}")
    run_whole(config, out, overwrite=True)
    assert (out / "model-last").is_symlink()
    assert (tmp_path / "big-model-last" / "rnn_lm" / "model").exists()
    assert Checkpoints(tmp_path / "big-checkpoint").paths()
    run_whole(config, out, overwrite=True)
