"""What the way a text was typed costs: two small models, one that reads every form as it is, one
that skips white space and takes variants of typing for one word.

python benchmarks/typography.py zh assets/zh-modern/train.txt
python benchmarks/typography.py en english.txt
"""

import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from spacy import util
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

from spacy_rnn.training.quickstart.requests import ConfigRequest, make_config
from spacy_rnn.training.quickstart.sizes import Budget

MODELS = {
    "as it is": {"white_space": "read", "normalize": "none"},
    "skip, typography": {"white_space": "skip", "normalize": "typography"},
}
# Each changes a text that was typed plainly, or leaves it as it is.
CHANGES: dict[str, dict[str, Callable[[str], str]]] = {
    "en": {
        "a double space": lambda text: text.replace(" ", "  ", 1),
        "a line's end": lambda text: text + "\n",
        "curly apostrophes": lambda text: text.replace("'", "’"),
        "a curly pair of quotation marks": lambda text: text.replace('"', "“", 1).replace(
            '"', "”", 1
        ),
    },
    "zh": {
        "a line's end": lambda text: text + "\n",
        "two U+3000 before it": lambda text: "\u3000\u3000" + text,
        "ASCII commas": lambda text: text.replace("，", ","),
        "an ASCII full stop": lambda text: text.replace("。", ".", 1),
    },
}


def make_model(lang: str, parts: dict[str, Path], steps: int, model: dict[str, str]) -> Language:
    """RETURNS (Language): A trained pipeline with a small language model."""
    budget = Budget.of(steps)
    overrides = {f"paths.{part}": str(path) for part, path in parts.items()}
    overrides |= {f"components.rnn_lm.model.{name}": value for name, value in model.items()}
    overrides |= {"training.dropout": 0.5, "training.batcher.size": 2000}
    request = ConfigRequest("lm", lang=lang, size="small", budget=budget, overrides=overrides)
    nlp = init_nlp(make_config(request)[0])
    with TemporaryDirectory() as folder:
        train(nlp, Path(folder))
        return util.load_model(Path(folder) / "model-best")


def bits_and_perplexity(nlp: Language, texts: Sequence[str]) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): All bits of the texts, and the perplexity, with spelling."""
    counts = nlp.get_pipe("rnn_lm").count(nlp.pipe(texts))
    log_prob = counts.log_prob + counts.spelling
    return -log_prob / math.log(2), math.exp(-log_prob / counts.predictions)


def main(lang: str, text: Path, steps: int = 400, documents: int = 200) -> None:
    """lang: en or zh. text: raw text, a document a line; a tenth of it is held back."""
    lines = [line for line in text.read_text("utf8").splitlines() if line.strip()]
    random.Random(0).shuffle(lines)
    held, kept = lines[: len(lines) // 10], lines[len(lines) // 10 :]
    figures: dict[str, dict[str, dict[str, float]]] = {}
    with TemporaryDirectory() as folder:
        parts = {"train": Path(folder) / "train.txt", "dev": Path(folder) / "dev.txt"}
        for part, chosen in (("train", kept), ("dev", held)):
            parts[part].write_text("\n".join(chosen) + "\n", "utf8")
        for name, options in MODELS.items():
            nlp = make_model(lang, parts, steps, options)
            rows = figures[name] = {}
            bits, perplexity = bits_and_perplexity(nlp, held)
            rows["held back"] = {"bits_per_char": bits / sum(map(len, held))}
            for change, apply in CHANGES[lang].items():
                plain = [line for line in held if apply(line) != line][:documents]
                if not plain:
                    continue
                before, plainly = bits_and_perplexity(nlp, plain)
                after, perplexity = bits_and_perplexity(nlp, [apply(line) for line in plain])
                rows[change] = {
                    "documents": len(plain),
                    "bits_more": (after - before) / len(plain),
                    "perplexity_before": plainly,
                    "perplexity": perplexity,
                }
                shown = ", ".join(f"{key} {value:.4g}" for key, value in rows[change].items())
                print(f"{name}: {change}: {shown}", flush=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
