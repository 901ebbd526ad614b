"""`python -m spacy rnn vocab CORPUS OUT`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import spacy
import typer
from spacy.language import Language
from typer import Argument, Option

from .._compat.spacy_cli import import_code, parse_config_overrides
from ..corpus.text_corpus import create_text_corpus
from ..corpus.text_files import find_files, get_format
from ..defaults import COMPONENT, MODEL
from ..errors import Errors, counted
from ..messages import inform, warn
from ..pipeline.preceding import run_components
from ..pipeline.rnn_lm import RNNLM
from ..pipeline.training_tokens import training_components
from ..scoring.outputs import check_writable, named_errors, write_report
from ..scoring.releasing import can_be_freed
from ..vocabulary import Vocabulary
from ..vocabulary.spacing import spacing_path
from ..vocabulary.spacing_counts import SpacingCounts
from ..vocabulary.word_counts import count_corpus
from . import rnn
from .options import Code, DocumentKind
from .pipelines import initialize_components, load_tokenizer
from .plain_errors import plain_errors, show_config_errors

# Longer documents are counted in windows of so many tokens.
_WINDOW = 10_000
_READER_OPTIONS = ("document", "tokenized", "line_end", "text_key", "min_length", "limit")


@rnn.command("vocab", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
@plain_errors
def vocab_cli(
    ctx: typer.Context,  # reads overrides of the config
    corpus: Path = Argument(help="Text: a file or a folder (.txt, .jsonl, .spacy, .gz)"),
    output: Path = Argument(
        help="The JSON file to write: [[word, count], …]; beside it one that says where spaces go"
    ),
    config: Path | None = Option(
        None,
        "--config",
        exists=True,
        help="A training config: its tokenizer, the options of its training corpus and those of "
        "rnn_lm hold where no option is given here",
    ),
    lang: str = Option("xx", "--lang", "-l", help="Without a config: a blank pipeline's language"),
    document: DocumentKind | None = Option(None, help="What a document of a .txt file is"),
    tokenized: bool | None = Option(
        None, "--tokenized/--raw", help="Whether words are separated by spaces already"
    ),
    line_end: str | None = Option(
        None, help="The word for a line's end in tokenized text, such as <eos>"
    ),
    text_key: str | None = Option(None, help="The key of the text in .jsonl files"),
    min_count: int | None = Option(None, help="Rarer words are unknown"),
    max_size: int | None = Option(None, help="Keep only so many words"),
    attr: str | None = Option(None, help="Token attribute: ORTH, LOWER or NORM"),
    white_space: str | None = Option(None, help="Tokens of white space: read or skip"),
    normalize: str | None = Option(None, help="Variants of typing: none, nfkc or typography"),
    max_types: int = Option(2_000_000, help="The most different words kept while counting"),
    code: Code = None,
) -> None:
    """Count the words of a corpus in bounded memory and write the vocabulary file.

    For training with max_epochs = -1, which doesn't read the corpus beforehand:
    --components.rnn_lm.model.vocabulary OUT. Where raw text has spaces between words is written to
    a file beside it (words.spacing.json beside words.json), which the training reads too.
    """
    import_code(code)
    given: dict[str, Any] = {
        "document": document and document.value,
        "tokenized": tokenized,
        "line_end": line_end,
        "text_key": text_key,
    }
    if config is None and ctx.args:
        raise ValueError(Errors.R224.format(options=" ".join(ctx.args)))
    if config is None:
        nlp, options, settings = spacy.blank(lang), {}, {}
    else:
        with show_config_errors(config):
            nlp = load_tokenizer(config, parse_config_overrides(ctx.args))
        options, settings = reader_options(nlp), component_options(nlp)
    options.update({name: value for name, value in given.items() if value is not None})
    chosen = {
        "min_count": min_count,
        "max_size": max_size,
        "attr": attr,
        "white_space": white_space,
        "normalize": normalize,
    }
    settings.update({name: value for name, value in chosen.items() if value is not None})
    components = [] if config is None else find_annotating(nlp, settings.get("attr", MODEL.attr))
    write_vocabulary(nlp, corpus, output, options, components, max_types=max_types, **settings)


def write_vocabulary(
    nlp: Language,
    corpus: Path,
    output: Path,
    options: dict[str, Any],
    components: Sequence[str] = (),
    *,
    min_count: int = COMPONENT.min_count,
    max_size: int | None = COMPONENT.max_size,
    max_types: int = 2_000_000,
    **forms: str,
) -> None:
    """Count the words of a corpus and write `[[word, count], …]`, `<unk>` and `</s>` included, and
    beside it what `spacing_path` names.

    nlp (Language): Its tokenizer is used.
    corpus (Path): A file or a folder.
    output (Path): The JSON file.
    options (Dict[str, Any]): Of the reader "spacy-rnn.TextCorpus.v1".
    components (Sequence[str]): Components of the pipeline that run before the words are counted.
    min_count, max_size: See `spacy_rnn.Vocabulary.from_docs`.
    max_types (int): See `WordCounts`.
    forms (str): Its `options`.
    RAISES (ValueError): If the corpus can't be read or has no word that is frequent enough.
    """
    spacing = spacing_path(output)
    for path in (output, spacing):
        check_writable(path)
    empty = Vocabulary(**forms)
    reader = create_text_corpus(corpus, cache=False, max_length=_WINDOW, **options)
    formats = {get_format(path) for path in find_files([corpus])}
    nlp.select_pipes(enable=components)
    initialize_components(nlp, components, lambda: reader(nlp))
    gaps = SpacingCounts(empty.normalize)
    counts = count_corpus(
        nlp,
        reader(nlp),
        empty.attr,
        gaps=gaps,
        skip_space=empty.skips_space,
        max_types=max_types,
        # .spacy files are read as a whole
        zones=".spacy" not in formats and can_be_freed(nlp),
        cut_anywhere=formats == {".txt"} and options.get("tokenized", False),
        change=partial(run_components, nlp, components),
    )
    vocabulary = counts.vocabulary(min_count=min_count, max_size=max_size, **forms)
    write_report(output, vocabulary.labels)
    with named_errors(spacing):
        spacing.write_bytes(gaps.spacing().to_bytes())
    unknown = int(vocabulary.counts[0]) / counts.tokens
    inform(
        f"{output}: {counted(len(vocabulary) - 2, 'word')} of {counted(counts.tokens, 'token')} in "
        f"{counted(counts.documents, 'document')}; {unknown:.2%} of the tokens are unknown"
    )
    if counts.lost:
        warn(
            f"There were more than {max_types:,} different words: counts are too low by up to "
            f"{counts.lost}. Raise --max-types for exact ones."
        )


def find_annotating(nlp: Language, attr: str) -> list[str]:
    """RETURNS (List[str]): The components before the config's language model that change tokens in
    training and can do so now. Warns of those that can't.

    nlp (Language): The pipeline of a config.
    attr (str): What the language model looks up.
    """
    lm = next((pipe for _, pipe in nlp.components if isinstance(pipe, RNNLM)), None)
    found = training_components(nlp, lm, attr)
    if found.learning:
        warn(found.learning_warning("rnn_lm" if lm is None else lm.name))
    return found.ready


def reader_options(nlp: Language) -> dict[str, Any]:
    """RETURNS (Dict): How the config's training corpus is read, where TextCorpus reads it."""
    config = nlp.config.interpolate()
    section, _, name = config["training"]["train_corpus"].partition(".")
    block = config.get(section, {}).get(name, {})
    block = block.get("corpus", block)  # in a StreamCorpus
    if block.get("@readers") != "spacy-rnn.TextCorpus.v1":
        return {}
    return {option: block[option] for option in _READER_OPTIONS if option in block}


def component_options(nlp: Language) -> dict[str, Any]:
    """RETURNS (Dict): How the config's language model builds its vocabulary."""
    for name, block in nlp.config["components"].items():
        if block.get("factory") == "rnn_lm":
            component = nlp.config.interpolate()["components"][name]
            sizes = {key: component[key] for key in ("min_count", "max_size")}
            names = Vocabulary().options.keys() & component["model"].keys()
            return {**sizes, **{key: component["model"][key] for key in sorted(names)}}
    return {}
