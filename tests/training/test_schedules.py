"""Learning rates over the steps of a training."""

from itertools import islice

import numpy as np
import pytest
from spacy.util import registry
from thinc.api import Adam

from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.training.schedules import one_cycle, warmup_cosine

from ..helpers import CONFIG, train_corpus, write_corpus


def rates(schedule, steps):
    return list(islice(schedule, steps))


@pytest.mark.parametrize("total", [10, 40, 1000])
def test_one_cycle_rises_to_its_highest_rate_and_falls_to_the_last_one(total):
    found = rates(one_cycle(0.5, total, rise=0.3, start_factor=0.1, end_factor=0.02), total + 5)
    peak = int(np.argmax(found))
    assert peak == int(0.3 * total)
    assert found[peak] == pytest.approx(0.5)
    assert found[0] == pytest.approx(0.05)
    assert found[total:] == pytest.approx([0.01] * 5)
    assert (np.diff(found[: peak + 1]) > 0).all()
    assert (np.diff(found[peak : total + 1]) < 0).all()


def test_halves_of_one_cycle_are_halves_of_a_cosine():
    found = rates(one_cycle(1.0, 8, rise=0.5, start_factor=0.2), 9)
    up = 0.2 + 0.8 * (1 - np.cos(np.pi * np.arange(4) / 4)) / 2
    down = (1 + np.cos(np.pi * np.arange(5) / 4)) / 2
    np.testing.assert_allclose(found, [*up, *down], atol=1e-12)


def test_warm_up_is_a_line_and_what_follows_a_cosine():
    found = rates(warmup_cosine(0.1, 4, 10, end_factor=0.1), 12)
    np.testing.assert_allclose(found[:4], 0.1 * np.arange(1, 5) / 5)
    down = 0.01 + 0.09 * (1 + np.cos(np.pi * np.arange(6) / 6)) / 2
    np.testing.assert_allclose(found[4:10], down)
    assert found[10:] == pytest.approx([0.01, 0.01])


def test_thinc_steps_a_registered_schedule():
    schedule = registry.resolve(
        {"rate": {"@schedules": "spacy-rnn.one_cycle.v1", "max_rate": 1.0, "total_steps": 4}}
    )["rate"]
    optimizer = Adam(schedule)
    found = []
    for _ in range(6):
        found.append(optimizer.learn_rate)
        optimizer.step_schedules()
    assert found == pytest.approx(rates(one_cycle(1.0, 4), 6))


def test_spacy_train_steps_the_schedule(tmp_path, monkeypatch):
    found = []
    original = RNNLM.finish_update

    def spy(self, sgd):
        found.append(sgd.learn_rate)
        original(self, sgd)

    monkeypatch.setattr(RNNLM, "finish_update", spy)
    write_corpus(tmp_path / "corpus")
    config = tmp_path / "config.cfg"
    text = CONFIG.read_text(encoding="utf8")
    start = text.index("[training.optimizer.learn_rate]")
    stop = text.index("\n[", start)
    block = (
        '[training.optimizer.learn_rate]\n@schedules = "spacy-rnn.warmup_cosine.v1"\n'
        "initial_rate = 0.01\nwarmup_steps = 3\ntotal_steps = 12\n"
    )
    config.write_text(text[:start] + block + text[stop:], encoding="utf8")
    done = train_corpus(
        tmp_path / "corpus",
        tmp_path / "out",
        config=config,
        **{
            "--training.max_steps": 12,
            "--training.eval_frequency": 6,
            "--training.optimizer.learn_rate.warmup_steps": 3,
            "--training.optimizer.learn_rate.initial_rate": 0.01,
        },
    )
    assert done.exit_code == 0, done.output
    assert found[:12] == pytest.approx(rates(warmup_cosine(0.01, 3, 12), 12))


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: one_cycle(0, 10), "max_rate"),
        (lambda: one_cycle(1, 0), "total_steps"),
        (lambda: one_cycle(1, 10, rise=1.0), "rise"),
        (lambda: one_cycle(1, 10, start_factor=2), "start_factor"),
        (lambda: one_cycle(1, 10, end_factor=-1), "end_factor"),
        (lambda: warmup_cosine(-1, 1, 10), "initial_rate"),
        (lambda: warmup_cosine(1, 10, 10), "warmup_steps"),
        (lambda: warmup_cosine(1, 0, 0), "total_steps"),
        (lambda: warmup_cosine(1, 0, 5, end_factor=1.5), "end_factor"),
        (lambda: one_cycle("0.1", 10), "max_rate"),
        (lambda: one_cycle(1, 10.5), "total_steps"),
        (lambda: warmup_cosine(1, "2", 10), "warmup_steps"),
    ],
)
def test_options_out_of_range_are_refused_at_once(make, option):
    with pytest.raises(ValueError, match=f"R309.*{option}"):
        make()
