"""Remake every picture of README, docs and the site, and say which were left out, and why.

python scripts/pictures.py

In the folder of the repository. What a picture needs and isn't there is named, with what makes it.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import typer

_SITE = "pip install -c constraints.txt -e '.[docs]'"
_MAIN_JOB = "python -m spacy project run all"
_WIKITEXT = "python -m spacy project run wikitext . --vars.wikitext path/to/wikitext-2"
_PLAIN = (
    '`benchmarks/spellers.py`: see benchmarks/README.md, "With the speller that knows the context"'
)
_SPELLERS = {
    f"{folder}/wikitext-{seed}/model-last": label
    for folder, label in (("plain", "plain"), ("training", "context"))
    for seed in (0, 1, 2)
}


@dataclass(frozen=True)
class Remake:
    """Pictures that one command makes.

    what (str): What they show.
    files (str): Where they are, as a pattern.
    command (Tuple[str, ...]): Arguments of Python.
    needs (Dict[str, str]): Files and folders by path, and what makes each.
    programs (Dict[Tuple[str, ...], str]): Programs or modules of Python, of which one is needed,
        likewise.
    environment (Dict[str, str]): Variables of the command.
    """

    what: str
    files: str
    command: tuple[str, ...]
    needs: dict[str, str] = field(default_factory=dict)
    programs: dict[tuple[str, ...], str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def lacks(self) -> list[str]:
        """RETURNS (List[str]): What isn't there, and how to get it."""
        found = [f"{p} ({how})" for p, how in self.needs.items() if not Path(p).exists()]
        for names, how in self.programs.items():
            if not any(map(_is_there, names)):
                found.append(f"{names[0]} ({how})")
        return found


REMAKES = (
    Remake(
        "我爱北京, light and dark, English and Chinese",
        "docs/images/surprisal-*.png",
        ("scripts/readme_pictures.py", "training/zh-modern/model-best", "docs/images"),
        needs={"training/zh-modern/model-best": _MAIN_JOB},
        programs={("chromium", "chromium-browser"): "a package of the system"},
    ),
    Remake(
        "bits of a word over its count",
        "docs/bits_by_count.svg",
        (
            "benchmarks/bits_by_count.py",
            "corpus/wikitext/test.spacy",
            *_SPELLERS,
            *("--svg", "docs/bits_by_count.svg"),
            *(part for label in _SPELLERS.values() for part in ("--label", label)),
        ),
        needs={
            "corpus/wikitext/test.spacy": _WIKITEXT,
            **{
                path: _WIKITEXT if label == "context" else _PLAIN
                for path, label in _SPELLERS.items()
            },
        },
    ),
    Remake(
        "the tutorial's pictures, within the site",
        "site/tutorial/*/*/index.html",
        ("-m", "mkdocs", "build", "--strict"),
        programs={("mkdocs",): _SITE, ("nbclient",): _SITE},
        environment={"RUN_TUTORIAL": "1"},
    ),
)


def main() -> None:
    """Remake what can be remade; the last lines say what was left out."""
    left_out, failed = [], 0
    for each in REMAKES:
        if lacking := each.lacks():
            left_out.append(f"left out: {each.files}, {each.what}. Not there: {'; '.join(lacking)}")
            continue
        done = subprocess.run(
            [sys.executable, *each.command], env={**os.environ, **each.environment}
        )
        failed += done.returncode != 0
        print(f"{'failed' if done.returncode else 'remade'}: {each.files}, {each.what}", flush=True)
    print("\n".join(left_out or ["nothing was left out"]))
    raise SystemExit(1 if failed else 0)


def _is_there(name: str) -> bool:
    return shutil.which(name) is not None or importlib.util.find_spec(name) is not None


if __name__ == "__main__":
    typer.run(main)
