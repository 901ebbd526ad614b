"""`BatchScorer` on batches of every kind and in threads, and rows that can't be scored."""

import json
import math
import os
import pickle
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from thinc.api import NumpyOps, get_current_ops, set_current_ops

import spacy_rnn.scoring.loaded as loaded
from spacy_rnn import BatchScorer

from ..batches import COUNTS, FLOATS, TEXTS, assert_columns, expected
from ..helpers import make_pipeline, run_spacy


@pytest.fixture(scope="module")
def model(trained, tmp_path_factory):
    """The folder of a small trained English pipeline."""
    path = tmp_path_factory.mktemp("batches") / "model"
    trained.to_disk(path)
    return path


@pytest.fixture
def fresh(monkeypatch):
    """As in a new process: nothing is loaded."""
    monkeypatch.setattr(loaded, "_LOADED", {})


def test_rows_have_the_numbers_of_their_documents(model, trained):
    batch = {"id": np.arange(len(TEXTS)), "text": np.array(TEXTS, dtype=object)}
    found = BatchScorer(model)(batch)
    assert list(found) == ["id", "text", *COUNTS, *FLOATS, "error"]
    assert_columns(found, expected(trained, TEXTS))
    assert found["id"] is batch["id"] and list(batch) == ["id", "text"]
    assert {found[name].dtype for name in COUNTS} == {np.dtype("int64")}
    assert {found[name].dtype for name in FLOATS} == {np.dtype("float64")}
    assert list(found["error"]) == [""] * len(TEXTS)
    assert sum(found["unknown"]) > 0


def test_rows_have_what_rnn_score_writes(model, tmp_path):
    texts = [*(text for text in TEXTS if text.strip()), "zeppelin"]
    lines = [json.dumps({"text": text}) + "\n" for text in texts]
    (tmp_path / "texts.jsonl").write_text("".join(lines))
    command = ["rnn", "score", model, tmp_path / "texts.jsonl", tmp_path / "out.jsonl"]
    done = run_spacy(*command, "--measures", "rank,entropy")
    assert done.exit_code == 0, done.output
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    found = BatchScorer(model, measures=["rank", "entropy"], on_error="raise")({"text": texts})
    assert np.isnan(found["mean_rank"]).any()  # a text of unknown words
    assert list(found)[1:] == list(records[0])[2:]
    for name in list(found)[1:]:
        written = [math.nan if r[name] is None else r[name] for r in records]
        np.testing.assert_allclose(found[name], written, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("size", [1, 3, None])
def test_the_size_of_batches_changes_no_number(model, trained, size, monkeypatch):
    monkeypatch.setattr("spacy_rnn.scoring.chunks._CHARACTERS", 60)
    found = BatchScorer(model, batch_size=size)({"text": TEXTS})
    assert_columns(found, expected(trained, TEXTS))


def test_lists_strings_of_numpy_frames_and_tables_are_batches(model, trained):
    columns = expected(trained, TEXTS)
    scorer = BatchScorer(model, text="body", prefix="lm_")
    prefixed = {f"lm_{name}": values for name, values in columns.items()}
    for texts in (TEXTS, tuple(TEXTS), np.array(TEXTS)):
        found = scorer({"body": texts})
        assert found["body"] is texts
        assert_columns({name: found[f"lm_{name}"] for name in columns}, columns)
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"body": TEXTS, "tokens": 7}, index=range(50, 50 + len(TEXTS)))
    found = scorer(frame)
    assert list(found.columns) == ["body", "tokens", *prefixed, "lm_error"]
    assert found.index.equals(frame.index) and list(frame.columns) == ["body", "tokens"]
    assert_columns({name: found[f"lm_{name}"] for name in columns}, columns)
    for table in (pyarrow.table({"body": TEXTS}), pyarrow.record_batch({"body": TEXTS})):
        found = scorer(table)
        assert type(found) is type(table)
        assert found.schema.names == ["body", *prefixed, "lm_error"]
        # a missing number is null
        assert found.column("lm_bits_per_char").null_count == sum(
            map(math.isnan, columns[FLOATS[3]])
        )
        pairs = {
            name: found.column(f"lm_{name}").to_numpy(zero_copy_only=False) for name in columns
        }
        assert_columns(pairs, columns)
        assert [str(kind) for kind in found.schema.types[1:4]] == ["int64"] * 3


