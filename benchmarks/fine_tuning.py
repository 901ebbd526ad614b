"""Train a pipeline on labelled Docs and score it: what the programs about encoders share.

Nothing chooses a checkpoint: the last step counts. CPU time is that of initialization and training,
without the test.
"""

import io
from pathlib import Path
from statistics import mean, stdev
from time import process_time
from typing import Any

from spacy.tokens import Doc, DocBin
from spacy.training import Corpus
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from thinc.api import Config


def write_docs(path: Path, docs: list[Doc]) -> None:
    DocBin(docs=docs, store_user_data=True).to_disk(path)


def paths_and_steps(train_path: Path, one: Path, steps: int) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The settings of a training whose only evaluations, those of the
    first and the last step, are of one sentence."""
    return {
        "paths.train": str(train_path),
        "paths.dev": str(one),
        "training.max_steps": steps,
        "training.eval_frequency": steps,
    }


def train_and_score(
    config: Config, test: Path, score: str, *, gold_preproc: bool = True
) -> tuple[float, float]:
    """Train with a config as `spacy train` does, and test.

    config (Config): The config, with its paths.
    test (Path): Annotated Docs.
    score (str): The name of the score, such as "ents_f".
    gold_preproc (bool): Whether the test's own tokens are read.
    RETURNS (Tuple[float, float]): The score in percent, and CPU seconds.
    """
    start, silent = process_time(), io.StringIO()
    nlp = init_nlp(config)
    train(nlp, None, stdout=silent, stderr=silent)
    spent = process_time() - start
    scores = nlp.evaluate(list(Corpus(test, gold_preproc=gold_preproc)(nlp)))
    return 100 * (scores[score] or 0.0), spent


def summary(runs: list[tuple[float, float]], name: str) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Mean and standard deviation of a score over seeds, the score of
    each, and the mean of the CPU seconds.

    runs (List[Tuple[float, float]]): What `train_and_score` returned for each seed.
    name (str): What the score is called.
    """
    scores, seconds = zip(*runs, strict=True)
    return {
        name: round(mean(scores), 2),
        "spread": round(stdev(scores), 2) if len(runs) > 1 else 0.0,
        "seeds": [round(score, 2) for score in scores],
        "seconds": round(mean(seconds), 1),
    }
