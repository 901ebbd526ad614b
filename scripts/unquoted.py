"""Run Python with arguments that may stand in quotes.

python scripts/unquoted.py scripts/show.py '"training/my corpus/model-best"'

`spacy project run` splits a script into arguments itself; on Windows it leaves their quotes there.
An error with a code, of spacy-rnn or spaCy, is one line on stderr and exit code 1, no traceback.
"""

import re
import runpy
import sys
from pathlib import Path

_CODE = re.compile(r"^\[[A-Z]\d{3}\]")


def unquoted(arguments: list[str]) -> list[str]:
    """RETURNS (List[str]): The arguments without the double quotes around any of them."""
    return [a[1:-1] if len(a) > 1 and a[0] == a[-1] == '"' else a for a in arguments]


def run(arguments: list[str]) -> None:
    """Run what `python ARGUMENTS` would: a script, or a module after -m."""
    is_module = arguments[0] == "-m"
    name, *rest = arguments[1:] if is_module else arguments
    sys.argv = [name, *rest]
    sys.path[0] = str(Path.cwd() if is_module else Path(name).resolve().parent)
    if is_module:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(name, run_name="__main__")


if __name__ == "__main__":
    try:
        run(unquoted(sys.argv[1:]))
    except (ValueError, TypeError, OSError) as error:
        if not isinstance(error, OSError) and not _CODE.match(str(error)):
            raise
        from spacy_rnn.messages import complain

        complain(" ".join(str(error).split()))
        sys.exit(1)
