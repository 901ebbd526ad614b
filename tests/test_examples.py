"""The programs of examples/ on small files."""

import importlib.util
import json
import shutil

import pytest
import typer
from typer.testing import CliRunner

from .helpers import ENGLISH, ROOT

pytestmark = pytest.mark.slow


def load(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def invoke(program, *args):
    app = typer.Typer()
    app.command()(program.main)
    return CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=False)


def run(program, *args):
    done = invoke(program, *args)
    assert done.exit_code == 0, done.output
    return done.output.splitlines()[-1]


def write(path, texts):
    import pyarrow.parquet

    if path.suffix == ".txt":
        path.write_text("".join(text + "\n" for text in texts))
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    else:
        pyarrow.parquet.write_table(pyarrow.table({"text": texts}), path)


def read(folder):
    import pyarrow.parquet

    steps = [step for step in folder.glob("step-*") if list(step.glob("*.parquet"))]
    rows = [row for step in steps for row in pyarrow.parquet.read_table(step).to_pylist()]
    assert len({row["text"] for row in rows}) == len(rows)  # none is doubled
    return {row["text"]: row for row in rows}


@pytest.fixture(scope="module")
def model(trained, tmp_path_factory):
    path = tmp_path_factory.mktemp("examples") / "model"
    trained.to_disk(path)
    return path


@pytest.fixture(scope="module")
def program(local_ray):
    return load("score_with_ray")


def test_ray_scores_files_and_goes_on_where_it_was_stopped(program, model, trained, tmp_path):
    texts, scores = tmp_path / "texts", tmp_path / "scores"
    texts.mkdir()
    for number in range(3):
        write(texts / f"{number}.jsonl", ENGLISH[number * 10 : number * 10 + 10])
    options = ["--workers", 2, "--step", 2, "--measures", "rank"]
    assert "3 files scored, 3 in all" in run(program, model, texts, scores, *options)
    assert sorted(path.name for path in scores.glob("step*")) == ["step-00000", "step-00001"]
    found = read(scores)
    assert set(found) == set(ENGLISH[:30])
    for text, row in found.items():
        assert row["perplexity"] == pytest.approx(trained(text)._.rnn_perplexity, rel=1e-5)
        assert row["error"] == "" and row["mean_rank"] >= 1
    # as if stopped in the second step; then there is one more file
    (scores / "step-00001" / "_done.json").unlink()
    write(texts / "3.jsonl", ENGLISH[30:35])
    kept = {path: path.stat().st_mtime_ns for path in (scores / "step-00000").iterdir()}
    assert "2 files scored, 4 in all" in run(program, model, texts, scores, *options)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert set(read(scores)) == set(ENGLISH[:35])
    assert "0 files scored, 4 in all" in run(program, model, texts, scores, *options)
    # a step that was removed is scored again, and no other one
    shutil.rmtree(scores / "step-00000")
    kept = {path: path.stat().st_mtime_ns for path in (scores / "step-00001").iterdir()}
    assert "2 files scored, 4 in all" in run(program, model, texts, scores, *options)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert set(read(scores)) == set(ENGLISH[:35])
    # other scores need another folder
    for other in ([model, tmp_path / "more"], [tmp_path / "model2", texts]):
        done = invoke(program, *other, scores, *options)
        assert done.exit_code == 1 and "give another folder" in str(done.exception)


@pytest.mark.parametrize("suffix", [".parquet", ".txt"])
def test_ray_reads_other_formats(program, model, trained, tmp_path, suffix):
    path, scores = tmp_path / f"texts{suffix}", tmp_path / "scores"
    write(path, ENGLISH[:7])
    assert "1 files scored" in run(program, model, path, scores)
    found = read(scores)
    assert set(found) == set(ENGLISH[:7])
    for text, row in found.items():
        assert row["surprisal"] == pytest.approx(trained(text)._.rnn_surprisal, rel=1e-5)
    shutil.rmtree(scores)


def test_ray_passes_over_files_without_rows(program, model, tmp_path):
    texts, scores = tmp_path / "texts", tmp_path / "scores"
    texts.mkdir()
    (texts / "a.txt").write_text("\n")
    assert "1 files scored, 1 in all" in run(program, model, texts, scores)
    write(texts / "b.txt", ENGLISH[:3])
    assert "1 files scored, 2 in all" in run(program, model, texts, scores)
    assert set(read(scores)) == set(ENGLISH[:3])


def test_lists_of_complete_steps_are_whole_or_not_there(program, tmp_path, monkeypatch):
    path = tmp_path / "_done.json"
    program.write_whole(path, ["a"])

    def fill(part, text):
        with open(part, "w") as file:
            file.write(text[:3])
        raise OSError("no room")

    monkeypatch.setattr(type(path), "write_text", fill)
    with pytest.raises(OSError):
        program.write_whole(path, ["a", "b"])
    assert json.loads(path.read_bytes()) == ["a"]


def test_ray_needs_files_of_one_kind(program, model, tmp_path):
    (tmp_path / "a.txt").write_text("the cat\n")
    (tmp_path / "b.jsonl").write_text('{"text": "the cat"}\n')
    with pytest.raises(SystemExit, match="one of these kinds"):
        program.find_files(tmp_path, tmp_path / "scores")


def test_pinyin_finds_words_that_sound_as_typed(chinese):
    lm = chinese.get_pipe("rnn_lm")
    example = load("pinyin")
    found = example.complete_pinyin(lm, "猫看", "zh", k=3)
    assert {word for word, _ in found} == {"追", "着"}
    distribution = dict(zip(*lm.next_distribution("猫看"), strict=True))
    total = distribution["追"] + distribution["着"]
    for word, probability in found:
        assert probability == pytest.approx(distribution[word] / total, rel=1e-4)
    assert example.complete_pinyin(lm, "猫看", "xxx") == []
