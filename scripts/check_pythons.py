"""Run the quick tests with other versions of Python, each in a fresh environment.

python scripts/check_pythons.py python3.11 python3.12 python3.13
python scripts/check_pythons.py --oldest python3.11
python scripts/check_pythons.py python3.12 --tests tests/network tests/tokenizers

It prints a row of the table in docs/architecture.md for each. On Linux pip takes the CUDA build of
torch, some gigabytes, where it finds no CPU build: one environment at a time, and none is kept.
"""

import argparse
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("torch", "spacy", "thinc", "numpy")
# What the tests of the package itself need, without the engines and tools, which would ask for
# newer libraries.
OLD_TOOLS = ("pytest", "hypothesis", "wheel", "rjieba", "spacy-pkuseg")
VERSIONS = """
import sys
from importlib.metadata import version
print(sys.version.split()[0], *map(version, sys.argv[1:]), sep=" | ")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pythons", nargs="+", help="Interpreters: names or paths")
    parser.add_argument("--oldest", action="store_true", help="The oldest libraries of the ranges")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="What pytest gets")
    options = parser.parse_args()
    rows, passed = [], True
    for python in options.pythons:
        with tempfile.TemporaryDirectory() as folder:
            row, good = check(python, Path(folder), options.oldest, options.tests)
        rows.append(row)
        passed = passed and good
    print("| Python | " + " | ".join(LIBRARIES) + " | tests |")
    print("|---" * (len(LIBRARIES) + 2) + "|")
    print("\n".join(rows))
    sys.exit(0 if passed else 1)


def oldest_versions() -> list[str]:
    """RETURNS (List[str]): The least version of each requirement, as pins."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    return [text.replace(">=", "==").split(",")[0] for text in project["dependencies"]]


def check(python: str, folder: Path, oldest: bool, tests: list[str]) -> tuple[str, bool]:
    """RETURNS (Tuple[str, bool]): A row of the table, and whether all passed."""
    subprocess.run([python, "-m", "venv", str(folder / "venv")], check=True)
    (inner,) = (
        p for name in ("bin/python", "Scripts/python.exe") if (p := folder / "venv" / name).exists()
    )
    install = [str(inner), "-m", "pip", "install", "-q"]
    if oldest:
        subprocess.run([*install, *oldest_versions(), *OLD_TOOLS], check=True)
        subprocess.run([*install, "--no-deps", "-e", str(ROOT)], check=True)
    else:
        pins = str(ROOT / "constraints.txt")
        subprocess.run([*install, "-c", pins, "-e", f"{ROOT}[test]"], check=True)
    versions = subprocess.run(
        [str(inner), "-c", VERSIONS, *LIBRARIES],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf8",
    )
    done = subprocess.run(
        [str(inner), "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        encoding="utf8",
    )
    print(done.stdout)
    result = done.stdout.strip().rpartition("\n")[2]
    return f"| {versions.stdout.strip()} | {result} |", done.returncode == 0


if __name__ == "__main__":
    main()
