"""How many steps of fine-tuning a pretrained encoder needs, by the size of the labelled set.

python benchmarks/tagging_steps.py path/to/treebank path/to/encoder/model-last

For each size and number of steps a tagger is trained on the first sentences of the treebank's dev
part, with configs/tagger_rnn.cfg, whose learning rate falls to 0 at the last step. It is tested on
the last sentences of the same part, which it hasn't seen: steps are a setting, and the test part
chooses none.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from fine_tuning import summary, write_docs
from tagging import MIXING, overrides_for, read_part, run


def main(
    treebank: Path = typer.Argument(help="A folder with *-ud-dev.conllu"),
    encoder: Path = typer.Argument(help="A pipeline with a pretrained rnn_lm"),
    output: Path = typer.Option(None, help="A JSON file for the table"),
    sizes: str = typer.Option("100,500,1500", help="Sentences of the labelled set"),
    steps: str = typer.Option("150,500,1500", help="Steps"),
    held_out: int = typer.Option(500, help="Sentences that are tested"),
    lang: str = typer.Option("en", help="The pipelines' language"),
    seeds: str = typer.Option("0", help="Seeds"),
    mixing: bool = typer.Option(False, "--mixing", help="Let the tagger mix the encoder's layers"),
) -> None:
    """Print a table of tag accuracies, and the number of steps that is best for each size as a JSON
    line."""
    table: list[dict[str, Any]] = []
    with TemporaryDirectory() as folder:
        files = {part: Path(folder) / f"{part}.spacy" for part in ("train", "one", "test")}
        sentences = list(read_part(treebank, "dev"))
        if not 0 < held_out < len(sentences):
            raise typer.BadParameter(f"--held-out has to leave some of {len(sentences)} sentences.")
        sentences, test = sentences[:-held_out], sentences[-held_out:]
        write_docs(files["test"], test)
        write_docs(files["one"], sentences[:1])
        for size in dict.fromkeys(min(int(size), len(sentences)) for size in sizes.split(",")):
            write_docs(files["train"], sentences[:size])
            row: dict[str, Any] = {"sentences": size, "steps": {}}
            for number in map(int, steps.split(",")):
                overrides = {**overrides_for("rnn", files, encoder, number), "nlp.lang": lang}
                overrides |= MIXING if mixing else {}
                runs = [run("rnn", overrides, files["test"], int(s)) for s in seeds.split(",")]
                row["steps"][number] = summary(runs, "accuracy")
            table.append(row)
            print(row_text(row), flush=True)
    if output is not None:
        output.write_text(json.dumps(table, indent=2), encoding="utf8")
    print(json.dumps({str(row["sentences"]): best_steps(row) for row in table}))


def best_steps(row: dict[str, Any]) -> int:
    """RETURNS (int): The number of steps with the highest accuracy; of equal ones the smallest."""
    steps: dict[int, dict[str, Any]] = row["steps"]
    return max(steps, key=lambda number: (steps[number]["accuracy"], -number))


def row_text(row: dict[str, Any]) -> str:
    """RETURNS (str): A row of a Markdown table."""
    cells = [f"{row['sentences']:,}"]
    for figures in row["steps"].values():
        cells.append(f"{figures['accuracy']:.2f} ({figures['seconds']:.0f} s)")
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    typer.run(main)
