"""Measure a trained model; every figure goes into a file metrics/NAME.*.json.

python scripts/models/measure_model.py zh_rnn_modern --minimal-pairs path/to/minimal-pairs

What is there and newer than the model stays.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import spacy
import torch
import typer
from commands import run
from recipes import PAIRS, Recipe, check_measures, exists, is_outdated, read_recipes, write_figures
from spacy.language import Language
from spacy.tokens import Doc
from wasabi import msg

from spacy_rnn.corpus.text_corpus import create_text_corpus
from spacy_rnn.vocabulary.spacing_rules import needs_space

# So many tokens are enough for the speed.
_TOKENS, _ROUNDS = 20_000, 3


def main(
    name: str = typer.Argument(help="The model"),
    minimal_pairs: str = typer.Option("", help="A folder with blimp/ and sling/"),
    reading_times: str = typer.Option("", help="A table of reading times of English"),
) -> None:
    """Write the files."""
    recipe = read_recipes()[name]
    pairs, times = (Path(path) if path else None for path in (minimal_pairs, reading_times))
    measure_model(recipe, pairs, times)


def measure_model(recipe: Recipe, minimal_pairs: Path | None, reading_times: Path | None) -> None:
    """Score the test text, and what else can be measured of such a model.

    recipe (Recipe): The model, which has been trained.
    minimal_pairs (Optional[Path]): A folder with a folder of pairs for the language.
    reading_times (Optional[Path]): A table as scripts/reading_times.py reads it.
    """
    check_measures(recipe, minimal_pairs, reading_times)
    score_test(recipe)
    if recipe.is_encoder:
        export_encoder(recipe)
    measure_speed(recipe)
    if recipe.is_encoder:
        return
    folder, title = PAIRS[recipe.lang]
    if exists(minimal_pairs, folder):
        assert minimal_pairs is not None
        judge_pairs(recipe, minimal_pairs / folder)
    else:
        msg.warn(f"{recipe.name}: without {title}, whose folder was not named (minimal_pairs)")
    if recipe.lang != "en":
        return
    if find_spec("statsmodels") is None:
        msg.warn(f"{recipe.name}: without reading times, which need statsmodels")
    elif exists(reading_times):
        assert reading_times is not None
        compare_reading_times(recipe, reading_times)
    else:
        msg.warn(f"{recipe.name}: without reading times, whose table was not named")


def is_measured(recipe: Recipe, output: Path, *inputs: Path) -> bool:
    """RETURNS (bool): Whether a file of figures is newer than the model and what was read."""
    if is_outdated(output, [recipe.figures("training"), *inputs]):
        return False
    msg.info(f"{output} is there")
    return True


def score_test(recipe: Recipe) -> None:
    """Perplexity, bits per character and the share of unknown words of the test text."""
    options = []
    for name, value in recipe.options.items():
        options += [f"--{name}"] if value is True else [f"--{name}", value]
    evaluate(recipe, recipe.figures("test"), find_test(recipe), *options)
    if recipe.whole_sentences is not None:
        evaluate(recipe, recipe.figures("sentences"), find_part(recipe.whole_sentences, ".txt"))


def evaluate(recipe: Recipe, output: Path, text: Path, *options: object) -> None:
    """Write the scores of a text."""
    if is_measured(recipe, output, text):
        return
    part = output.with_suffix(".part")
    run("-m", "spacy", "rnn", "evaluate", recipe.model, text, "--output", part, *options)
    part.replace(output)


def find_test(recipe: Recipe) -> Path:
    """RETURNS (Path): The text of the test; that of dev where a corpus has no test."""
    return find_part(recipe.corpus, recipe.suffix)


def find_part(folder: Path, suffix: str) -> Path:
    """RETURNS (Path): The file of the test part in a folder, or else that of dev."""
    test = folder / f"test{suffix}"
    return test if test.exists() else folder / f"dev{suffix}"


def judge_pairs(recipe: Recipe, folder: Path) -> None:
    """How often it prefers the acceptable sentence of a minimal pair."""
    output, published = recipe.figures("pairs"), folder.with_name(f"{folder.name}-published.tsv")
    if is_measured(recipe, output, folder):
        return
    more = ["--published", published] if published.exists() else []
    part = output.with_suffix(".part")
    run("-m", "spacy", "rnn", "pairs", recipe.model, folder, "--output", part, *more)
    part.replace(output)


def compare_reading_times(recipe: Recipe, table: Path) -> None:
    """What its surprisal says about reading times (docs/linguists.md)."""
    output, scored = recipe.figures("reading-times"), recipe.training / "reading-times.tsv"
    if is_measured(recipe, output, table):
        return
    columns = "surprisal,surprisal_unk,known"
    options = ["--rows", "words", "--group", "item", "--order", "zone", "--columns", columns]
    run("-m", "spacy", "rnn", "items", recipe.model, table, scored, "--overwrite", *options)
    predictors = ["--predictors", "surprisal,surprisal_unk"]
    run("scripts/reading_times.py", scored, *predictors, "--output", output.with_suffix(""))


def export_encoder(recipe: Recipe) -> None:
    """Leave out what a component that listens never reads."""
    config = recipe.packed / "config.cfg"
    if is_measured(recipe, config):
        return
    shutil.rmtree(recipe.packed, ignore_errors=True)
    run("-m", "spacy", "rnn", "export", recipe.model, recipe.packed, "--encoder")


def measure_speed(recipe: Recipe) -> None:
    """Tokens a CPU second of one thread: surprisal of raw text, or an encoder's hidden states; and
    how large the model is."""
    output = recipe.figures("speed")
    if is_measured(recipe, output, find_test(recipe)):
        return
    torch.set_num_threads(1)
    annotations = ["tensor"] if recipe.is_encoder else ["log_probs"]
    nlp = spacy.load(recipe.packed, config={"components.rnn_lm.annotations": annotations})
    texts = read_raw_texts(recipe, nlp)
    speeds = []
    for number in range(_ROUNDS + 1):  # the first one isn't counted
        start = process_time()
        read = sum(len(doc) for doc in nlp.pipe(texts))
        if number:
            speeds.append(read / (process_time() - start))
    what = "hidden states" if recipe.is_encoder else "surprisal"
    figures: dict[str, Any] = {"what": f"{what}, tokenization included, one thread"}
    figures |= {"tokens": read, "tokens_per_cpu_second": round(median(speeds))}
    words = len(nlp.get_pipe("rnn_lm").vocabulary)  # type: ignore[attr-defined]
    size = sum(path.stat().st_size for path in recipe.packed.rglob("*") if path.is_file())
    write_figures(output, {**figures, "words": words, "megabytes": round(size / 1e6, 1)})
    msg.good(f"{recipe.name}: {figures['tokens_per_cpu_second']:,} tokens a CPU second")


def read_raw_texts(recipe: Recipe, nlp: Language) -> list[str]:
    """RETURNS (List[str]): The first documents of the test text as they are written: spaces stand
    only where no script without spaces is beside them, though the file of an encoder has them
    between all words."""
    texts, tokens = [], 0
    for example in create_text_corpus(find_test(recipe), cache=False, **recipe.options)(nlp):
        doc = example.reference
        texts.append(join_words(doc) if recipe.options.get("tokenized") else doc.text)
        tokens += len(doc)
        if tokens >= _TOKENS:
            break
    return texts


def join_words(doc: Doc) -> str:
    """RETURNS (str): Words with spaces where their script calls for them."""
    text = ""
    for token in doc:
        text += " " * needs_space(text, token.text) + token.text
    return text


if __name__ == "__main__":
    typer.run(main)
