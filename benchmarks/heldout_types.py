"""Bits for the spelling of words that no speller has seen, against a character 5-gram.

python scripts/wikitext.py path/to/wikitext-2 corpus/wikitext --document line
python benchmarks/heldout_types.py corpus/wikitext training/heldout --steps 1800 --seeds 0,1,2

A tenth of the types that the training text has three to five times, chosen by a hash of the word,
is read as `<unk>` in training: their words are unknown there, and as a missing word is never
spelled, no speller learns them. The model is trained once and kept in the folder. Then the text is
scored as it is, and what the spelling of these words costs is averaged over their tokens: in dev,
in test, and in the paragraphs of the training text that have one (there the contexts have been read
before, the words have not).

Beside it stands a Witten–Bell character 5-gram of the same symbols. It learns each other type of
the training text once: the rare ones, which are unknown to the model, or all of them.

Another speller: the same command with --set components.rnn_lm.model.spelling=plain and a folder of
its own.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import quality
import spacy
import typer
from character_ngram import CharacterNgram
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

from spacy_rnn.cli.vocab import reader_options, write_vocabulary
from spacy_rnn.pipeline.doc_measures import measure_docs
from spacy_rnn.pipeline.rnn_lm import RNNLM
from spacy_rnn.scoring.selecting import find_language_model
from spacy_rnn.vocabulary import UNKNOWN, Vocabulary
from spacy_rnn.vocabulary.alphabet import alphabet_of
from spacy_rnn.vocabulary.normalization import normalize_form
from spacy_rnn.vocabulary.token_forms import count_words

COUNTS = range(3, 6)
SHARE = 10
_BATCH = 64


class Held(NamedTuple):
    """Tokens of held-out types.

    words (List[str]): Their forms.
    spelling (List[float]): The bits of their spelling.
    unk (List[float]): The bits of p(`<unk>` | context).
    """

    words: list[str]
    spelling: list[float]
    unk: list[float]


def choose(counts: dict[str, int], counted: range = COUNTS, share: int = SHARE) -> set[str]:
    """RETURNS (Set[str]): The types that are held out: one of `share` of those whose count is among
    `counted`, by a hash."""
    digests = ((word, blake2b(word.encode(), digest_size=4).digest()) for word in counts)
    return {
        word
        for word, digest in digests
        if counts[word] in counted and int.from_bytes(digest, "big") % share == 0
    }


def hide(doc: Doc, held: set[str], normalize: str) -> Doc:
    """RETURNS (Doc): The document with the text `<unk>` in the place of held-out words."""
    words = [UNKNOWN if normalize_form(t.text, normalize) in held else t.text for t in doc]
    return Doc(doc.vocab, words=words, spaces=[bool(t.whitespace_) for t in doc])


def read(folder: Path, part: str, nlp: Language) -> list[Doc]:
    return list(DocBin().from_disk(folder / f"{part}.spacy").get_docs(nlp.vocab))


def count_types(docs: Iterable[Doc], options: dict[str, str]) -> dict[str, int]:
    """RETURNS (Dict[str, int]): How often each form occurs; without `<unk>` and `</s>`."""
    words, documents = count_words(
        docs, options["attr"], skip_space=options["white_space"] == "skip"
    )
    every = Vocabulary.from_counts(
        words, tokens=sum(words.values()), documents=documents, min_count=1, **options
    )
    return dict(zip(every.forms[2:], every.counts[2:].tolist(), strict=True))


def parse(settings: Iterable[str]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Overrides of the config, such as "training.dropout=0.2"."""
    pairs = (setting.split("=", 1) for setting in settings)
    return {name: _read_value(value) for name, value in pairs}


