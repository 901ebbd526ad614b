"""The console logger `spacy-rnn.ConsoleLogger.v1`: what a language model learns, as it learns."""

# No postponed annotations here: spaCy checks a config's values against those of registered
# functions, and can only read them as objects.
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import IO, Any

import tqdm
from spacy.language import Language
from spacy.util import registry
from wasabi import Printer

from ..config_errors import checks_settings
from ..errors import Errors
from ..messages import printable, warn
from .log_outputs import LogFile, LogStream
from .log_table import Evaluation, LogTable, format_perplexity
from .metrics import TimeLeft, TrainingTimer, get_perplexity

LogStep = Callable[[dict[str, Any] | None], None]
# Seconds between two lines about the progress, in the file and where stderr isn't a terminal.
_SIGN_OF_LIFE = 30.0

SetupPrinter = Callable[[Language, IO, IO], tuple[LogStep, Callable[[], None]]]


@registry.loggers("spacy-rnn.ConsoleLogger.v1")
@checks_settings
def create_console_logger(
    progress_bar: bool = True,
    output_file: str | Path | None = None,
) -> SetupPrinter:
    """Create a logger that prints a table with a row for every evaluation.

    A language model has columns for its perplexity on the text it was trained on since the last
    evaluation and on the development corpus, for its accuracy and, if there is a speller or every
    word is known, its bits per character, all by the prefix of its scorer; several models have
    columns with their names. Other components have their loss and the scores that have a weight.
    Then come predicted tokens per second (evaluations left out), the time since the start, the
    most time left, and a star if this is the best model so far. Without a language model it is an
    ordinary logger.

    If the table or the file can't be written while the training goes on (a full disk, a reader
    who has closed the pipe), a warning says so once, and the training goes on.

    progress_bar (bool): Whether to show the progress to the next evaluation, with the last
        perplexity and speed. Where stderr isn't a terminal, it is a line every thirty seconds.
        Defaults to True.
    output_file (Optional[Union[str, Path]]): Also write a line of JSON for every evaluation, with
        the figures in full, and between them one every thirty seconds about the progress: it has
        the key "progress", see `log_outputs.read_evaluations`. If the file exists, it is kept under
        the next free name ("log.jsonl" becomes "log.1.jsonl"), and a message says so. Defaults to
        None.
    RETURNS (Callable): The `setup_printer` that spaCy's training calls.
    RAISES (ValueError): When the training begins, if output_file can't be written.

    CONFIG:
        [training.logger]
        @loggers = "spacy-rnn.ConsoleLogger.v1"
        progress_bar = true
        output_file = "metrics/train.jsonl"
    """

    def setup_printer(
        nlp: Language, stdout: IO = sys.stdout, stderr: IO = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        path = Path(output_file) if output_file else None
        logger = ConsoleLogger(nlp, stdout, stderr, progress_bar=progress_bar, output_file=path)
        return logger.log_step, logger.finalize

    return setup_printer


class ConsoleLogger:
    """The logger of one training.

    nlp (Language): The pipeline; its components that train now are logged.
    stdout (IO): Where the table goes.
    stderr (IO): Where the progress bar goes.
    progress_bar (bool): Whether to show it.
    output_file (Optional[Path]): Where the figures go in full.
    clock (Callable[[], float]): The time in seconds.
    """

    def __init__(
        self,
        nlp: Language,
        stdout: IO,
        stderr: IO,
        *,
        progress_bar: bool = True,
        output_file: Path | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        training = nlp.config.interpolate()["training"]
        self._table_output = LogStream(stdout, "The standard output", self._warn)
        self._stderr = stderr
        trainable = [(n, p) for n, p in nlp.pipeline if getattr(p, "is_trainable", False)]
        # an encoder that only serves its listeners has neither a loss nor a perplexity
        trainable = [(name, pipe) for name, pipe in trainable if getattr(pipe, "lm_weight", 1)]
        self._trainable = [name for name, _ in trainable]
        self._prefixes = {name: get_score_prefix(pipe) for name, pipe in trainable}
        weights = training["score_weights"]
        self._score_weights = {n: weight for n, weight in weights.items() if weight is not None}
        self._max_steps: int = training["max_steps"]
        self._eval_frequency: int = training["eval_frequency"]
        self._time_left = TimeLeft(self._max_steps, training["max_epochs"], clock)
        self._timer = TrainingTimer(clock)
        self._words = 0
        self._table: LogTable | None = None
        self._show_bar = progress_bar and stderr is not None
        self._bar: Any = None
        self._clock = clock
        self._begin = self._shown = clock()
        self._steps = 0
        self._file = self._open_file(output_file) if output_file else None

    def log_step(self, info: dict[str, Any] | None) -> None:
        """Log a step.

        info (Optional[Dict[str, Any]]): What spaCy knows of a step with an evaluation. None after
            any other step.
        """
        if info is None:
            self._timer.finish_step()
            self._advance_bar()
            self._steps += 1
            self._show_life()
            return
        self._steps = info["step"] + 1
        self._shown = self._clock()
        models = find_language_models(self._trainable, info["losses"])
        evaluation = self._evaluate(info, models)
        self._close_bar()
        if self._table is None:
            # The first evaluation tells which figures there are, so the header waits for it.
            self._table = LogTable(
                evaluation,
                prefixes={name: self._prefixes[name] for name in models},
                losses=[name for name in self._trainable if name not in models],
                scores=self._scores_to_show(evaluation),
            )
            self._table_output.print(self._table.header())
        self._table_output.print(self._table.row(evaluation))
        if self._file is not None:
            self._file.write_line(json.dumps(evaluation.as_json(), ensure_ascii=False))
        if self._show_bar:
            self._open_bar(evaluation)
        self._timer.restart()

    def count_from(self, steps: int, seconds: float) -> None:
        """Go on with a training.

        steps (int): How many steps it had.
        seconds (float): How long they took.
        """
        self._steps = steps
        self._begin = self._clock() - seconds

    def finalize(self) -> None:
        """Close the progress bar and the file, at the end or after an error."""
        self._close_bar()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _evaluate(self, info: dict[str, Any], models: list[str]) -> Evaluation:
        losses = info["losses"]
        evaluated = [step for _, step in info["checkpoints"][:-1]]
        steps = info["step"] - (evaluated[-1] if evaluated else -1)
        # Two language models read the same text: its tokens count once.
        tokens = max((float(losses[f"{name}_tokens"]) for name in models), default=None)
        if tokens is None:
            tokens = info["words"] - self._words
            if not self._words:  # all words of a training that went on, of these steps only a share
                tokens *= steps / (info["step"] + 1)
        self._words = info["words"]
        seconds = self._timer.get_seconds(steps)
        return Evaluation(
            epoch=info["epoch"],
            step=info["step"],
            train_perplexity={
                name: get_perplexity(losses.get(name), losses[f"{name}_tokens"]) for name in models
            },
            tokens_per_second=tokens / seconds if seconds else None,
            seconds=info["seconds"],
            seconds_left=self._time_left.estimate(info["epoch"], info["step"]),
            scores=dict(info["other_scores"] or {}),
            losses=dict(losses),
            score=info["score"],
            best=info["score"] == max(score for score, _ in info["checkpoints"]),
        )

    def _scores_to_show(self, first: Evaluation) -> list[str]:
        """Scores without a weight that nothing computes have no column."""
        weights = self._score_weights.items()
        return [name for name, w in weights if w or first.scores.get(name) is not None]

    def _show_life(self) -> None:
        """Between evaluations, say from time to time how far the training is."""
        now = self._clock()
        if now - self._shown < _SIGN_OF_LIFE:
            return
        self._shown = now
        pace = self._timer.get_seconds(1)
        if self._file is not None:
            self._file.write_line(json.dumps(self._progress(now, pace)))
        if self._show_bar and not self._stderr.isatty():
            end = f" of {self._max_steps:,}" if self._max_steps else ""
            speed = f", {pace:.2f} seconds a step" if pace else ""
            with self._dropping_bar():
                print(f"step {self._steps:,}{end}{speed}", file=self._stderr, flush=True)

    def _progress(self, now: float, pace: float | None) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): A line of the file. As in the others, the first step is 0."""
        left = max(0, self._max_steps - self._steps)  # spaCy trains one step more
        return {
            "progress": True,
            "step": self._steps - 1,
            "max_steps": self._max_steps or None,
            "seconds": int(now - self._begin),
            "seconds_a_step": pace,
            "seconds_left": left * pace if pace and self._max_steps else None,
        }

    def _open_bar(self, evaluation: Evaluation) -> None:
        total = self._eval_frequency
        if self._max_steps:
            total = min(total, self._max_steps - evaluation.step)
        if total < 1:
            return
        figures = [f"ppl {format_perplexity(p)}" for p in evaluation.train_perplexity.values() if p]
        if evaluation.tokens_per_second:
            figures.append(f"{evaluation.tokens_per_second:,.0f} tokens/s")
        with self._dropping_bar():
            # disable=None: no bar where stderr isn't a terminal.
            self._bar = tqdm.tqdm(
                total=total,
                desc=f"Epoch {evaluation.epoch}",
                unit="step",
                disable=None,
                leave=False,
                dynamic_ncols=True,
                file=self._stderr,
            )
            self._bar.set_postfix_str(", ".join(figures))

    def _advance_bar(self) -> None:
        if self._bar is not None:
            with self._dropping_bar():
                self._bar.update(1)

    def _close_bar(self) -> None:
        bar, self._bar = self._bar, None
        if bar is not None:
            with self._dropping_bar():
                bar.close()

    @contextmanager
    def _dropping_bar(self) -> Iterator[None]:
        """Go on without the bar if the terminal has gone."""
        try:
            yield
        except OSError:
            if self._bar is not None:
                self._bar.disable = True  # or it would try to clear its line at the end
            self._bar, self._show_bar = None, False

    def _warn(self, text: str) -> None:
        warn(text, self._stderr)

    def _open_file(self, path: Path) -> LogFile:
        message = Printer(no_print=True)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kept := keep_existing(path):
                there = printable(f"{path} was there already: it is now {kept}")
                self._table_output.print(message.warn(there))
            file = LogFile(path, "x" if kept else "w", self._warn)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(Errors.R220.format(path=path, error=reason)) from error
        self._table_output.print(message.info(printable(f"Saving results to {path}")))
        return file


def find_language_models(names: list[str], losses: dict[str, Any]) -> list[str]:
    """Tell which components are language models: those that count the tokens of their loss.

    names (List[str]): The names of components.
    losses (Dict[str, Any]): What they have reported.
    RETURNS (List[str]): The names `x` for which there is an `x_tokens` that is no component.
    """
    return [n for n in names if f"{n}_tokens" in losses and f"{n}_tokens" not in names]


def get_score_prefix(pipe: Any) -> str:
    """Tell what the names of a language model's scores begin with: "lm" in `lm_perplexity`.

    pipe (Any): The component.
    RETURNS (str): What its scorer was made with; "lm" if it doesn't say.
    """
    # `spacy-rnn.lm_scorer.v1` makes a functools.partial
    keywords = getattr(getattr(pipe, "scorer", None), "keywords", None) or {}
    return keywords.get("prefix", "lm")


def keep_existing(path: Path) -> Path | None:
    """Move a file out of the way, so that a new one doesn't overwrite it.

    path (Path): The file.
    RETURNS (Optional[Path]): Its new name, the first free of "x.1.jsonl", "x.2.jsonl", …; None if
        there was no file, or one without content.
    RAISES (OSError): If it can't be moved.
    """
    if not path.is_file() or not path.stat().st_size:
        return None
    number = 1
    while (kept := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return path.rename(kept)
