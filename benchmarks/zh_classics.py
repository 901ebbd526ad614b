"""Quality against time on four classical novels, the state carried through a chapter.

python benchmarks/zh_classics.py path/to/zh-classics

Words of jieba with at least two occurrences in train; the lines of a chapter are one document, a
line's end is a token, `</s>` ends the chapter: as many predictions as with a paragraph a document.
"""

from pathlib import Path

import quality
import typer

EVALUATIONS = 6


def main(
    folder: Path = typer.Argument(help="zh-classics: train.txt, dev.txt, test.txt"),
    epochs: float = typer.Option(8.0, help="How often the text is read"),
    width: int = typer.Option(256, help="Width of the LSTM"),
    rate: float = typer.Option(0.015, help="The highest learning rate"),
    dropout: float = typer.Option(0.4, help="Dropout"),
    decay: float = typer.Option(0.1, help="Weight decay"),
    streams: int = typer.Option(32, help="Chapters read in parallel"),
    cutoffs: str = typer.Option("auto", help='Clusters of the softmax: "auto" or "fast"'),
    output: Path = typer.Option(None, help="A folder to keep the model in"),
) -> None:
    """Print the test perplexity and the CPU seconds of the training."""
    tokens = 1_589_000  # of train, line ends included
    # windows at chapters' ends are shorter
    steps = quality.whole(epochs * tokens / (streams * 70) * 1.04, EVALUATIONS)
    config = quality.load(
        {
            "paths.train": str(folder / "train.txt"),
            "paths.dev": str(folder / "dev.txt"),
            "corpora.train.streams": streams,
            "training.dropout": dropout,
            "training.max_steps": steps,
            "training.eval_frequency": steps // EVALUATIONS,
            "training.optimizer.L2": decay,
            "training.optimizer.learn_rate.max_rate": rate,
            "components.rnn_lm.model.width": width,
            "components.rnn_lm.model.cutoffs": cutoffs,
        }
    )
    nlp, spent = quality.run(config, min_count=2, output=output)
    perplexity, count = quality.test_perplexity(nlp, folder / "test.txt", {"document": "block"})
    quality.report(perplexity, spent, predictions=count)


if __name__ == "__main__":
    typer.run(main)