def test_it_can_be_pickled_before_and_after_its_use(model, trained, fresh):
    scorer = BatchScorer(model, measures=["entropy"])
    before = pickle.dumps(scorer)
    scorer({"text": TEXTS})
    assert pickle.dumps(scorer) == before and len(before) < 1000
    assert_columns(pickle.loads(before)({"text": TEXTS}), expected(trained, TEXTS))


def test_a_process_loads_once_whatever_its_threads_do(model, trained, fresh, monkeypatch):
    calls, load = [], spacy.load
    monkeypatch.setattr(spacy, "load", lambda name: calls.append(name) or load(name))
    scorers = [BatchScorer(model), pickle.loads(pickle.dumps(BatchScorer(model, prefix="x_")))]
    assert not calls  # not before the first batch
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: scorers[i % 2]({"text": TEXTS[i % 3 :]}), range(24)))
    assert calls == [str(model)]
    for i, batch in enumerate(found):
        columns = expected(trained, TEXTS[i % 3 :])
        prefix = "x_" if i % 2 else ""
        assert_columns({name: batch[prefix + name] for name in columns}, columns)


def test_nothing_is_left_in_the_vocab(model, fresh):
    scorer = BatchScorer(model, batch_size=16)
    scorer({"text": TEXTS})
    (pipeline,) = loaded._LOADED.values()
    vocab = pipeline.nlp.vocab
    before = len(vocab.strings), len(list(vocab))
    scorer({"text": [f"word{number} and other{number}" for number in range(500)] + [None]})
    assert (len(vocab.strings), len(list(vocab))) == before


@pytest.mark.slow
def test_places_for_words_are_given_back_in_long_jobs(model, fresh, monkeypatch):
    monkeypatch.setattr(loaded, "_RELEASE_AFTER", 20)
    scorer = BatchScorer(model, batch_size=10)
    places = []
    for job in range(6):
        texts = [" ".join(f"w{job}x{row}x{i}" for i in range(200)) for row in range(20)]
        scorer({"text": texts})
        (pipeline,) = loaded._LOADED.values()
        places.append(pipeline.nlp.vocab.strings._map.capacity)
    assert len(set(places)) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_child_that_was_forked_while_a_thread_scored_or_loaded_loads_anew(model, trained, fresh):
    scorer = BatchScorer(model)
    scorer({"text": TEXTS})
    (pipeline,) = loaded._LOADED.values()
    columns = expected(trained, TEXTS)
    with ThreadPoolExecutor(1) as pool:  # the thread that holds the locks is not in the child
        pool.submit(lambda: (pipeline.lock.acquire(), loaded._LOADING.acquire())).result()
        child = os.fork()
        if not child:
            signal.alarm(60)
            assert_columns(scorer({"text": TEXTS}), columns)
            os._exit(0 if [*loaded._LOADED.values()] != [pipeline] else 1)
        pool.submit(lambda: (pipeline.lock.release(), loaded._LOADING.release())).result()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_no_more_is_computed_than_is_given(model, fresh):
    BatchScorer(model)({"text": TEXTS})
    BatchScorer(model, measures=["rank"])({"text": TEXTS})
    plain, rank = loaded._LOADED.values()
    assert plain.lm.annotations == ("log_probs",) and rank.lm.annotations == ("log_probs", "rank")


# --- rows that can't be scored


def test_rows_without_a_text_have_a_reason_and_no_numbers(model, trained):
    missing = [None, math.nan, 7, b"the harbour"]
    texts = [TEXTS[0], *missing, TEXTS[1]]
    found = BatchScorer(model, measures="entropy")({"text": texts})
    errors = list(found["error"])
    assert errors[0] == errors[5] == ""
    assert all("R524" in error for error in errors[1:5])
    assert (
        "null" in errors[1] and "null" in errors[2] and "int" in errors[3] and "bytes" in errors[4]
    )
    for name in COUNTS:
        assert list(found[name][1:5]) == [0] * 4
    for name in (*FLOATS, "mean_entropy"):
        assert np.isnan(found[name][1:5]).all()
        assert np.isfinite(found[name][[0, 5]]).all()
    good = {name: found[name][[0, 5]] for name in (*COUNTS, *FLOATS)}
    assert_columns(good, expected(trained, TEXTS[:2]))


