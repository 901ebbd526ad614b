"""Perplexity by the number of softmax clusters, after the same CPU time of training.

python benchmarks/cluster_quality.py path/to/zh-classics --most 6,16,40 --minutes 6

Chapters in streams, closed vocabulary, no speller. How long a step takes with each number is found
by trials in turn, so that a machine that gets slower meanwhile favours none.
"""

import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pareto
import quality
import segmenters
import torch
import typer

from spacy_rnn.network.clusters import choose_cutoffs
from spacy_rnn.vocabulary import Vocabulary

_TRIAL = 60
_ROUNDS = 2


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt, dev.txt, test.txt"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    most: str = typer.Option("6,12,16,24,40", help="At most so many clusters"),
    minutes: float = typer.Option(6.0, help="CPU minutes of training steps for each"),
    steps: str = typer.Option("", help="Steps for each of them instead, without trials"),
    seeds: str = typer.Option("0", help="Seeds of the trainings"),
    part: str = typer.Option("dev", help="What is measured at the end: dev or test"),
) -> None:
    """Print a JSON line for each training."""
    torch.set_num_threads(1)
    with TemporaryDirectory() as temporary:
        work = Path(temporary)
        chosen = choose(folder, width, [int(number) for number in most.split(",")], work)
        if steps:
            counts = dict(zip(chosen, map(int, steps.split(",")), strict=True))
        else:
            times: dict[int, list[float]] = {number: [] for number in chosen}
            for number in [*chosen] * _ROUNDS:
                times[number].append(train(folder, width, chosen[number], _TRIAL, 0, work)[1])
            counts = {number: int(60 * minutes / median(times[number])) for number in chosen}
            print({number: [round(1000 * time) for time in times[number]] for number in times})
        for seed in map(int, seeds.split(",")):
            for number, cutoffs in chosen.items():
                nlp, time = train(folder, width, cutoffs, counts[number], seed, work)
                row = {"width": width, "most": number, "clusters": len(cutoffs), "seed": seed}
                row |= {"steps": counts[number], "milliseconds": round(1000 * time), "part": part}
                options = {"document": "block"}
                perplexity, _ = quality.test_perplexity(nlp, folder / f"{part}.txt", options)
                print(json.dumps({**row, "perplexity": round(perplexity, 2)}), flush=True)


def choose(folder: Path, width: int, most: list[int], work: Path) -> dict[int, list[int]]:
    """RETURNS (Dict[int, List[int]]): The first rows of the clusters, by the number asked for."""
    words = work / "vocabulary.json"
    if not words.exists():  # written by any training
        train(folder, width, "auto", 1, 0, work)
    counts = Vocabulary.from_file(words).counts
    return {number: choose_cutoffs(counts, width, number) for number in most}


def train(
    folder: Path, width: int, cutoffs: list[int] | str, steps: int, seed: int, work: Path
) -> tuple:
    """RETURNS (Tuple[Language, float]): The pipeline, and the CPU seconds of a step."""
    segmenters._times.clear()
    config = pareto.make_config(folder, width, cutoffs, steps)
    config["system"]["seed"] = seed
    nlp, _ = quality.run(config, min_count=2, output=work)
    return nlp, segmenters.seconds_per_step() if steps > segmenters.WARM_UP + 1 else 0.0


if __name__ == "__main__":
    typer.run(main)
