import io
import math
from types import SimpleNamespace

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.util import registry

from spacy_rnn.pipeline.scorer import make_lm_scorer
from spacy_rnn.training.log_outputs import read_evaluations
from spacy_rnn.training.logger import ConsoleLogger, find_language_models

from ..corpus.conftest import TEXTS, write_corpus
from .conftest import run_training

LM_SCORES = {"lm_perplexity": 40.0, "lm_acc": 0.125, "lm_oov": 0.03, "lm_prob": 0.025}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def make_nlp(*names, max_steps=100, max_epochs=0, eval_frequency=10, **score_weights):
    training = {
        "max_steps": max_steps,
        "max_epochs": max_epochs,
        "eval_frequency": eval_frequency,
        "score_weights": score_weights,
    }
    nlp = spacy.blank("xx", config={"training": training})
    for name in names:
        nlp.add_pipe("spacy_rnn_tests_stub", name=name)
    nlp.config["training"]["score_weights"] = score_weights
    return nlp


class Run:
    """A training whose every step takes a second, and every evaluation a minute."""

    def __init__(self, nlp, **options):
        self.clock = 0.0
        self.stdout = options.pop("stdout", None) or io.StringIO()
        self.stderr = options.pop("stderr", io.StringIO())
        options.setdefault("progress_bar", False)
        self.logger = ConsoleLogger(nlp, self.stdout, self.stderr, clock=self.get_time, **options)
        self.step = 0
        self.checkpoints = []

    def get_time(self):
        return self.clock

    def train(self, steps):
        for _ in range(steps):
            self.clock += 1
            self.step += 1
            self.logger.log_step(None)

    def evaluate(self, losses, scores=None, *, score=0.0, epoch=0):
        self.clock += 1 + 60
        self.checkpoints.append((score, self.step))
        info = {
            "epoch": epoch,
            "step": self.step,
            "score": score,
            "other_scores": scores or {},
            "losses": losses,
            "checkpoints": self.checkpoints,
            "seconds": int(self.clock),
            "words": 8 * (self.step + 1),
        }
        self.logger.log_step(info)
        self.step += 1

    @property
    def lines(self):
        return self.stdout.getvalue().splitlines()

    def cells(self):
        """Read the table by the rule under its header: a list of {header: cell}."""
        header, rule, *rows = self.lines
        ends = [i for i in range(len(rule)) if rule[i] == "-" and rule[i + 1 : i + 2] != "-"]
        starts = [0, *(end + 1 for end in ends[:-1])]
        spans = list(zip(starts, [end + 1 for end in ends], strict=True))
        names = [header[a:b].strip() for a, b in spans]
        tables = [
            dict(zip(names, (row[a:b].strip() for a, b in spans), strict=True)) for row in rows
        ]
        for table, row in zip(tables, rows, strict=True):
            table["best"] = row[ends[-1] + 1 :].strip()
        return tables


def loss_of(perplexity, tokens, name="lm"):
    return {name: math.log(perplexity) * tokens, f"{name}_tokens": tokens}


def test_row_shows_every_figure_of_a_language_model():
    run = Run(make_nlp("lm", lm_prob=1.0))
    run.evaluate(loss_of(900.0, 50), {**LM_SCORES, "lm_perplexity": 1234.56}, score=0.001)
    run.train(9)
    run.evaluate(loss_of(80.0, 20_000), LM_SCORES, score=0.025)
    first, second = run.cells()
    assert first == {
        "E": "0",
        "#": "0",
        "TRAIN PPL": "900.0",
        "DEV PPL": "1234.6",
        "ACC %": "12.50",
        "TOKENS/S": "",
        "ELAPSED": "1:01",
        "LEFT": "",
        "best": "*",
    }
    # 10 steps of a second each: 2,000 tokens a second; 90 steps of 7 seconds each are left.
    assert second == {
        "E": "0",
        "#": "10",
        "TRAIN PPL": "80.0",
        "DEV PPL": "40.0",
        "ACC %": "12.50",
        "TOKENS/S": "2,000",
        "ELAPSED": "2:11",
        "LEFT": "10:30",
        "best": "*",
    }


