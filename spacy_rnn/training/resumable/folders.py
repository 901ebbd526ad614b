"""Folders that are there as a whole or not at all, whenever the program or the power stops."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path


def write_folder(target: Path, write: Callable[[Path], object]) -> None:
    """Write a folder under another name, then let it take the place of the old one.

    target (Path): The folder; its parent exists. If there is one already, it is kept until the new
        one is complete.
    write (Callable[[Path], object]): Fills an empty folder.
    RAISES (OSError): If it can't be written; what was at `target` is there as before.
    """
    target = _real(target)
    restore_folder(target)
    new, old = _temporary_names(target)
    try:
        new.mkdir()
        write(new)
        _sync_tree(new)
    except BaseException:
        _remove(new)
        raise
    if target.exists():
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        restore_folder(target)
        raise
    _sync(target.parent)
    _remove(old)


def restore_folder(target: Path) -> None:
    """Put right what a program that was killed in `write_folder` or `remove_folder` left.

    target (Path): The folder.
    """
    target = _real(target)
    new, old = _temporary_names(target)
    if old.exists() and new.exists() and not target.exists():
        # it was killed between two renames, when the new one was complete
        new.rename(target)
    _remove(new)
    _remove(old)


def remove_folder(target: Path) -> None:
    """Remove a folder so that it is never seen in part.

    target (Path): The folder.
    """
    target = _real(target)
    restore_folder(target)
    if target.exists():
        old = _temporary_names(target)[1]
        target.rename(old)
        _remove(old)


def _sync_tree(folder: Path) -> None:
    """Let the disk have everything before the name says that it is complete."""
    for path in (*folder.rglob("*"), folder):
        _sync(path)


def _sync(path: Path) -> None:
    if os.name == "nt":  # no handle of a folder there, and none for reading that can be synced
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _real(target: Path) -> Path:
    """A link to another disk stays one."""
    return target.resolve() if target.is_symlink() else target


def _temporary_names(target: Path) -> tuple[Path, Path]:
    """RETURNS (Tuple[Path, Path]): Where the new folder is written and the old one waits."""
    return target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
