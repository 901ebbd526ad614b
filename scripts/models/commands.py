"""Run the commands that a model is made with, and keep what they said."""

import os
import subprocess
import sys
from pathlib import Path

from wasabi import msg

_LOG = Path("training") / "models.log"


class CommandFailed(OSError):
    """A command ended with an error, which stands above it and in the log."""


def run(*arguments: object) -> float:
    """Run `python ARGUMENTS`; what it says goes to the terminal and to training/models.log.

    *arguments (object): A script, or -m and a module, and what follows.
    RETURNS (float): Its CPU seconds, those of all threads and processes; 0.0 on systems that don't
        count them.
    RAISES (CommandFailed): If it ends with an error.
    """
    words = [str(argument) for argument in arguments]
    shown = " ".join(["python", *words])
    msg.info(shown)
    before = os.times()
    _LOG.parent.mkdir(parents=True, exist_ok=True)
    with _LOG.open("ab") as log:
        log.write(f"\n{shown}\n".encode())
        log.flush()
        command = [sys.executable, *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            assert process.stdout is not None
            # read1: what there is, not the whole buffer, so that a progress bar moves
            while chunk := process.stdout.read1():  # type: ignore[attr-defined]
                sys.stdout.buffer.write(chunk)
                sys.stdout.flush()
                log.write(chunk)
    if process.returncode:
        raise CommandFailed(f"{shown} ended with exit code {process.returncode}; see {_LOG}")
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])
