"""NER or textcat on labelled files: a pretrained `rnn_lm` encoder (with --mixing also one whose
layers the component mixes), HashEmbedCNN, and that CNN after `spacy pretrain`.

python benchmarks/components.py ner train.conll test.conll path/to/encoder/model-last --raw raw.txt

All train on the same file and are tested on the other. The last step counts. CPU time is that of
initialization and training, without the test; the pretraining of the CNN, which is done once, has a
time of its own. NER reads the tokens of the files, textcat those of the encoder's tokenizer.
"""

import json
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import spacy
import typer
from fine_tuning import paths_and_steps, summary, train_and_score, write_docs
from spacy import util
from spacy.cli.convert import CONVERTERS, convert
from spacy.language import DEFAULT_CONFIG_PRETRAIN_PATH
from spacy.tokens import Doc, DocBin
from spacy.training.pretrain import pretrain
from thinc.api import Config

from spacy_rnn.training.quickstart.component_config import component_config
from spacy_rnn.training.quickstart.config_parts import complete, put
from spacy_rnn.training.quickstart.requests import ConfigRequest, make_config
from spacy_rnn.training.quickstart.sizes import Budget
from spacy_rnn.vocabulary.symbols import UNKNOWN

CNN = Path(__file__).with_name("tagger_cnn.cfg")
NAMES = {
    "cnn": "HashEmbedCNN",
    "pretrained": "after `spacy pretrain`",
    "rnn": "`rnn_lm`",
    "mixed": "`rnn_lm`, its layers mixed",
}
_CONVERTERS = {".conll": "ner", ".iob": "iob", ".bio": "ner", ".txt": "ner", ".conllu": "conllu"}


class Task(StrEnum):
    """What is learned."""

    ner = "ner"
    textcat = "textcat"


SCORES = {Task.ner: "ents_f", Task.textcat: "cats_macro_f"}


def main(
    task: Task = typer.Argument(help="What is learned"),
    train: Path = typer.Argument(help="Labelled text: .spacy, or what `spacy convert` reads"),
    test: Path = typer.Argument(help="Labelled text that is tested on"),
    encoder: str = typer.Argument(help="A pipeline with a pretrained rnn_lm: folder or name"),
    raw: Path = typer.Option(None, help="Raw text for the CNN: a sentence a line, words apart"),
    output: Path = typer.Option(None, help="A JSON file for the table; beside it one in Markdown"),
    seeds: str = typer.Option("0,1,2", help="Seeds"),
    cnn_steps: int = typer.Option(1500, help="Steps of HashEmbedCNN"),
    rnn_steps: int = typer.Option(1200, help="Steps of the rnn_lm encoder"),
    epochs: int = typer.Option(5, help="How often the CNN's pretraining reads the raw text"),
    mixing: bool = typer.Option(False, "--mixing", help="Train one that mixes layers, too"),
    cnn: bool = typer.Option(True, help="Train the CNN beside the encoder"),
) -> None:
    """Print the table, and its differences as a JSON line."""
    if raw is not None and not cnn:
        raise typer.BadParameter("--raw is for the CNN: leave it out, or --no-cnn.")
    lang = make_config(ConfigRequest(task.value, source=encoder, budget=Budget.of(1)))[0]["nlp"][
        "lang"
    ]
    with TemporaryDirectory() as name:
        folder = Path(name)
        parts = {
            p: read_labelled(f, folder / p, lang) for p, f in (("train", train), ("test", test))
        }
        write_docs(folder / "one.spacy", first_labelled(parts["train"], task))
        configs = {"rnn": rnn_config(task, encoder, rnn_steps)}
        if cnn:
            configs["cnn"] = cnn_config(task, encoder, cnn_steps)
        if mixing:
            configs["mixed"] = mixed_config(task, encoder, rnn_steps)
        table: dict[str, Any] = {"task": task.value, "train": str(train), "test": str(test)}
        if raw is not None:
            weights, seconds = pretrain_cnn(configs["cnn"], raw, folder, epochs)
            configs["pretrained"] = put(configs["cnn"].copy(), {"paths.init_tok2vec": str(weights)})
            table["pretraining_seconds"] = round(seconds, 1)
        for system in [system for system in NAMES if system in configs]:
            steps = rnn_steps if system in ("rnn", "mixed") else cnn_steps
            settings = paths_and_steps(parts["train"], folder / "one.spacy", steps)
            runs = []
            for seed in map(int, seeds.split(",")):
                config = put(configs[system].copy(), {**settings, "system.seed": seed})
                gold = task is Task.ner
                runs.append(train_and_score(config, parts["test"], SCORES[task], gold_preproc=gold))
            table[system] = {"steps": steps, **summary(runs, "f1")}
            print(row_text(system, table[system]), flush=True)
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf8")
        output.with_suffix(".md").write_text(table_text(table), encoding="utf8")
    gains = {f"over_{s}": table["rnn"]["f1"] - table[s]["f1"] for s in NAMES if s in configs}
    del gains["over_rnn"]
    print(json.dumps({name: round(gain, 2) for name, gain in gains.items()}))


def read_labelled(path: Path, target: Path, lang: str) -> Path:
    """RETURNS (Path): The file itself if it holds Docs, or what `spacy convert` makes of it."""
    if path.suffix == ".spacy":
        return path
    target.mkdir()
    converter = _CONVERTERS.get(path.suffix, "auto")
    if converter == "auto" and path.suffix.removeprefix(".") not in CONVERTERS:
        known = ", ".join([".spacy", ".json", *_CONVERTERS])
        raise typer.BadParameter(f"{path}: labelled text ends in one of {known}.")
    kind = path.suffix.removeprefix(".") if converter == "auto" else converter
    convert(path, target, file_type="spacy", converter=kind, lang=lang, silent=True)
    (made,) = target.glob("*.spacy")
    if lang == "zh":
        docs = DocBin().from_disk(made).get_docs(spacy.blank("xx").vocab)
        write_docs(made, list(map(without_spaces, docs)))
    return made


