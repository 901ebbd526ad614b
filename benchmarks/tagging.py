"""Tag accuracy on small labelled sets: a pretrained `rnn_lm` encoder against spaCy's HashEmbedCNN.

python benchmarks/tagging.py path/to/treebank path/to/encoder/model-best

Both train on the first sentences of the treebank's dev part and are tested on its test part, with
its tokens. Neither the test part nor any other chooses a checkpoint: the last step counts. CPU time
is that of initialization and training, without the test.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from fine_tuning import paths_and_steps, summary, train_and_score, write_docs
from spacy import util
from spacy.tokens import Doc
from spacy.training.converters import conllu_to_docs

HERE = Path(__file__).parent
CONFIGS = {"cnn": HERE / "tagger_cnn.cfg", "rnn": HERE.parent / "configs" / "tagger_rnn.cfg"}
SYSTEMS = tuple(CONFIGS)
MIXING = {
    "components.tagger.model.tok2vec.@architectures": "spacy-rnn.RNNListener.v1",
    "components.tagger.model.tok2vec.mixing": True,
}


def main(
    treebank: Path = typer.Argument(help="A folder with *-ud-dev.conllu and *-ud-test.conllu"),
    encoder: Path = typer.Argument(help="A pipeline with a pretrained rnn_lm"),
    output: Path = typer.Option(None, help="A JSON file for the table"),
    sizes: str = typer.Option("100,250,500,0", help="Sentences of the labelled set; 0 for all"),
    lang: str = typer.Option("en", help="The pipelines' language"),
    seeds: str = typer.Option("0,1,2", help="Seeds"),
    cnn_steps: int = typer.Option(1500, help="Steps of HashEmbedCNN"),
    rnn_steps: int = typer.Option(500, help="Steps of the rnn_lm encoder"),
    mixing: bool = typer.Option(False, "--mixing", help="Let the tagger mix the encoder's layers"),
    cnn: bool = typer.Option(True, help="Train the CNN beside the encoder"),
) -> None:
    """Print the table, and its worst differences as a JSON line (without the CNN: accuracies)."""
    steps = {"cnn": cnn_steps, "rnn": rnn_steps}
    table = []
    with TemporaryDirectory() as folder:
        files = {part: Path(folder) / f"{part}.spacy" for part in ("train", "one", "test")}
        sentences, test = (list(read_part(treebank, part)) for part in ("dev", "test"))
        write_docs(files["test"], test)
        write_docs(files["one"], sentences[:1])
        for size in map(int, sizes.split(",")):
            write_docs(files["train"], sentences[: size or None])
            row: dict[str, Any] = {"sentences": size or len(sentences)}
            for system in SYSTEMS if cnn else ("rnn",):
                overrides = overrides_for(system, files, encoder, steps[system])
                overrides["nlp.lang"] = lang
                if mixing and system == "rnn":
                    overrides |= MIXING
                runs = [run(system, overrides, files["test"], int(s)) for s in seeds.split(",")]
                row[system] = summary(runs, "accuracy")
            table.append(row)
            print(row_text(row), flush=True)
    if output is not None:
        output.write_text(json.dumps(table, indent=2), encoding="utf8")
    if not cnn:
        print(json.dumps({row["sentences"]: row["rnn"]["accuracy"] for row in table}))
        return
    gains = {row["sentences"]: row["rnn"]["accuracy"] - row["cnn"]["accuracy"] for row in table}
    slower = max(row["rnn"]["seconds"] / row["cnn"]["seconds"] for row in table)
    figures = {f"gain_{size}": round(gain, 2) for size, gain in gains.items()}
    print(json.dumps({**figures, "time_ratio": round(slower, 2)}))


def read_part(treebank: Path, part: str) -> Iterator[Doc]:
    """A Doc for each sentence."""
    (path,) = treebank.glob(f"*-ud-{part}.conllu")
    yield from conllu_to_docs(path.read_text(encoding="utf8"), n_sents=1, no_print=True)


def overrides_for(system: str, files: dict[str, Path], encoder: Path, steps: int) -> dict[str, Any]:
    overrides = paths_and_steps(files["train"], files["one"], steps)
    if system == "rnn":
        lm = util.load_config(encoder / "config.cfg").interpolate()["components"]["rnn_lm"]["model"]
        width = lm["width"] * (2 if lm["direction"] == "both" else 1)
        overrides["paths.source"] = str(encoder)
        overrides["components.tagger.model.tok2vec.width"] = width
        shape = ("cell", "depth", "direction", "embedding_width", "subword_rows", "tied", "width")
        later = ("ngram_rows", "ngram_min", "ngram_max", "softmax")
        for name in (*shape, *later, "attr", "white_space", "normalize"):
            if name in lm:  # options of later versions are at their defaults
                overrides[f"components.rnn_lm.model.{name}"] = lm[name]
    return overrides


def run(system: str, overrides: dict[str, Any], test: Path, seed: int) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): Tag accuracy in percent, and CPU seconds."""
    config = util.load_config(CONFIGS[system], {**overrides, "system.seed": seed})
    return train_and_score(config, test, "tag_acc")


def row_text(row: dict[str, Any]) -> str:
    """RETURNS (str): A row of a Markdown table."""
    cells = [f"{row['sentences']:,}"]
    systems = [system for system in SYSTEMS if system in row]
    for system in systems:
        figures = row[system]
        cells.append(f"{figures['accuracy']:.2f} ± {figures['spread']:.2f}")
    if "cnn" in row:
        cells.append(f"{row['rnn']['accuracy'] - row['cnn']['accuracy']:+.2f}")
    cells += [f"{row[system]['seconds']:.0f} s" for system in systems]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    typer.run(main)
