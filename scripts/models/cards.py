"""The cards of the models: what a package and the table of docs/models.md say of them.

Every figure comes from a file metrics/NAME.*.json that a step of the build wrote.
"""

from collections.abc import Iterator
from typing import Any

from recipes import PAIRS, Recipe, read_figures

from spacy_rnn.about import __version__
from spacy_rnn.errors import counted

UNKNOWN = "to be measured"
FILES = ("corpus", "training", "test", "sentences", "speed", "pairs", "reading-times")
_LM_USE = """nlp = spacy.load("{name}")
doc = nlp("{text}")
[token._.rnn_surprisal for token in doc]  # bits
doc[0]._.rnn_next  # the most probable next words
"""
_ENCODER_USE = """nlp = spacy.load("{name}")
nlp("{text}").tensor  # a vector for every word in its context
"""
_TEXT = {"en": "The cat sat on the mat.", "zh": "我爱北京。"}


def read_all(recipe: Recipe) -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): The files of figures of a model by name."""
    return {name: read_figures(recipe.figures(name)) for name in FILES}


def find_figures(recipe: Recipe) -> dict[str, str]:
    """RETURNS (Dict[str, str]): What was measured by its title; else "to be measured"."""
    files = read_all(recipe)
    test, speed, training = files["test"], files["speed"], files["training"]
    network = training.get("network", {})
    figures = {
        "Tokens read in training": _number(files["corpus"].get("train", {}).get("tokens")),
        "Words": _number(speed.get("words")),
        "Network": _network(network) if network else UNKNOWN,
        "Size": _with_unit(speed.get("megabytes"), "MB"),
        "Perplexity, test, `<unk>` a word": _number(test.get("lm_perplexity"), 1),
        "Tokens of test": _number(test.get("tokens")),
        "Unknown words of test": _percent(test.get("lm_oov")),
    }
    if recipe.is_encoder:
        back = test.get("lm_backward_perplexity")
        figures["Perplexity from right to left"] = _number(back, 1)
    else:
        figures["Perplexity, unknown words spelled"] = _number(test.get("lm_perplexity_open"), 1)
        if recipe.whole_sentences is None:
            figures["Bits per character"] = _number(test.get("lm_bits_per_char"), 3)
        else:  # bits for a missing word would be bits for no characters
            bits = files["sentences"].get("lm_bits_per_char")
            figures["Bits per character, sentences without `<unk>`"] = _number(bits, 3)
        figures[f"{PAIRS[recipe.lang][1]}, mean by paradigm"] = _pairs(files["pairs"])
        if recipe.lang == "en":
            times = files["reading-times"]
            for column, title in (("surprisal", "spelled"), ("surprisal_unk", "class only")):
                figures[f"Natural Stories, ΔLL/word × 10⁻³, {title}"] = _gain(times, column)
    figures["Tokens a CPU second"] = _number(speed.get("tokens_per_cpu_second"))
    figures["CPU seconds of the training"] = _number(training.get("cpu_seconds"))
    return figures


def make_meta(recipe: Recipe) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What goes into the package's meta.json."""
    files = read_all(recipe)
    sources = [
        {"name": text["title"], "license": text["licence"], "url": "", "author": ""}
        for text in files["corpus"]["texts"]
    ]
    scores = {name: value for name, value in files["test"].items() if name.startswith("lm_")}
    if recipe.is_encoder:  # the softmax is left out
        scores = {}
    return {
        "name": recipe.name.removeprefix(f"{recipe.lang}_"),
        "version": __version__,
        "description": recipe.description,
        "author": "the spacy-rnn authors",
        "license": recipe.license,
        "sources": sources,
        "performance": scores,
        # Saved models go on loading, so there is no upper end.
        "requirements": [f"spacy-rnn>={files['training']['spacy_rnn']}"],
        "spacy_rnn": {"recipe": recipe.name, **files},
    }


def make_readme(recipe: Recipe) -> str:
    """RETURNS (str): The card, in Markdown."""
    files = read_all(recipe)
    training = files["training"]
    use = _ENCODER_USE if recipe.is_encoder else _LM_USE
    code = "import spacy\n\n" + use.format(name=recipe.name, text=_TEXT[recipe.lang])
    texts = [f"- {text['title']}: {text['licence']}" for text in files["corpus"]["texts"]]
    folders = ", ".join(text["name"] for text in files["corpus"]["texts"])
    versions = ", ".join(f"{name} {value}" for name, value in training["versions"].items())
    lines = [
        f"# {recipe.name} {__version__}",
        f"{recipe.description}. A pipeline of spaCy with an `rnn_lm` of spacy-rnn: {recipe.kind}.",
        f"```python\n{code}```",
        *(["## Fine-tuning", _fine_tuning(recipe)] if recipe.is_encoder else []),
        "## Figures",
        "\n".join(["| | |", "|---|---|", *_rows(find_figures(recipe))]),
        "Each figure stands in `meta.json` under `spacy_rnn`, in the files that the build wrote."
        + (" Perplexity: before the softmax was left out." if recipe.is_encoder else ""),
        "## Texts",
        "\n".join(texts),
        f"License of the weights: {recipe.license}. Parts dev and test were not trained on.",
        "## How it was made",
        f"`python -m spacy project run {recipe.name} .` with the folders of: {folders}. "
        f"Config `{recipe.config}`, {training['steps']:,} steps, seed {training['seed']}, "
        f"commit {training['commit'] or 'unknown'}, spacy-rnn {training['spacy_rnn']}, {versions}; "
        f"{training['machine']}.",
    ]
    return "\n\n".join(lines) + "\n"


def _rows(figures: dict[str, str]) -> Iterator[str]:
    return (f"| {title} | {value} |" for title, value in figures.items())


def _fine_tuning(recipe: Recipe) -> str:
    command = "python -m spacy rnn train --text labelled.spacy --task ner"
    return f"```bash\n{command} --source {recipe.name} --output ner\n```"


def _network(network: dict[str, Any]) -> str:
    shape = f"{network['cell'].upper()} {network['depth']}×{network['width']}"
    if network["direction"] != "forward":
        shape += f", {network['direction']} directions"
    if network["subword_rows"]:
        shape += ", spelling read"
    if network["ngram_rows"]:
        shape += f", n-grams of {network['ngram_min']} to {network['ngram_max']} characters"
    if network["speller_width"]:
        shape += f", speller {network['speller_width']} ({network['spelling']})"
    return shape


def _pairs(report: dict[str, Any]) -> str:
    if not report:
        return UNKNOWN
    judged = report["models"][0]
    paradigms = sum(group["by"] == "paradigm" for group in judged["groups"])
    return f"{_percent(judged['means']['paradigm']['lp'])} ({counted(paradigms, 'paradigm')})"


def _gain(report: dict[str, Any], column: str) -> str:
    for gain in report.get("gains", ()):
        if gain["predictor"] == column:
            return f"{1e3 * gain['delta_ll']:.2f} (t {gain['t']:.1f})"
    return UNKNOWN


def _number(value: float | None, digits: int = 0) -> str:
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f}%"


def _with_unit(value: float | None, unit: str) -> str:
    return UNKNOWN if value is None else f"{value:,.1f} {unit}"
