"""Measure the model of the main job anew: write its figures into docs/measurements.toml.

python scripts/main_job_figures.py training/zh-modern/model-best metrics/test.json
python scripts/figures.py

The second command fills the pages in.
"""

import json
import re
from pathlib import Path
from typing import Any

import spacy
import typer
from spacy.language import Language

FILE = Path(__file__).resolve().parents[1] / "docs" / "measurements.toml"
NAME = "诸葛亮"


def main(
    model: Path = typer.Argument(help="The trained pipeline"),
    scores: Path = typer.Argument(help="What the main job wrote: metrics/test.json"),
) -> None:
    """Write the figures of [main-job]."""
    figures = measure(spacy.load(model), json.loads(scores.read_text("utf8")))
    FILE.write_text(replaced(FILE.read_text("utf8"), figures), "utf8")
    print(f"wrote {len(figures)} figures")


def measure(nlp: Language, scores: dict[str, Any]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The figures by their names in the file."""
    lm: Any = nlp.get_pipe("rnn_lm")
    found = {
        "perplexity": f"{scores['lm_perplexity']:.1f}",
        "perplexity_open": f"{scores['lm_perplexity_open']:.1f}",
        "bits_per_char": f"{scores['lm_bits_per_char']:.2f}",
        "accuracy": f"{100 * scores['lm_acc']:.1f}",
        "unknown": f"{100 * scores['lm_oov']:.1f}",
    }
    doc = nlp("我爱北京")
    found |= {f"surprisal_{i}": f"{t._.rnn_surprisal:.1f}" for i, t in enumerate(doc, start=1)}
    found["surprisal_you"] = f"{nlp('我爱你')[-1]._.rnn_surprisal:.1f}"
    for key, prompt in (("next", "我爱"), ("he", "他")):
        words = lm.predict_next(prompt, k=5)
        found |= {f"{key}_{i}": f"{p:.3f}" for i, (_, p) in enumerate(words, start=1)}
        found |= {f"{key}_word_{i}": word for i, (word, _) in enumerate(words, start=1)}
    written = lm.generate("我爱", seed=0, temperature=0.5)
    begins = "，".join(written.split("，")[:2])
    found |= {"written_word_1": written, "written_word_2": begins}
    alike = lm.most_similar("妈妈", 3)
    found |= {f"alike_{i}": f"{cosine:.2f}" for i, (_, cosine) in enumerate(alike, start=1)}
    found |= {f"alike_word_{i}": word for i, (word, _) in enumerate(alike, start=1)}
    spelled = nlp(f"我爱小{NAME}北京")
    (place,) = (token.i for token in spelled if token.text == NAME)
    whole = spelled[place]._.rnn_surprisal
    spelling = -float(spelled._.rnn_lm.spelling[place]) / 0.6931471805599453
    return found | {
        "name": f"{whole:.1f}",
        "name_unknown": f"{whole - spelling:.1f}",
        "name_spelling": f"{spelling:.1f}",
    }


def replaced(text: str, figures: dict[str, str]) -> str:
    """RETURNS (str): The file with new figures of the main job.
    RAISES (KeyError): For a figure that it doesn't have.
    """
    before, mark, rest = text.partition("[main-job.figures]\n")
    block, next_mark, after = rest.partition("\n[")
    for name, value in figures.items():
        block, count = re.subn(
            rf'^{name} = ".*"$', f'{name} = "{value}"', block, flags=re.MULTILINE
        )
        if count != 1:
            raise KeyError(name)
    return before + mark + block + next_mark + after


if __name__ == "__main__":
    typer.run(main)