def test_bits_per_character_have_a_column_if_there_are_any():
    with_bits = Run(make_nlp("lm"))
    with_bits.evaluate(loss_of(9.0, 5), {**LM_SCORES, "lm_bits_per_char": 1.23456})
    with_bits.train(9)
    with_bits.evaluate(loss_of(9.0, 5), {**LM_SCORES, "lm_bits_per_char": None})
    assert [row["BITS/CHAR"] for row in with_bits.cells()] == ["1.235", ""]
    without = Run(make_nlp("lm"))
    without.evaluate(loss_of(9.0, 5), {**LM_SCORES, "lm_bits_per_char": None})
    assert "BITS" not in without.lines[0]


def test_missing_and_odd_figures_leave_cells_blank():
    run = Run(make_nlp("lm", "tagger", tag_acc=0.5))
    run.evaluate({"lm": 0.0, "lm_tokens": 0, "tagger": 1.0}, {})
    run.evaluate({"lm": math.nan, "lm_tokens": 3}, {"lm_perplexity": math.inf, "tag_acc": {}})
    first, second = run.cells()
    assert (first["TRAIN PPL"], first["DEV PPL"], first["ACC %"], first["TAG_ACC"]) == ("",) * 4
    assert (second["TRAIN PPL"], second["DEV PPL"]) == ("nan", "inf")
    assert (second["LOSS TAGGER"], second["TAG_ACC"]) == ("", "")


def test_star_marks_what_spacy_saves_as_the_best():
    run = Run(make_nlp("lm"))
    for score in [0.1, 0.3, 0.2, 0.3, 0.4]:
        run.evaluate(loss_of(9.0, 5), LM_SCORES, score=score)
    assert [row["best"] for row in run.cells()] == ["*", "*", "", "*", "*"]


def test_two_language_models_have_a_column_each():
    run = Run(make_nlp("small", "large"))
    run.evaluate({**loss_of(50.0, 90, "small"), **loss_of(25.0, 90, "large")}, LM_SCORES)
    run.train(9)
    run.evaluate({**loss_of(40.0, 900, "small"), **loss_of(20.0, 900, "large")}, LM_SCORES)
    rows = run.cells()
    assert [row["PPL SMALL"] for row in rows] == ["50.0", "40.0"]
    assert [row["PPL LARGE"] for row in rows] == ["25.0", "20.0"]
    assert rows[1]["TOKENS/S"] == "90"  # both read the same text


def with_prefixes(nlp, **prefixes):
    for name, prefix in prefixes.items():
        nlp.get_pipe(name).scorer = make_lm_scorer(prefix)
    return nlp


def test_a_language_model_shows_the_scores_of_its_own_prefix():
    nlp = with_prefixes(make_nlp("lm", forth_prob=1.0, forth_acc=0.0), lm="forth")
    run = Run(nlp)
    scores = {"forth_perplexity": 30.0, "forth_acc": 0.25, "forth_bits_per_char": 1.5}
    run.evaluate(loss_of(9.0, 5), {**LM_SCORES, **scores})
    (row,) = run.cells()
    assert list(row)[2:7] == ["TRAIN PPL", "DEV PPL", "ACC %", "BITS/CHAR", "TOKENS/S"]
    assert [row[name] for name in ("DEV PPL", "ACC %", "BITS/CHAR")] == ["30.0", "25.00", "1.500"]


def test_each_of_two_language_models_shows_the_scores_of_its_own_prefix_once():
    weights = {"a_prob": 0.5, "b_prob": 0.5, "a_acc": 0.0, "tag_acc": 0.0}
    run = Run(with_prefixes(make_nlp("small", "large", **weights), small="a", large="b"))
    scores = {"a_perplexity": 50.0, "a_acc": 0.1, "b_perplexity": 25.0, "b_acc": 0.2}
    losses = {**loss_of(60.0, 90, "small"), **loss_of(30.0, 90, "large")}
    run.evaluate(losses, {**scores, "b_bits_per_char": 1.25, "tag_acc": 0.5})
    (row,) = run.cells()
    assert list(row.items())[2:10] == [
        ("PPL SMALL", "60.0"),
        ("PPL LARGE", "30.0"),
        ("DEV SMALL", "50.0"),
        ("ACC SMALL", "10.00"),
        ("DEV LARGE", "25.0"),
        ("ACC LARGE", "20.00"),
        ("BITS LARGE", "1.250"),
        ("TAG_ACC", "50.00"),
    ]


def test_two_language_models_of_one_prefix_have_its_scores_once():
    run = Run(make_nlp("small", "large"))
    run.evaluate({**loss_of(50.0, 90, "small"), **loss_of(25.0, 90, "large")}, LM_SCORES)
    (row,) = run.cells()
    assert list(row)[2:6] == ["PPL SMALL", "PPL LARGE", "DEV PPL", "ACC %"]
    assert (row["DEV PPL"], row["ACC %"]) == ("40.0", "12.50")