def _read_value(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def train_model(config_path: Path, overrides: dict[str, Any], output: Path) -> float:
    """Train with a config on the files that its overrides name, and keep the model.

    RETURNS (float): The CPU seconds of all threads: counting the words, reading, training.
    """
    start = process_time()
    config = util.load_config(config_path, overrides)
    plain = util.load_model_from_config(config, auto_fill=True)
    words = output / "words.json"
    block = plain.config["components"]["rnn_lm"]
    options = {name: block["model"][name] for name in ("attr", "white_space", "normalize")}
    text = Path(config["paths"]["train"])
    sizes = {"min_count": block["min_count"], "max_size": block["max_size"]}
    write_vocabulary(plain, text, words, reader_options(plain), **sizes, **options)
    config["paths"]["vocabulary"] = str(words)
    train(init_nlp(config), output)
    return process_time() - start


def measure(nlp: Language, lm: RNNLM, docs: Iterable[Doc], held: set[str]) -> Held:
    """RETURNS (Held): The tokens of held-out types in documents that have one."""
    found = Held([], [], [])
    for batch in _batches(docs, lm, held):
        lm.annotate_log_probs(batch)
        for measures in measure_docs(lm, batch):
            spelling, unk = measures.column("spelling"), measures.column("surprisal_unk")
            for token in measures.doc:
                form = lm.vocabulary.form(token.text)
                if form in held:
                    found.words.append(form)
                    found.spelling.append(float(spelling[token.i]))
                    found.unk.append(float(unk[token.i]))
    return found


def _batches(docs: Iterable[Doc], lm: RNNLM, held: set[str]) -> Iterator[list[Doc]]:
    batch: list[Doc] = []
    for doc in docs:
        if any(lm.vocabulary.form(token.text) in held for token in doc):
            batch.append(doc)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def compare(found: Held, ngrams: dict[str, CharacterNgram], lm: RNNLM) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Means over the tokens, in bits; "error" is the standard error of
    the difference from the n-gram."""
    alphabet = alphabet_of(lm.vocabulary)
    own = np.array(found.spelling)
    figures: dict[str, Any] = {"tokens": len(own), "types": len(set(found.words))}
    if not len(own):
        return figures
    figures |= {"unk": float(np.mean(found.unk)), "speller": float(own.mean())}
    for name, ngram in ngrams.items():
        costs = {w: ngram.bits(alphabet.spell([w])[0].tolist()) for w in set(found.words)}
        theirs = np.array([costs[word] for word in found.words])
        figures[name] = float(theirs.mean())
        if len(own) > 1:
            error = (own - theirs).std(ddof=1) / np.sqrt(len(own))
            figures[f"speller - {name}, error"] = float(error)
    return figures


class Trial(NamedTuple):
    """What is trained and measured, but for the seed.

    corpus, config (Path): See `main`.
    overrides (Dict[str, Any]): Of the config.
    counts (Dict[str, int]): How often the training text has each type.
    held (Set[str]): Those that are held out.
    normalize (str): How types are written, see `normalize_form`.
    order (int): Of the character n-gram.
    """

    corpus: Path
    config: Path
    overrides: dict[str, Any]
    counts: dict[str, int]
    held: set[str]
    normalize: str
    order: int


def train_hidden(trial: Trial, output: Path, seed: int) -> int:
    """Train a model of the text without the held-out types.

    RETURNS (int): The CPU seconds.
    """
    output.mkdir(parents=True, exist_ok=True)
    plain, paths = spacy.blank("en"), {}
    for part in ("train", "dev"):
        docs = (hide(d, trial.held, trial.normalize) for d in read(trial.corpus, part, plain))
        path = output / f"{part}.spacy"
        DocBin(docs=docs).to_disk(path)
        paths[f"paths.{part}"] = str(path)
    overrides = {**trial.overrides, "system.seed": seed, **paths}
    return round(train_model(trial.config, overrides, output))


def measure_model(trial: Trial, output: Path) -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): By the part of the text, what `compare` finds."""
    nlp = spacy.load(output / "model-last")
    lm = find_language_model(nlp, str(output), None)
    assert not any(word in lm.vocabulary for word in trial.held)
    alphabet = alphabet_of(lm.vocabulary)
    others = [word for word in trial.counts if word not in trial.held]
    rare = [word for word in others if word not in lm.vocabulary]
    ngrams = {
        f"{trial.order}-gram of {name} types": CharacterNgram(
            [alphabet.spell([word])[0].tolist() for word in words], len(alphabet), trial.order
        )
        for name, words in (("rare", rare), ("all", others))
    }
    figures = {}
    for part in ("dev", "test", "train"):
        found = measure(nlp, lm, read(trial.corpus, part, nlp), trial.held)
        figures[part] = compare(found, ngrams, lm)
        print(output, part, figures[part], flush=True)
    return figures


def main(
    corpus: Path = typer.Argument(help="What scripts/wikitext.py wrote: train, dev, test"),
    output: Path = typer.Argument(help="Gets a folder for each seed; a model there is used"),
    config: Path = typer.Option(quality.ROOT / "configs" / "rnn_lm_en.cfg", help="What is trained"),
    settings: list[str] = typer.Option(
        [], "--set", help="A setting of the config: components.rnn_lm.model.spelling=plain"
    ),
    steps: int = typer.Option(1800, help="Steps of training"),
    seeds: str = typer.Option("0", help="Of the trainings, by commas"),
    order: int = typer.Option(5, help="Of the character n-gram"),
) -> None:
    """Train unless there is a model, and print the bits of the held-out words' spelling."""
    sizes = {"training.max_steps": steps, "training.eval_frequency": steps}
    overrides = {**sizes, **parse(settings)}
    model = util.load_config(config, overrides)["components"]["rnn_lm"]["model"]
    options = {name: model[name] for name in ("attr", "white_space", "normalize")}
    counts = count_types(read(corpus, "train", spacy.blank("en")), options)
    held = choose(counts)
    trial = Trial(corpus, config, overrides, counts, held, options["normalize"], order)
    figures: dict[str, Any] = {"held_types": len(held)}
    parts = []
    for seed in map(int, seeds.split(",")):
        folder = output / f"seed-{seed}"
        trained = (folder / "model-last").is_dir()
        spent = None if trained else train_hidden(trial, folder, seed)
        parts.append(measure_model(trial, folder))
        figures[f"seed-{seed}"] = {"cpu_seconds": spent, "speller": _spellers(parts[-1])}
    for part, first in parts[0].items():
        figures[part] = {
            name: round(sum(one[part][name] for one in parts) / len(parts), 3) for name in first
        }
    print(json.dumps(figures))


def _spellers(figures: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {part: round(own["speller"], 3) for part, own in figures.items() if "speller" in own}


if __name__ == "__main__":
    typer.run(main)
