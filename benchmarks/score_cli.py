"""`rnn score` against `nlp.pipe` alone over the same lines, and its peak memory on two sizes.

python benchmarks/score_cli.py path/to/model path/to/text.txt --megabytes 10

The text is repeated up to that size. Both sides run in processes of their own, in turn. Loading
doesn't count: `rnn score` is timed on a file of one line too, and that time is taken off. The
memory is the most that the command held, for the whole text and for a tenth of it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import spacy
import typer
from timing import report

from spacy_rnn.scoring.selecting import find_language_model, keep_only


def main(
    model: str = typer.Argument(help="A trained pipeline"),
    text: Path = typer.Argument(help="Text, a document a line"),
    megabytes: float = typer.Option(10, help="Size of the text that is scored"),
    rounds: int = typer.Option(3, help="Runs of each side"),
    warm: bool = typer.Option(True, help="Run both sides once before, uncounted"),
    tokens: bool = typer.Option(False, "--tokens", help="A record for each token"),
) -> None:
    """Print the peak memory and tokens a second of both sides, and their ratio."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        whole, tenth, short = (folder / f"{size}.txt" for size in ("whole", "tenth", "short"))
        data = text.read_bytes().rstrip(b"\n") + b"\n"
        size = int(megabytes * 1e6)
        for path, length in ((whole, size), (tenth, size // 10)):
            repeated = data * (length // len(data) + 1)
            path.write_bytes(repeated[: repeated.rindex(b"\n", 0, max(length, 200)) + 1])
        short.write_bytes(data[: data.index(b"\n") + 1])
        extra = ["--tokens"] if tokens else []
        speeds: dict[str, list[float]] = {"score": [], "pipe": []}
        peaks = {}
        for number in range(-int(warm), rounds):
            started, _ = run_score(model, short, folder, extra)
            seconds, peaks["whole"] = run_score(model, whole, folder, extra)
            count, piped = run_pipe(model, whole)
            if number >= 0:
                speeds["score"].append(count / (seconds - started))
                speeds["pipe"].append(count / piped)
        peaks["tenth"] = run_score(model, tenth, folder, extra)[1]
    print(f"peak memory: {peaks['whole']:,.0f} MB, of a tenth of it: {peaks['tenth']:,.0f} MB")
    report(median(speeds["score"]), median(speeds["pipe"]), unit="tokens/s")


def run_score(model: str, text: Path, folder: Path, extra: list[str]) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): Seconds of the command, and its peak memory in MB."""
    command = [sys.executable, "-m", "spacy", "rnn", "score", model, str(text)]
    command += [str(folder / "scores.jsonl"), "--overwrite", *extra]
    start = perf_counter()
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{command} failed")
    return perf_counter() - start, usage.ru_maxrss / 1024


def run_pipe(model: str, text: Path) -> tuple[int, float]:
    """RETURNS (Tuple[int, float]): Tokens, and seconds of `nlp.pipe` without the loading."""
    command = [sys.executable, __file__, "--child", model, str(text)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, seconds = json.loads(done.stdout.splitlines()[-1])
    return count, seconds


def child(model: str, text: Path) -> None:
    """Run the pipeline with the same components and annotations, in one stream."""
    nlp = spacy.load(model)
    lm = find_language_model(nlp, model)
    keep_only(nlp, lm)
    lm.annotations = ("log_probs",)
    with text.open(encoding="utf8") as file:
        lines = (line.rstrip("\n") for line in file if not line.isspace())
        list(nlp.pipe(["x"]))  # what is made at the first text belongs to the loading
        start = perf_counter()
        count = sum(len(doc) for doc in nlp.pipe(lines))
    print(json.dumps([count, perf_counter() - start]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        typer.run(main)