def test_the_missing_values_of_frames_and_tables_are_nulls(model):
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    scorer = BatchScorer(model)
    column = pandas.array([TEXTS[0], pandas.NA], dtype="string")
    found = scorer(pandas.DataFrame({"text": column}))
    assert found["error"].tolist() == ["", "[R524] There is no text here, but null."]
    found = scorer(pyarrow.table({"text": [None, TEXTS[0]]}))
    assert found.column("surprisal").is_null().to_pylist() == [True, False]
    assert found.column("tokens").to_pylist()[0] == 0


def test_a_text_that_no_doc_can_hold_costs_only_its_row(model, trained, fresh):
    scorer = BatchScorer(model)
    scorer({"text": []})
    (pipeline,) = loaded._LOADED.values()
    pipeline.nlp.max_length = 60
    texts = [TEXTS[0], "half a \ud800", TEXTS[1], "the cat " * 8, TEXTS[2]]
    found = scorer({"text": texts})
    assert [bool(error) for error in found["error"]] == [False, True, False, True, False]
    assert "surrogates" in found["error"][1] and "E088" in found["error"][3]
    good = {name: found[name][::2] for name in (*COUNTS, *FLOATS)}
    assert_columns(good, expected(trained, TEXTS[:3]))


@Language.component("rnn_batch_test_fails", retokenizes=True)
def fails(doc):
    if "zeppelin" in doc.text:
        raise ValueError("no zeppelins here")
    return doc


def test_a_document_that_a_component_fails_on_costs_only_its_row(trained, tmp_path):
    nlp = make_pipeline()
    nlp.add_pipe("rnn_batch_test_fails", first=True)
    nlp.to_disk(tmp_path / "model")
    found = BatchScorer(tmp_path / "model")({"text": TEXTS})
    assert [bool(error) for error in found["error"]] == ["zeppelin" in text for text in TEXTS]
    assert "no zeppelins here" in found["error"][3]
    good = [text for text in TEXTS if "zeppelin" not in text]
    keep = found["error"] == ""
    nlp.remove_pipe("rnn_batch_test_fails")
    assert_columns({n: found[n][keep] for n in (*COUNTS, *FLOATS)}, expected(nlp, good))


def test_a_row_that_can_not_be_scored_can_be_an_error(model, fresh):
    scorer = BatchScorer(model, on_error="raise")
    assert "error" not in scorer.columns
    with pytest.raises(ValueError, match=r"R523.* Row 2 .*R524.*null"):
        scorer({"text": ["the cat", "a boat", None]})
    assert len(scorer({"text": TEXTS})["tokens"]) == len(TEXTS)  # it can go on


def test_a_row_that_ends_the_job_is_raised_without_docs(trained, tmp_path, fresh):
    """Their words are freed with the memory zone, but debuggers print what functions had."""
    nlp = make_pipeline()
    nlp.add_pipe("rnn_batch_test_fails", first=True)
    nlp.to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match=r"R523.*Row 1.*no zeppelins") as caught:
        BatchScorer(tmp_path / "model", on_error="raise")({"text": ["the cat", "a zeppelin"]})
    assert caught.value.__cause__ is caught.value.__context__ is None
    for frame in caught.traceback:
        assert "Doc" not in {type(value).__name__ for value in frame.locals.values()}


@Language.component("rnn_batch_test_messages", retokenizes=True)
def messages(doc):
    raise ValueError("x" * 100_000 if "cat" in doc.text else "")


def test_a_reason_is_never_empty_and_never_long(tmp_path):
    nlp = make_pipeline()
    nlp.add_pipe("rnn_batch_test_messages", first=True)
    nlp.to_disk(tmp_path / "model")
    found = BatchScorer(tmp_path / "model")({"text": ["the cat", "a boat"]})
    assert found["error"][0] == "x" * 500 and found["error"][1] == "ValueError"


def test_numbers_that_are_not_finite_are_not_given(model, fresh):
    BatchScorer(model)({"text": TEXTS})
    (pipeline,) = loaded._LOADED.values()
    with torch.no_grad():
        for parameter in pipeline.lm.shim.network.parameters():
            parameter.fill_(math.nan)
    found = BatchScorer(model)({"text": TEXTS})
    assert all("R371" in error for error in found["error"])
    assert np.isnan(found["perplexity"]).all()
    with pytest.raises(ValueError, match=r"R523.*Row 0.*R371"):
        BatchScorer(model, on_error="raise")({"text": TEXTS})


