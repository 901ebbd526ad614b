"""Run Python with arguments that may stand in quotes.

python scripts/unquoted.py scripts/show.py '"training/my corpus/model-best"'

`spacy project run` splits a script into arguments itself; on Windows it leaves their quotes there.
"""

import subprocess
import sys


def unquoted(arguments: list[str]) -> list[str]:
    """RETURNS (List[str]): The arguments without the double quotes around any of them."""
    return [a[1:-1] if len(a) > 1 and a[0] == a[-1] == '"' else a for a in arguments]


if __name__ == "__main__":
    command = [sys.executable, *unquoted(sys.argv[1:])]
    sys.exit(subprocess.run(command, check=False).returncode)
