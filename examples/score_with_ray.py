"""Score the documents of files with Ray Data, and go on where a run before was stopped.

pip install 'spacy-rnn[ray]'
python examples/score_with_ray.py path/to/model path/to/texts path/to/scores --workers 2

The input is a folder (or one file) of .parquet, .jsonl or .txt files, all of one kind, with the
texts in the column `--text`; in .txt files a line is a document. The output is a folder of Parquet
files with all columns of the input and those of `BatchScorer`; rows that can't be scored have a
reason in `error`. With RAY_ADDRESS the workers are those of a cluster, where every node has to see
these paths and the model; without, they are processes of this machine.

The files are scored in steps. A step that is complete has a list of its files, _done.json, beside
its output, which readers of Parquet pass over. A run that is started again leaves these files out;
to have some scored again, remove the folder of their step. What was asked for is in _run.json: a
run for something else needs another folder.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import ray
import typer

from spacy_rnn import BatchScorer

READERS: dict[str, Callable[..., ray.data.Dataset]] = {
    ".parquet": ray.data.read_parquet,
    ".jsonl": ray.data.read_json,
    ".txt": ray.data.read_text,
}


def main(
    model: str = typer.Argument(help="A trained pipeline: its folder or its name"),
    source: Path = typer.Argument(metavar="INPUT", help="A file or a folder"),
    target: Path = typer.Argument(metavar="OUTPUT", help="A folder for the scores"),
    text: str = typer.Option("text", help="The column of the texts"),
    prefix: str = typer.Option("", help="What the names of the new columns begin with"),
    measures: str = typer.Option("", help="More columns, separated by commas: entropy, rank"),
    workers: int = typer.Option(1, help="Processes that score, each with one CPU"),
    gpus_per_worker: float = typer.Option(0, help="0.5 lets two workers share a GPU"),
    batch_size: int = typer.Option(1024, help="Rows that a worker gets at once"),
    step: int = typer.Option(1000, help="Files of a step"),
) -> None:
    """Score files with Ray Data."""
    if "RAY_ADDRESS" not in os.environ and not ray.is_initialized():
        # on this machine alone, one CPU more than the workers': reading and writing need it
        ray.init("local", num_cpus=workers + 1, include_dashboard=False)
    options = {
        # a folder may be given as seen from here, a name stays a name
        "model": os.path.abspath(model) if os.path.exists(model) else model,
        "text": text,
        "prefix": prefix,
        "measures": [name.strip() for name in measures.split(",") if name.strip()],
        # Ray shows each worker its own GPUs only, so that the first one is the right one
        "gpu_id": 0 if gpus_per_worker else -1,
    }
    check_run(target, source, options)
    files = find_files(source, target)
    for first, output in zip(range(0, len(files), step), find_free(target), strict=False):
        shutil.rmtree(output, ignore_errors=True)  # of a run that was stopped
        chosen = files[first : first + step]
        read = READERS[chosen[0].suffix]
        scored = read([str(path) for path in chosen]).map_batches(
            BatchScorer,
            fn_constructor_kwargs=options,
            compute=ray.data.ActorPoolStrategy(size=workers),
            num_cpus=1,
            num_gpus=gpus_per_worker or None,
            batch_size=batch_size,
            batch_format="pyarrow",  # missing numbers are null there, not NaN
        )
        scored.write_parquet(str(output))
        output.mkdir(exist_ok=True)  # without rows nothing is written
        write_whole(output / "_done.json", [path.name for path in chosen])
    print(f"{target}: {len(files)} files scored, {len(find_done(target))} in all")


def check_run(target: Path, source: Path, options: dict) -> None:
    """Let one folder have the scores of one input only, by one model: files count by their names.

    RAISES (SystemExit): If the folder has others.
    """
    asked = {"input": str(source.absolute()), **options}
    del asked["gpu_id"]
    path = target / "_run.json"
    found = json.loads(path.read_text()) if path.exists() else asked
    for name, value in asked.items():
        if found[name] != value:
            message = f"{target} has scores for the {name} {found[name]!r}, not {value!r}"
            raise SystemExit(f"{message}: give another folder for the scores")
    target.mkdir(parents=True, exist_ok=True)
    write_whole(path, asked)


def write_whole(path: Path, value: object) -> None:
    """Write a JSON file so that it is there as a whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value))
    os.replace(part, path)


def find_files(source: Path, target: Path) -> list[Path]:
    """RETURNS (List[Path]): The files that no complete step has, in order."""
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    files = [path.absolute() for path in files if path.suffix in READERS]
    if len({path.suffix for path in files}) != 1:
        known = ", ".join(READERS)
        raise SystemExit(f"{source} has to hold files of one of these kinds: {known}")
    done = find_done(target)
    return [path for path in files if path.name not in done]


def find_done(target: Path) -> set[str]:
    """RETURNS (Set[str]): The names of the files of all complete steps."""
    lists = [json.loads(path.read_text()) for path in target.glob("step-*/_done.json")]
    return {name for names in lists for name in names}


def find_free(target: Path) -> Iterator[Path]:
    """YIELDS (Path): The folder of the next step that isn't complete."""
    for number in count():
        output = target.absolute() / f"step-{number:05}"
        if not (output / "_done.json").exists():
            yield output


if __name__ == "__main__":
    typer.run(main)
