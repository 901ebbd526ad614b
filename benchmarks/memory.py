"""Peak memory on a corpus and on one a tenth as large, each in a process of its own.

python benchmarks/memory.py path/to/wikitext-2/train.txt train
python benchmarks/memory.py path/to/wikitext-2/train.txt score

train: `spacy train`, streaming, the state carried; as many steps on both, so that only the size of
the corpus differs: half the text once, a twentieth of it ten times. score: surprisal and hidden
states of all lines, and of a tenth of them, with `nlp.pipe` in memory zones. The ratio is that of
the peaks.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import quality
import spacy
import typer
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from timing import report

from spacy_rnn.cli.vocab import write_vocabulary

TEXT = {"tokenized": True, "line_end": "<eos>"}
STREAMS, WINDOW, PIECE, CHUNK = 32, 70, 1000, 500


def main(
    text: Path = typer.Argument(help="Tokenized text, such as WikiText-2's train.txt"),
    what: str = typer.Argument("train", help="train or score"),
) -> None:
    """Print the peak memory for both sizes in MB, and their ratio."""
    lines = text.read_text(encoding="utf8").splitlines(keepends=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        words = folder / "words.json"
        options = {**TEXT, "document": "file"}
        write_vocabulary(spacy.blank("en"), text, words, options)
        peaks = []
        steps = max(1, len(text.read_bytes().split(b" ")) // 2 // (STREAMS * WINDOW))
        for share in (1, 10):
            part = folder / f"{share}.txt"
            size = len(lines) * share // (20 if what == "train" else 10)
            part.write_text("".join(lines[:size]), encoding="utf8")
            command = [sys.executable, __file__, "--child", what, str(part), str(words), str(steps)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peak, tokens = json.loads(done.stdout.splitlines()[-1])
            print(f"{tokens:,} tokens: {peak:,.0f} MB")
            peaks.append(peak)
    report(peaks[1], peaks[0], unit="MB")


def child(what: str, text: Path, words: Path, steps: int) -> None:
    tokens = train_steps(text, words, steps) if what == "train" else score_lines(text, words)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([peak, tokens]))


def train_steps(text: Path, words: Path, steps: int) -> int:
    config = quality.load(
        {
            "paths.train": str(text),
            "paths.dev": str(text),
            "paths.vocabulary": str(words),
            "nlp.lang": "en",
            "corpora.train.streams": STREAMS,
            "corpora.train.window": WINDOW,
            "corpora.train.shuffle": 0,
            "corpora.train.corpus.cache": False,
            "corpora.train.corpus.max_length": PIECE,
            "corpora.dev.limit": 100,
            "corpora.dev.tokenized": True,
            "training.max_steps": steps,
            "training.eval_frequency": steps,
            **{f"corpora.train.corpus.{name}": value for name, value in TEXT.items()},
            "corpora.train.corpus.document": "file",
        }
    )
    config["nlp"]["tokenizer"] = {"@tokenizers": "spacy.Tokenizer.v1"}
    train(init_nlp(config))
    return len(text.read_bytes().split(b" "))


def score_lines(text: Path, words: Path) -> int:
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-rnn.RNNLM.v1", "vocabulary": str(words)}
    nlp.add_pipe("rnn_lm", config={"model": model, "annotations": ["hidden", "log_probs"]})
    nlp.initialize(lambda: [])
    tokens, bits = 0, 0.0
    with text.open(encoding="utf8") as file:
        while lines := list(islice(file, CHUNK)):
            with nlp.memory_zone():
                for doc in score(nlp, lines):
                    tokens += len(doc)
                    bits += doc._.rnn_surprisal
    return tokens


def score(nlp: Language, lines: list[str]) -> Iterator[spacy.tokens.Doc]:
    docs = (spacy.tokens.Doc(nlp.vocab, words=line.split()) for line in lines)
    return nlp.pipe(docs)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
    else:
        typer.run(main)
