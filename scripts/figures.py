"""Fill the figures of README.md, README.zh.md and docs in from docs/measurements.toml.

python scripts/figures.py
python scripts/figures.py --check
"""

import ast
import operator
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "docs" / "measurements.toml"
_OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_NAME = re.compile(r"{(\w+)}")
# A name with it is that of a word of a list, as a model gave it.
_WORD = "_word_"


def main(
    check: bool = typer.Option(False, "--check", help="Write nothing; fail if a page differs"),
) -> None:
    """Fill the pages in, and say what changed."""
    measurements = tomllib.loads(FILE.read_text("utf8"))
    changed = False
    for page in sorted({page for each in measurements.values() for page in each["places"]}):
        path = ROOT / page
        text = path.read_text("utf8")
        filled = fill(text, page, measurements)
        if filled != text:
            changed = True
            print(f"{page} differs" if check else f"{page} was filled in")
            if not check:
                path.write_text(filled, "utf8")
    if check and changed:
        raise SystemExit(1)


def figures_of(measurement: dict[str, Any]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The figures of a measurement by name, derived ones too.
    RAISES (ValueError): For a derived figure that isn't what its formula gives.
    """
    figures: dict[str, str] = dict(measurement["figures"])
    numbers = {name: number(text) for name, text in figures.items() if _WORD not in name}
    for name, (text, formula) in measurement.get("derived", {}).items():
        decimals = len(text.partition(".")[2])
        found = _calculate(ast.parse(formula, mode="eval").body, numbers)
        # half of the last digit, and what a float lacks
        if abs(found - number(text)) > 0.5 * 10**-decimals + 1e-9:
            raise ValueError(f"{name} is {found:.{decimals + 2}f}, not {text}")
        figures[name] = text
    return figures


def number(text: str) -> float:
    """RETURNS (float): A figure as a number."""
    return float(text.replace(",", ""))


def fill(text: str, page: str, measurements: dict[str, Any]) -> str:
    """RETURNS (str): A page with its figures as they are measured.
    RAISES (ValueError): For a phrase that the page doesn't have.
    """
    for key, phrase, figures in phrases_of(page, measurements):
        found = pattern(phrase).search(text)
        if found is None:
            raise ValueError(f"{page} has no phrase like {phrase!r} of [{key}]")
        # from the end, so that places stay what they are
        for group, name in reversed([*enumerate(_NAME.findall(phrase), start=1)]):
            start, end = found.span(group)
            text = text[:start] + figures[name] + text[end:]
    return text


def phrases_of(
    page: str, measurements: dict[str, Any]
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """YIELDS (Tuple[str, str, Dict[str, str]]): For a page each measurement's name, a phrase of it
    and its figures."""
    for key, measurement in measurements.items():
        figures = figures_of(measurement)
        for phrase in measurement["places"].get(page, ()):
            yield key, phrase, figures


def pattern(phrase: str) -> re.Pattern[str]:
    """RETURNS (Pattern[str]): What finds a phrase with any figures, over line ends."""
    parts = _NAME.split(phrase)
    for i in range(0, len(parts), 2):
        parts[i] = r"\s+".join(map(re.escape, re.split(r"\s+", parts[i])))
    for i in range(1, len(parts), 2):
        parts[i] = r"([^\s,|]+)" if _WORD in parts[i] else r"(\d[\d,]*(?:\.\d+)?)"
    return re.compile("".join(parts))


def _calculate(node: ast.AST, numbers: dict[str, float]) -> float:
    """The value of a formula of names, numbers and the four operations."""
    if isinstance(node, ast.BinOp):
        left, right = _calculate(node.left, numbers), _calculate(node.right, numbers)
        return float(_OPERATORS[type(node.op)](left, right))
    if isinstance(node, ast.Name):
        return numbers[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    raise ValueError(f"no formula: {ast.dump(node)}")


if __name__ == "__main__":
    typer.run(main)
