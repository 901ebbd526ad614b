"""Write an HTML page about a trained language model: scores, curve, words, sentences, its inside.

The page explains its numbers in Chinese for a Chinese model, in English for any other.

python scripts/report.py training/zh-modern/model-best corpus/zh-modern/test.spacy \
    training/zh-modern/log.jsonl metrics/test.json metrics/report.html
"""

import json
import math
import tomllib
from html import escape
from pathlib import Path
from typing import Any

import spacy
import typer
from spacy.tokens import Doc, DocBin
from wasabi import msg

from spacy_rnn import RNNLM, render
from spacy_rnn.cli.prompts import choose_prompts
from spacy_rnn.cli.text_table import show_number, text_table
from spacy_rnn.messages import answer
from spacy_rnn.training.log_outputs import read_evaluations
from spacy_rnn.training.logger import get_score_prefix

STYLE = """
body { font: 16px/1.7 system-ui, sans-serif; max-width: 54rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2330; background: #fff }
body .spacy-rnn { margin: 0 -1.1rem }
table { border-collapse: collapse; margin: 1rem 0 }
td, th { padding: .3rem .8rem; border-bottom: 1px solid #d8dee8; text-align: left }
td.number { text-align: right; font-variant-numeric: tabular-nums }
td.about, p.about { color: #4b5568; font-size: 14px }
svg { max-width: 100% }
"""
# Of the table of a test text: it is to show the idea, not the text.
_ROWS = 12
# Of the states: enough to see that each unit has its own part
_UNITS = 16
# By their names after the scorer's prefix
SCORES = ("perplexity", "perplexity_open", "prob", "acc", "oov", "bits_per_char")
TEXTS = tomllib.loads(Path(__file__).with_name("report_texts.toml").read_text("utf8"))


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    test: Path = typer.Argument(help="Test text as .spacy"),
    log: Path = typer.Argument(help="The JSON lines of spacy-rnn.ConsoleLogger.v1"),
    metrics: Path = typer.Argument(help="The JSON of `rnn evaluate --output`"),
    output: Path = typer.Argument(help="The page"),
    prompts: str = typer.Option("", help="Beginnings, commas between them; by the language"),
    sentences: int = typer.Option(5, help="How many of the most and least surprising documents"),
) -> None:
    """Write the page."""
    nlp = spacy.load(model)
    lm = nlp.get_pipe("rnn_lm")
    assert isinstance(lm, RNNLM)
    beginnings = choose_prompts(lm, prompts)
    prefix = get_score_prefix(lm)
    scores = json.loads(metrics.read_text("utf8"))
    scores = {name: scores.get(f"{prefix}_{name}") for name in SCORES}
    rows = read_evaluations(log)
    docs = list(nlp.pipe(DocBin().from_disk(test).get_docs(nlp.vocab)))
    texts = TEXTS.get(nlp.lang or "", TEXTS["en"])
    parts = [
        f"<h1>{escape(test.parent.name)}</h1>",
        f"<p>{escape(describe(lm))}</p>",
        section(texts, "scores", score_table(scores, texts["labels"])),
        section(texts, "curve", curve(*perplexities(rows, lm.name, prefix), texts)),
        section(texts, "next", next_table(lm, beginnings)),
        section(texts, "writes", written(lm, beginnings)),
        inside(lm, docs, texts),
        section(texts, "words", picture(docs[:1], "next", max_tokens=_ROWS)),
        surprises(lm, docs, sentences, texts),
    ]
    page = (
        f'<!doctype html><html lang="{escape(nlp.lang or "")}"><meta charset="utf-8">'
        f"<title>rnn_lm: {escape(test.parent.name)}</title><style>{STYLE}</style>"
        f"<body class='spacy-rnn-light'>{''.join(parts)}</body></html>"
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf8")
    shown = [(f"{prefix}_{name}", show_number(value)) for name, value in scores.items()]
    answer(f"\n{text_table(shown, ['Score', 'Test'])}\n")
    msg.good(f"Wrote {output}")


def describe(lm: RNNLM) -> str:
    settings = lm.shim.network.settings
    weights = sum(p.numel() for p in lm.shim.network.parameters_by_name().values())
    return (
        f"{settings.cell.upper()}, {settings.depth} × {settings.width} units, "
        f"{settings.words:,} words, {weights:,} weights."
    )


def section(texts: dict[str, Any], name: str, content: str) -> str:
    """A heading, a short explanation and what it is about."""
    about = texts[f"{name}_about"]
    return f'<h2>{texts[name]}</h2><p class="about">{about}</p>{content}'


def score_table(scores: dict[str, Any], labels: dict[str, list[str]]) -> str:
    rows = []
    for name in SCORES:
        label, about = labels[name]
        shown = show_number(scores[name])
        rows.append(
            f'<tr><td>{label}</td><td class="number">{shown}</td>'
            f'<td class="about">{about}</td></tr>'
        )
    return f"<table>{''.join(rows)}</table>"


def written(lm: RNNLM, beginnings: list[str]) -> str:
    return "".join(
        f"<p>{escape(lm.generate(text, temperature=0.5, seed=seed))}</p>"
        for seed, text in enumerate(beginnings)
    )


def inside(lm: RNNLM, docs: list[Doc], texts: dict[str, Any]) -> str:
    """What the network does at each word of a text, and where its words lie."""
    first = next((doc for doc in docs if len(doc)), None)
    parts = []
    if first is not None:
        trace = lm.trace(first[:_ROWS].as_doc())
        parts.append(section(texts, "states", picture(trace, "states", max_units=_UNITS)))
        if lm.shim.network.settings.cell == "lstm":
            gate = picture(trace, "states", value="forget", max_units=_UNITS)
            parts.append(section(texts, "gate", gate))
    parts.append(section(texts, "map", picture(lm, "embeddings")))
    return "".join(parts)


def perplexities(
    rows: list[dict[str, Any]], name: str, prefix: str
) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """RETURNS (Tuple[List[Tuple[int, float]], …]): Step and perplexity in training, and on dev."""
    train, dev = [], []
    for row in rows:
        seen = row["train_perplexity"]
        if isinstance(seen, dict):  # several language models
            seen = seen.get(name)
        train.append((row["step"], seen))
        dev.append((row["step"], row["scores"].get(f"{prefix}_perplexity")))
    return [point for point in train if point[1]], [point for point in dev if point[1]]


def curve(
    train: list[tuple[int, float]], dev: list[tuple[int, float]], texts: dict[str, Any]
) -> str:
    """Perplexity by step as SVG, on a logarithmic scale."""
    if not train + dev:
        return f"<p>{texts['no_curve']}</p>"
    values = [y for _, y in dev + train]
    low, high = math.log(min(values)), math.log(max(values))
    last = max(x for x, _ in dev + train) or 1

    def place(x: float, y: float) -> str:
        height = (math.log(y) - low) / max(high - low, 1e-9)
        return f"{60 + 620 * x / last:.1f},{260 - 230 * height:.1f}"

    ticks = [math.exp(low + (high - low) * i / 4) for i in range(5)]
    grid = "".join(
        f'<line x1="60" x2="680" y1="{place(0, y).split(",")[1]}" '
        f'y2="{place(0, y).split(",")[1]}" stroke="#d8dee8"/>'
        f'<text x="52" y="{float(place(0, y).split(",")[1]) + 4}" text-anchor="end">{y:.0f}</text>'
        for y in ticks
    )
    lines = "".join(
        f'<polyline fill="none" stroke="{colour}" stroke-width="2" {dash} '
        f'points="{" ".join(place(x, y) for x, y in points)}"/>'
        for points, colour, dash in (
            (train, "#7a869c", 'stroke-dasharray="5 4"'),
            (dev, "#1f5fbf", ""),
        )
    )
    return (
        '<svg viewBox="0 0 700 300" font-size="12" role="img" '
        f'aria-label="{texts["curve"]}">{grid}{lines}'
        f'<text x="60" y="285">{texts["step"].format(number=0)}</text>'
        f'<text x="680" y="285" text-anchor="end">{texts["step"].format(number=last)}</text>'
        f'<text x="370" y="285" text-anchor="middle">{texts["lines"]}</text></svg>'
    )


def next_table(lm: RNNLM, prompts: list[str]) -> str:
    rows = []
    for text in prompts:
        words = "、".join(f"{escape(word)} {p:.3f}" for word, p in lm.predict_next(text))
        rows.append(f"<tr><td>{escape(text)}</td><td>{words}</td></tr>")
    return f"<table>{''.join(rows)}</table>"


def surprises(lm: RNNLM, docs: list[Doc], count: int, texts: dict[str, Any]) -> str:
    """The documents with the highest and lowest mean surprisal, every token with its own."""
    ranked = sorted((d for d in docs if len(d)), key=lambda doc: doc._.rnn_surprisal / len(doc))
    unknown = texts["spelled"] if lm.spells else "&lt;unk&gt;"
    about = f"{texts['documents_about']} {texts['unknown_about'].format(unknown=unknown)}"
    parts = []
    for name, chosen in (("most", ranked[::-1][:count]), ("least", ranked[:count])):
        parts.append(f'<h2>{texts[name]}</h2><p class="about">{about}</p>{picture(chosen)}')
    return "".join(parts)


def picture(given: Any, style: str = "surprisal", **options: Any) -> str:
    html = render(given, style, jupyter=False, **options)
    assert html is not None
    return html


if __name__ == "__main__":
    typer.run(main)
