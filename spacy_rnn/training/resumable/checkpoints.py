"""The checkpoints of a training: a folder for each, complete and checked, or not there."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import Errors
from ...locking import lock
from ...regular_files import is_special, read_regular
from .folders import remove_folder, restore_folder, write_folder

FORMAT = "spacy-rnn.checkpoint.v1"
_FILES = "files.json"
_LOCK = "lock"
_DROPPED = "dropped"
_NAME = re.compile(r"\.?(step-\d{9})(\.new|\.old)?")


@dataclass
class Checkpoints:
    """The checkpoints in a folder. Each has the pipeline (`spacy.load` reads it), the states of
    the training, and the sizes and checksums of its files.

    folder (Path): Where they are.
    keep (int): How many; the last one is worthless if its file is torn.
    """

    folder: Path
    keep: int = 2

    def write(self, step: int, fill: Callable[[Path], object]) -> Path:
        """Write a checkpoint and remove those that are too old.

        step (int): The training steps that were done.
        fill (Callable[[Path], object]): Writes its files into an empty folder.
        RETURNS (Path): Its folder.
        RAISES (OSError): If it can't be written; those before are there as they were.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"step-{step:09d}"

        def write(folder: Path) -> None:
            fill(folder)
            _write_list(folder)

        write_folder(target, write)
        paths = self.paths()
        place = paths.index(target)
        # later ones were damaged, or it would have gone on from them
        for path in (*paths[: max(0, place + 1 - self.keep)], *paths[place + 1 :]):
            remove_folder(path)
        return target

    def paths(self) -> list[Path]:
        """RETURNS (List[Path]): The checkpoints, the last one at the end."""
        if not self.folder.is_dir():
            return []
        found = {match[1] for p in self.folder.iterdir() if (match := _NAME.fullmatch(p.name))}
        for name in found:
            restore_folder(self.folder / name)
        return [self.folder / name for name in sorted(found) if (self.folder / name).is_dir()]

    def drop(self, others: Sequence[Path]) -> None:
        """Remove all checkpoints, and other folders of the same training. If it is interrupted,
        `finish_dropping` goes on with it.

        others (Sequence[Path]): The other folders.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / _DROPPED).touch()
        self.finish_dropping(others)

    def finish_dropping(self, others: Sequence[Path]) -> None:
        """Do what is left of `drop`, if anything is."""
        if (self.folder / _DROPPED).exists():
            for path in (*self.paths(), *others):
                remove_folder(path)
            (self.folder / _DROPPED).unlink()

    def find(self, on_damaged: Callable[[str], object]) -> Path | None:
        """Find the last checkpoint that can be used.

        on_damaged (Callable[[str], object]): Told of those that can't.
        RETURNS (Optional[Path]): Its folder; None if there are no checkpoints.
        RAISES (ValueError): If there are, but none can be used.
        """
        paths = self.paths()
        for path in reversed(paths):
            try:
                check_files(path)
                return path
            except ValueError as error:
                on_damaged(str(error))
        if paths:
            raise ValueError(Errors.R605.format(folder=self.folder))
        return None


class Lock:
    """Keeps other trainings out of a folder, until it is released or the process ends.

    folder (Path): The folder; it is made if it isn't there.
    RAISES (ValueError): If another training has it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / _LOCK).open("w")
        try:
            lock(self._file)
        except OSError:
            self._file.close()
            raise ValueError(Errors.R617.format(folder=folder)) from None

    def release(self) -> None:
        """Let others in."""
        self._file.close()


def check_files(folder: Path) -> None:
    """Compare the files of a checkpoint with what was written.

    folder (Path): The checkpoint.
    RAISES (ValueError): If a file is missing, torn or changed.
    """
    try:
        known = json.loads(read_regular(folder / _FILES))
        if known["format"] != FORMAT:
            raise ValueError(f"its format is {known['format']!r}")
        for name, description in known["files"].items():
            if _describe(folder / name) != description:
                raise ValueError(f"{name} isn't what was written")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(Errors.R604.format(folder=folder, error=error)) from None


def _write_list(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    known = {path.relative_to(folder).as_posix(): _describe(path) for path in files}
    text = json.dumps({"format": FORMAT, "files": known}, indent=1)
    (folder / _FILES).write_text(text, encoding="utf-8")


def _describe(path: Path) -> dict[str, Any]:
    if is_special(path):
        raise ValueError(Errors.R370.format(path=path))
    checksum = size = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            checksum = zlib.crc32(block, checksum)
            size += len(block)
    return {"size": size, "crc32": checksum}
