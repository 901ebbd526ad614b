"""`BatchScorer` in one and in two workers of Ray Data against `nlp.pipe` alone, on the same lines.

python benchmarks/cluster_score.py path/to/model path/to/text.txt --megabytes 2

The text is repeated up to that size. The three sides run in turn, in processes of their own, with a
thread each. Starting and loading don't count: the time runs from the first batch of any worker to
the end of the last one. (Ray doesn't wait for the second worker, which may begin later: two workers
are rather understated.) What they cost, and the memory of a worker, is printed beside.
"""

import os
from collections import defaultdict
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, time
from typing import Any

# before torch is imported, here and in the processes to come
os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import ray
import typer
from score_cli import run_pipe
from timing import report

from spacy_rnn import BatchScorer


class TimedScorer:
    """Scores batches, and tells for each when it began and ended.

    model (str): A trained pipeline, loaded at once.
    """

    def __init__(self, model: str) -> None:
        start = time()
        self.scorer = BatchScorer(model, on_error="raise")
        self.scorer({"text": ["x"]})
        self.loading = time() - start

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[float]]:
        """RETURNS (Dict[str, List[float]]): A row with tokens, times and megabytes."""
        start, cpu = time(), process_time()
        tokens = self.scorer(batch)["tokens"].sum()
        row = {"tokens": tokens, "start": start, "end": time(), "cpu": process_time() - cpu}
        row |= {"loading": self.loading, "memory": getrusage(RUSAGE_SELF).ru_maxrss / 1024}
        return {name: [float(value)] for name, value in row.items()}


def main(
    model: str = typer.Argument(help="A trained pipeline"),
    text: Path = typer.Argument(help="Text, a document a line"),
    megabytes: float = typer.Option(2, help="Size of the text that is scored"),
    rounds: int = typer.Option(3, help="Runs of each side"),
    batch_size: int = typer.Option(128, help="Rows of a batch"),
) -> None:
    """Print tokens a second of the three sides; the ratio is that of two workers to `nlp.pipe`."""
    lines = [line for line in text.read_text("utf8").split("\n") if line.strip()]
    size = sum(len(line.encode()) + 1 for line in lines)
    lines = (lines * (int(megabytes * 1e6 / size) + 1))[: int(megabytes * 1e6 / size * len(lines))]
    if not ray.is_initialized():
        ray.init("local", num_cpus=3, include_dashboard=False)
    found: dict[str, list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf8")
        for _ in range(rounds):
            tokens, seconds = run_pipe(model, path)
            found["pipe, tokens/s"].append(tokens / seconds)
            for workers in (1, 2):
                for name, value in run_ray(model, lines, workers, batch_size, tokens).items():
                    found[f"{workers} workers, {name}"].append(value)
    print(f"{len(lines):,} documents, {tokens:,} tokens, {sum(map(len, lines)):,} characters")
    for name, values in found.items():
        each = ", ".join(f"{value:,.1f}" for value in values)
        print(f"{name}: {median(values):,.1f} ({each})")
    report(median(found["2 workers, tokens/s"]), median(found["pipe, tokens/s"]), unit="tokens/s")


def run_ray(
    model: str, lines: list[str], workers: int, batch_size: int, expected: int
) -> dict[str, float]:
    """RETURNS (Dict[str, float]): Tokens a second, seconds of the whole job and of loading, and the
    most megabytes of a worker.

    expected (int): How many tokens there are to be.
    """
    begin = perf_counter()
    blocks = -(-len(lines) // batch_size)
    dataset = ray.data.from_items([{"text": line} for line in lines], override_num_blocks=blocks)
    scored = dataset.map_batches(
        TimedScorer,
        fn_constructor_kwargs={"model": os.path.abspath(model)},
        compute=ray.data.ActorPoolStrategy(size=workers),
        batch_size=batch_size,
        num_cpus=1,
    )
    rows: list[dict[str, Any]] = scored.take_all()
    seconds = perf_counter() - begin
    assert sum(row["tokens"] for row in rows) == expected
    working = max(row["end"] for row in rows) - min(row["start"] for row in rows)
    return {
        "tokens/s": expected / working,
        "tokens a CPU second": expected / sum(row["cpu"] for row in rows),
        "seconds of the whole job": seconds,
        "seconds of loading": median(row["loading"] for row in rows),
        "MB of a worker": max(row["memory"] for row in rows),
    }


if __name__ == "__main__":
    typer.run(main)
