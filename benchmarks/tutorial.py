"""CPU seconds of the tutorial's chapters, each in both languages, as the test of it runs them.

python benchmarks/tutorial.py

Unix only: the seconds are those of the kernel and of what it starts, all threads together.
"""

import resource
import shutil
import tempfile
from pathlib import Path

import nbformat
import typer
from nbclient import NotebookClient

from spacy_rnn.cli.text_table import text_table
from spacy_rnn.messages import answer

ROOT = Path(__file__).parent.parent
LANGUAGES = ("zh", "en")


def main() -> None:
    """Print a row for each chapter, and the sum."""
    rows, total = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder)
        shutil.copytree(ROOT / "assets", checkout / "assets")
        for chapter in sorted((ROOT / "docs" / "tutorial" / "zh").glob("*.ipynb")):
            seconds = [cpu_seconds(checkout, lang, chapter.name) for lang in LANGUAGES]
            rows.append((chapter.stem, *(f"{value:.1f}" for value in seconds)))
            total += sum(seconds)
    rows.append(("all", "", f"{total:.1f}"))
    answer(text_table(rows, ["Chapter", *LANGUAGES]))


def cpu_seconds(checkout: Path, lang: str, name: str) -> float:
    """RETURNS (float): CPU seconds of running a notebook in a copy of the checkout's folders."""
    notebook = nbformat.read(ROOT / "docs" / "tutorial" / lang / name, as_version=4)
    place = checkout / "docs" / "tutorial" / lang
    place.mkdir(parents=True, exist_ok=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    where = {"metadata": {"path": str(place)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    typer.run(main)
