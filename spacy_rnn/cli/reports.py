"""The JSON file that a command may write beside its table."""

from __future__ import annotations

from pathlib import Path


def check_writable(path: Path | None) -> None:
    """Find out before hours of scoring whether a file can be written; its folder is made.

    path (Optional[Path]): The file, which stays as it is.
    RAISES (OSError): If it can't.
    """
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    path.open("ab").close()
    if is_new:
        path.unlink()
