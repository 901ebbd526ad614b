"""Train with a config as `spacy train` does, and measure the CPU time of it."""

import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config

from spacy_rnn.cli.vocab import reader_options, write_vocabulary
from spacy_rnn.corpus.text_corpus import create_text_corpus

ROOT = Path(__file__).parents[1]


def whole(steps: float, evaluations: int) -> int:
    """RETURNS (int): Steps that end with an evaluation: spaCy leaves out what comes after one."""
    return max(1, round(steps / evaluations)) * evaluations


def load(overrides: dict[str, Any]) -> Config:
    """RETURNS (Config): The shipped config for streams with some settings changed."""
    config = util.load_config(ROOT / "configs" / "rnn_lm_streams.cfg", overrides)
    # a whole file is one document
    limit = {"@callbacks": "spacy-rnn.set_max_length.v1", "max_length": 10**9}
    config["nlp"]["after_creation"] = limit
    return config


def run(config: Config, *, min_count: int, output: Path | None = None) -> tuple[Language, float]:
    """Count the vocabulary, train, and go back to the best checkpoint.

    config (Config): With [paths] train and dev.
    min_count (int): Rarer words are unknown.
    output (Optional[Path]): A folder to keep the model in.
    RETURNS (Tuple[Language, float]): The pipeline and the CPU seconds of all threads, counting the
        vocabulary, reading and evaluations included.
    """
    start, clock = process_time(), perf_counter()
    with TemporaryDirectory() as folder:
        path = output or Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        plain = util.load_model_from_config(config, auto_fill=True)
        prepare = getattr(plain.tokenizer, "initialize", None)
        if prepare is not None:  # pkuseg's model
            prepare(lambda: [], nlp=plain, **plain.config["initialize"]["tokenizer"])
        words, corpus = path / "vocabulary.json", Path(config["paths"]["train"])
        write_vocabulary(plain, corpus, words, reader_options(plain), min_count=min_count)
        config["paths"]["vocabulary"] = str(words)
        nlp = init_nlp(config)
        train(nlp, path)
        spent = process_time() - start
        best = util.load_model(path / "model-best")
    print(f"training: {spent:,.0f} CPU seconds, {perf_counter() - clock:,.0f} seconds by the clock")
    return best, spent


def test_perplexity(nlp: Language, path: Path, options: dict[str, Any]) -> tuple[float, int]:
    """RETURNS (Tuple[float, int]): The perplexity of a file, and how many symbols it predicts."""
    docs = [example.predicted for example in create_text_corpus(path, **options)(nlp)]
    lm = nlp.get_pipe("rnn_lm")
    counts = lm.count(docs)
    return math.exp(-counts.log_prob / counts.predictions), counts.predictions


def report(perplexity: float, cpu_seconds: float, **more: Any) -> None:
    """Print the JSON line that the quality programs end with."""
    figures = {"test_perplexity": round(perplexity, 2), "cpu_seconds": round(cpu_seconds)}
    print(json.dumps({**figures, **more}))
