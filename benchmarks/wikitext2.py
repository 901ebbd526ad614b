"""Quality against time on WikiText-2, against the plain loop's CPU time.

python benchmarks/wikitext2.py path/to/wikitext-2

Text as it is, `<eos>` a line, the state carried, the whole test set as one document. The plain loop
(plain_loop.py) runs for some steps after the training; its time for 6 and 40 epochs is
that of so many more steps.
"""

from pathlib import Path
from statistics import median
from time import process_time

import quality
import typer
from plain_loop import PlainLoop
from spacy.language import Language

from spacy_rnn.corpus.text_corpus import create_text_corpus

OPTIONS = {"tokenized": True, "document": "file", "line_end": "<eos>"}
TOKENS = 2_088_628


def main(
    folder: Path = typer.Argument(help="WikiText-2: train.txt, valid.txt, test.txt"),
    epochs: float = typer.Option(4.0, help="How often the text is read"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    depth: int = typer.Option(1, help="Layers of it"),
    rate: float = typer.Option(0.02, help="The highest learning rate"),
    dropout: float = typer.Option(0.3, help="Dropout"),
    decay: float = typer.Option(0.1, help="Weight decay"),
    streams: int = typer.Option(64, help="Places of the text read in parallel"),
    evaluations: int = typer.Option(4, help="How often the validation text is scored"),
    output: Path = typer.Option(None, help="A folder to keep the model in"),
    baseline: bool = typer.Option(True, help="Whether to time the plain loop"),
) -> None:
    """Print the test perplexity, the CPU seconds of the training and those of the plain loop."""
    steps = quality.whole(epochs * TOKENS / (streams * 70), evaluations)
    config = quality.load(
        {
            "paths.train": str(folder / "train.txt"),
            "paths.dev": str(folder / "valid.txt"),
            "nlp.lang": "en",
            "corpora.train.streams": streams,
            "corpora.train.shuffle": 0,
            "corpora.train.corpus.max_length": 10_000,
            **{f"corpora.train.corpus.{name}": value for name, value in OPTIONS.items()},
            **{f"corpora.dev.{name}": value for name, value in OPTIONS.items()},
            "training.dropout": dropout,
            "training.max_steps": steps,
            "training.eval_frequency": steps // evaluations,
            "training.optimizer.L2": decay,
            "training.optimizer.learn_rate.max_rate": rate,
            "components.rnn_lm.min_count": 1,
            "components.rnn_lm.model.width": width,
            "components.rnn_lm.model.depth": depth,
        }
    )
    config["nlp"]["tokenizer"] = {"@tokenizers": "spacy.Tokenizer.v1"}
    nlp, spent = quality.run(config, min_count=1, output=output)
    perplexity, count = quality.test_perplexity(nlp, folder / "test.txt", OPTIONS)
    figures = {"predictions": count}
    if baseline:
        epoch = plain_epoch(nlp, folder / "train.txt")
        figures.update({f"plain_{n}_epochs": round(n * epoch) for n in (6, 40)})
    quality.report(perplexity, spent, **figures)


def plain_epoch(nlp: Language, path: Path, steps: int = 60) -> float:
    """RETURNS (float): CPU seconds of the plain loop for one epoch."""
    docs = (e.predicted for e in create_text_corpus(path, max_length=10_000, **OPTIONS)(nlp))
    vocabulary = nlp.get_pipe("rnn_lm").vocabulary
    rows, _ = vocabulary.rows(list(docs))
    loop = PlainLoop(rows, len(vocabulary))
    seconds = []
    for _ in range(steps):
        start = process_time()
        tokens = loop.step()
        seconds.append(process_time() - start)
    return median(seconds) * len(rows) / tokens


if __name__ == "__main__":
    typer.run(main)