def test_components_beside_a_language_model_show_loss_and_weighted_scores():
    run = Run(make_nlp("lm", "tagger", tag_acc=1.0, lm_prob=0.0, tag_micro_f=None, speed=0.0))
    scores = {**LM_SCORES, "tag_acc": 0.875, "speed": 12345.6, "tag_micro_f": 0.5}
    run.evaluate({**loss_of(9.0, 5), "tagger": 12.345}, scores, score=0.875)
    (row,) = run.cells()
    headers = "E # TRAIN_PPL DEV_PPL ACC_% LOSS_TAGGER TAG_ACC SPEED SCORE TOKENS/S ELAPSED LEFT"
    assert [name.replace(" ", "_") for name in row] == [*headers.split(), "best"]
    shown = [row[name] for name in ("LOSS TAGGER", "TAG_ACC", "SPEED", "SCORE")]
    assert shown == ["12.35", "87.50", "12,346", "0.88"]


def test_pipeline_without_language_model_has_an_ordinary_table():
    run = Run(make_nlp("tagger", tag_acc=1.0))
    run.evaluate({"tagger": 3.0}, {"tag_acc": 0.5}, score=0.5)
    run.train(9)
    run.evaluate({"tagger": 2.0}, {"tag_acc": 0.75}, score=0.75)
    rows = run.cells()
    assert [row["TAG_ACC"] for row in rows] == ["50.00", "75.00"]
    assert "DEV PPL" not in rows[0]
    assert rows[1]["TOKENS/S"] == "8"  # the words that spaCy counts


def test_frozen_and_untrainable_components_have_no_column():
    nlp = make_nlp("lm", "frozen")
    nlp.add_pipe("sentencizer")
    with nlp.select_pipes(disable=["frozen"]):
        run = Run(nlp)
    run.evaluate(loss_of(9.0, 5), LM_SCORES)
    assert "LOSS" not in run.lines[0]


def test_language_models_are_known_by_the_tokens_they_count():
    losses = {"lm": 1.0, "lm_tokens": 5, "tagger": 2.0, "odd": 3.0, "odd_tokens": 4.0}
    assert find_language_models(["lm", "tagger", "odd", "odd_tokens"], losses) == ["lm"]


# --- the progress bar ---


def test_bar_shows_progress_and_the_last_figures_on_a_terminal():
    terminal = Terminal()
    run = Run(make_nlp("lm"), progress_bar=True, stderr=terminal)
    run.evaluate(loss_of(9.0, 5), LM_SCORES)
    run.train(9)
    run.evaluate(loss_of(7.5, 50), LM_SCORES, epoch=3)
    run.logger.log_step(None)
    run.logger.finalize()
    shown = terminal.getvalue()
    assert "/10" in shown
    assert "Epoch 3" in shown
    assert "ppl 7.5, 5 tokens/s" in shown
    # The bar erases itself, and no part of it is in the table.
    assert shown.endswith("\r")
    assert len(run.lines) == 4


def test_bar_is_closed_before_a_row_is_written():
    both = Terminal()
    run = Run(make_nlp("lm"), progress_bar=True, stderr=both, stdout=both)
    for _ in range(3):
        run.evaluate(loss_of(9.0, 5), LM_SCORES)
        run.train(9)
    run.logger.finalize()
    # What a terminal shows: what follows the last carriage return of each line.
    screen = [line.rpartition("\r")[2] for line in both.getvalue().split("\n")]
    assert [line.split()[:2] for line in screen[2:5]] == [["0", "0"], ["0", "10"], ["0", "20"]]


def test_bar_ends_where_the_training_ends():
    terminal = Terminal()
    run = Run(make_nlp("lm", max_steps=7), progress_bar=True, stderr=terminal)
    run.evaluate(loss_of(9.0, 5), LM_SCORES)
    run.logger.finalize()
    assert "0/7" in terminal.getvalue()


def test_there_is_no_bar_where_stderr_is_no_terminal():
    run = Run(make_nlp("lm"), progress_bar=True)
    run.evaluate(loss_of(9.0, 5), LM_SCORES)
    run.train(9)
    run.logger.finalize()
    assert run.stderr.getvalue() == ""