# --- options


def test_options_that_can_not_be_used_are_errors_at_once(model):
    for options, code in (
        ({"measures": ["hidden"]}, "R525"),
        ({"on_error": "skip"}, "R309"),
        ({"gpu_id": "all"}, "R309"),
        ({"gpu_id": -2}, "R309"),
        ({"gpu_id": True}, "R309"),
        ({"batch_size": 0}, "R009"),
    ):
        with pytest.raises(ValueError, match=code):
            BatchScorer(model, **options)


def test_a_batch_has_to_fit(model):
    scorer = BatchScorer(model, text="body")
    with pytest.raises(ValueError, match=r"R520.*'body'.*it has: id, text\)"):
        scorer({"id": [1], "text": ["a"]})
    with pytest.raises(ValueError, match=r"R521.*'tokens'"):
        scorer({"body": ["a"], "tokens": [1]})
    with pytest.raises(TypeError, match=r"R522.*list"):
        scorer(["a"])
    for row in ("the cat", 7, np.array("the cat")):  # Ray's `map` gives rows
        with pytest.raises(ValueError, match=r"R527.*'body'.*map_batches"):
            scorer({"body": row})
    with pytest.raises(ValueError, match=r"R529.*length of 'id' is 1, that of 'body' 2"):
        scorer({"id": [1], "body": ["a", "b"]})
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    frame = pandas.DataFrame([["a", "b"], ["c", "d"]], columns=["body", "body"])
    for batch in (frame, pyarrow.Table.from_arrays([["a"], ["b"]], ["body", "body"])):
        with pytest.raises(ValueError, match=r"R528.*2 columns 'body'"):
            scorer(batch)


def test_the_model_has_to_be_clear(tmp_path):
    with pytest.raises(OSError, match="E050"):
        BatchScorer(tmp_path / "nothing")({"text": ["a"]})
    spacy.blank("xx").to_disk(tmp_path / "blank")
    with pytest.raises(ValueError, match="R501"):
        BatchScorer(tmp_path / "blank")({"text": ["a"]})
    nlp = spacy.blank("xx")
    nlp.add_pipe("rnn_lm")
    nlp.to_disk(tmp_path / "untrained")
    with pytest.raises(ValueError, match="R015"):
        BatchScorer(tmp_path / "untrained")({"text": ["a"]})
    make_pipeline().to_disk(tmp_path / "model")
    with pytest.raises(ValueError, match=r"R503.*component"):
        BatchScorer(tmp_path / "model", component="other")({"text": ["a"]})


def test_a_gpu_is_used_if_the_worker_sees_one(model, fresh, monkeypatch):
    asked = []
    monkeypatch.setattr(spacy, "require_gpu", asked.append)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    BatchScorer(model, gpu_id="auto")({"text": TEXTS})
    assert asked == []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    BatchScorer(model, gpu_id="auto")({"text": TEXTS})
    assert set(asked) == {0}
    BatchScorer(model, gpu_id=1)({"text": TEXTS})
    assert set(asked) == {0, 1}


def test_the_cpu_is_used_where_a_gpu_was_chosen_before(model, trained, fresh):
    """For this call only: the ops of the thread that calls stay its own."""

    class OtherOps(NumpyOps):
        name = "other"

    ops = OtherOps()
    with use_ops_of(ops):
        found = BatchScorer(model)({"text": TEXTS})
        assert get_current_ops() is ops
    (pipeline,) = loaded._LOADED.values()
    assert pipeline.lm.model.ops.name == "numpy"
    assert_columns(found, expected(trained, TEXTS))


@contextmanager
def use_ops_of(ops):
    before = get_current_ops()
    set_current_ops(ops)
    try:
        yield
    finally:
        set_current_ops(before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_an_error(model):
    with pytest.raises(ValueError, match=r"R526.*gpu_id = -1"):
        BatchScorer(model, gpu_id=0)({"text": TEXTS})


@pytest.mark.slow
def test_no_engine_is_imported():
    program = "import sys, spacy_rnn; spacy_rnn.BatchScorer('x'); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"'ray'", "'pandas'", "'pyarrow'", "'pyspark'"} & set(done.stdout[1:-2].split(", "))