def without_spaces(doc: Doc) -> Doc:
    """RETURNS (Doc): The words and entities of a Doc in which `spacy convert` put spaces."""
    words, starts = [token.text for token in doc], [bool(token.is_sent_start) for token in doc]
    tags = [f"{token.ent_iob_}-{token.ent_type_}".rstrip("-") for token in doc]
    return Doc(doc.vocab, words, [False] * len(words), ents=tags, sent_starts=starts)


def first_labelled(path: Path, task: Task) -> list[Doc]:
    """RETURNS (List[Doc]): The first document with something to find: evaluations take a moment."""
    docs = DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab)
    found = next((doc for doc in docs if (doc.ents if task is Task.ner else doc.cats)), None)
    if found is None:
        raise typer.BadParameter(f"{path} has no labels for {task.value}.")
    return [found]


def rnn_config(task: Task, encoder: str, steps: int) -> Config:
    """RETURNS (Config): What `rnn init --task TASK --source ENCODER` writes."""
    config, _ = make_config(ConfigRequest(task.value, source=encoder, budget=Budget.of(steps)))
    return _read_as(task, config)


def mixed_config(task: Task, encoder: str, steps: int) -> Config:
    """RETURNS (Config): The same with a component that mixes the encoder's layers."""
    config = rnn_config(task, encoder, steps)
    listener = {"@architectures": "spacy-rnn.RNNListener.v1", "upstream": "rnn_lm", "mixing": True}
    _put_listener(config["components"][task.value], listener)
    return complete(config)


def cnn_config(task: Task, encoder: str, steps: int) -> Config:
    """RETURNS (Config): The same component and tokenizer, with spaCy's default CNN and the training
    of its quickstart."""
    other = rnn_config(task, encoder, steps)
    config = component_config(task.value, other["nlp"]["lang"], Budget.of(steps))
    default = util.load_config(CNN)
    config["components"]["tok2vec"] = default["components"]["tok2vec"]
    width = default["components"]["tok2vec"]["model"]["width"]
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": width, "upstream": "tok2vec"}
    _put_listener(config["components"][task.value], listener)
    for name in ("optimizer", "batcher", "dropout"):
        config["training"][name] = default["training"][name]
    config["nlp"]["tokenizer"] = other["nlp"]["tokenizer"]
    config["initialize"]["tokenizer"] = other["initialize"].get("tokenizer", {})
    return _read_as(task, complete(config))


def _put_listener(block: dict[str, Any], listener: dict[str, Any]) -> None:
    """Put settings into the tok2vec of a component, however deep it lies in its model."""
    for name, value in block.items():
        if name == "tok2vec":
            block[name] = {**value, **listener}
        elif isinstance(value, dict):
            _put_listener(value, listener)


def _read_as(task: Task, config: Config) -> Config:
    gold = task is Task.ner
    return put(config, {f"corpora.{part}.gold_preproc": gold for part in ("train", "dev")})


def pretrain_cnn(config: Config, raw: Path, folder: Path, epochs: int) -> tuple[Path, float]:
    """Run `spacy pretrain` with its objective of characters.

    config (Config): That of the CNN.
    raw (Path): The sentences; those that lack a word (`<unk>`) are left out.
    folder (Path): Gets the weights.
    epochs (int): How often they are read.
    RETURNS (Tuple[Path, float]): The weights, and CPU seconds.
    """
    whole, output = folder / "raw.txt", folder / "pretrained"
    lines = raw.read_text("utf8").splitlines(keepends=True)
    whole.write_text("".join(line for line in lines if UNKNOWN not in line.split()), "utf8")
    output.mkdir()
    filled = put(config.copy(), {"paths.raw": str(whole)})
    filled["corpora"]["pretrain"] = {
        **{"@readers": "spacy-rnn.TextCorpus.v1", "path": "${paths.raw}"},
        **{"tokenized": True, "max_length": 100},
    }
    default = util.load_config(DEFAULT_CONFIG_PRETRAIN_PATH, interpolate=False)["pretraining"]
    # with characters, in spaCy's own defaults
    filled["pretraining"] = {**default, "max_epochs": epochs}
    start = process_time()
    pretrain(Config(filled).interpolate(), output)
    return output / "model-last.bin", process_time() - start


def row_text(system: str, figures: dict[str, Any]) -> str:
    """RETURNS (str): A row of a Markdown table."""
    each = ", ".join(f"{score:.2f}" for score in figures["seeds"])
    mean = f"{figures['f1']:.2f} ± {figures['spread']:.2f}"
    return (
        f"| {NAMES[system]} | {figures['steps']:,} | {mean} | {each} | {figures['seconds']:.0f} |"
    )


def table_text(table: dict[str, Any]) -> str:
    """RETURNS (str): The table in Markdown."""
    rows = ["| encoder | steps | F1 | each seed | CPU seconds |", "|---|---|---|---|---|"]
    rows += [row_text(system, table[system]) for system in NAMES if system in table]
    if "pretraining_seconds" in table:
        rows += ["", f"`spacy pretrain`: {table['pretraining_seconds']:.0f} CPU seconds, once."]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    typer.run(main)