# --- with spaCy's own training ---


def test_registered_name_resolves_with_every_default_filled_in():
    block = {"@loggers": "spacy-rnn.ConsoleLogger.v1"}
    filled = registry.fill({"logger": block})["logger"]
    assert filled == {**block, "progress_bar": True, "output_file": None}
    assert callable(registry.resolve({"logger": filled})["logger"])


def test_table_of_a_real_training(tmp_path):
    path = write_corpus(tmp_path / "a.txt", TEXTS)
    log = tmp_path / "log.jsonl"
    _, out = run_training(path, path, max_length=5, logger={"output_file": str(log)})
    rows = read_evaluations(log)
    assert len(rows) >= 5
    assert [row["step"] for row in rows] == list(range(0, 2 * len(rows), 2))
    assert all(row["train_perplexity"] == pytest.approx(math.exp(2)) for row in rows)
    assert all(row["scores"]["lm_acc"] == 0.25 for row in rows)
    assert all(row["tokens_per_second"] > 0 for row in rows[1:])
    table = Run.cells(SimpleNamespace(lines=out.splitlines()[-len(rows) - 2 :]))
    assert [row["TRAIN PPL"] for row in table] == ["7.4"] * len(rows)
    assert [row["DEV PPL"] for row in table] == ["7.4"] * len(rows)
    assert [row["#"] for row in table] == [str(row["step"]) for row in rows]


def test_stock_component_trains_with_reader_and_logger(tmp_path, nlp):
    docs = []
    for text, label in [("what a fine day", "GOOD"), ("this is awful", "BAD")] * 5:
        docs.append(nlp.make_doc(text))
        docs[-1].cats = {"GOOD": float(label == "GOOD"), "BAD": float(label == "BAD")}
    path = tmp_path / "a.spacy"
    DocBin(docs=docs).to_disk(path)
    model = {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "ngram_size": 1,
        "no_output_layer": False,
        "length": 1024,
    }
    trained, out = run_training(
        path,
        path,
        components={"textcat": {"factory": "textcat", "model": model}},
        training={"max_epochs": 8},
    )
    assert trained("a fine day").cats["GOOD"] > 0.5
    header = next(i for i, line in enumerate(out.splitlines()) if "LOSS TEXTCAT" in line)
    table = Run.cells(SimpleNamespace(lines=out.splitlines()[header:]))
    assert table[-1]["CATS_SCORE"] == "100.00"
    assert table[-1]["best"] == "*"
    losses = [float(row["LOSS TEXTCAT"]) for row in table]
    assert losses[-1] < losses[1]


def test_without_a_terminal_a_line_every_thirty_seconds_says_how_far_it_is():
    run = Run(make_nlp("lm", max_steps=200), progress_bar=True)
    run.evaluate({"lm": 3.0, "lm_tokens": 2}, LM_SCORES)
    run.train(95)
    lines = run.stderr.getvalue().splitlines()
    # one step was evaluated, and each of the others took a second
    assert [line.split(",")[0] for line in lines] == [
        f"step {step} of 200" for step in (31, 61, 91)
    ]
    run.evaluate({"lm": 3.0, "lm_tokens": 2}, LM_SCORES)
    run.train(29)
    assert run.stderr.getvalue().splitlines() == lines  # the table has just shown a row
    run.train(1)
    assert run.stderr.getvalue().splitlines()[3].startswith("step 127 of 200")


def test_without_a_progress_bar_nothing_is_said_in_between():
    run = Run(make_nlp("lm"), progress_bar=False)
    run.evaluate({"lm": 3.0, "lm_tokens": 2}, LM_SCORES)
    run.train(95)
    assert run.stderr.getvalue() == ""


def test_an_encoder_that_only_serves_and_scores_that_nobody_computes_have_no_column():
    nlp = make_nlp("lm", "tagger_stub", tag_acc=1.0, pos_acc=0.0, dep_uas=0.0)
    nlp.get_pipe("lm").lm_weight = 0.0
    run = Run(nlp)
    losses = {"lm": 0.0, "lm_tokens": 0, "tagger_stub": 4.0}
    run.evaluate(losses, {"tag_acc": 0.5, "dep_uas": 0.25})
    header = run.lines[0].split("  ")
    assert [name.strip() for name in header if name.strip()][2:6] == [
        "LOSS TAGGER_STUB",
        "TAG_ACC",
        "DEP_UAS",
        "SCORE",
    ]
