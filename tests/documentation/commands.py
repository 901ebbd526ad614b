"""Check a command without running it: its options against those that it has."""

import argparse
import importlib.util
import inspect
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import srsly
import typer
from spacy.cli._util import app
from spacy.util import load_config, registry
from typer.main import get_command

from ..helpers import ROOT

# Values that stand for something: the rest of the command is theirs.
_PLACEHOLDERS = ("...", "…")
_PYTHONS = ("python", "python3", ".venv/bin/python")
_PIPS = ("pip", ".venv/bin/pip")
_OTHERS = ("curl", ".", "ruff", "mypy", "pre-commit", "jupyter", "mkdocs")
# Files that a command checks before it runs.
_MADE = (".cfg", ".txt", ".json", ".jsonl", ".gz", ".spacy", ".bin", ".csv")


class WrongCommand(Exception):
    """A command of the documentation that would fail."""


def check_command(words):
    """RAISES (Exception): If the command, run in the current folder, would not be understood."""
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    program, *rest = words
    if program == "torchrun":
        # its own options have values
        check_module(rest[rest.index("-m") + 1 :])
    elif program in _PYTHONS and rest[0] == "-m":
        check_module(rest[1:])
    elif program in _PYTHONS:
        if not rest[0].endswith(_PLACEHOLDERS):
            check_script(rest[0], rest[1:])
    elif program in _PIPS:
        check_installation(rest)
    elif program == "bash":
        need(ROOT / rest[0])
    elif program not in _OTHERS:
        raise WrongCommand(f"nothing is known about {program}")


def check_module(words):
    name, *rest = words
    if name == "spacy":
        check_spacy(rest)
    elif name == "pytest":
        for word in rest:
            if "/" in word and not word.startswith("-"):
                found = list(ROOT.glob(word.partition("::")[0]))
                if not found:
                    raise WrongCommand(f"no test {word}")
    elif name != "venv":
        raise WrongCommand(f"nothing is known about {name}")


def check_installation(words):
    if "-c" in words:
        need(ROOT / words[words.index("-c") + 1])
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    for word in words:
        for extra in re.findall(r"(?:spacy-rnn|\.)\[(.+)\]", word):
            if not set(extra.split(",")) <= set(extras["optional-dependencies"]):
                raise WrongCommand(f"no extra {extra}")


def check_script(path, words):
    need(ROOT / path)
    if not words:  # only named
        return
    module = load(ROOT / path)
    typed = next((v for v in vars(module).values() if isinstance(v, typer.Typer)), None)
    if typed is None and "argparse" in vars(module):
        check_arguments(module, words)
        return
    if typed is None:
        typed = typer.Typer()
        typed.command()(module.main)
    parse(get_command(typed), Path(path).name, words)


def check_arguments(module, words):
    """A script whose `main` makes an ArgumentParser: stopped as soon as that has parsed."""

    class Parsed(BaseException):
        pass

    def parse_args(parser, *_):
        rest = argparse.ArgumentParser.parse_known_args(parser, words)[1]
        if rest:
            raise WrongCommand(f"unknown {rest}")
        raise Parsed

    original = argparse.ArgumentParser.parse_args
    argparse.ArgumentParser.parse_args = parse_args
    try:
        module.main()
    except Parsed:
        return
    finally:
        argparse.ArgumentParser.parse_args = original


def check_spacy(words):
    registry.cli.get_all()
    command, names = get_command(app), []
    while words and words[0] in getattr(command, "commands", {}):
        names.append(words[0])
        command, words = command.commands[words[0]], words[1:]
    if words in ([], ["--help"], *([part] for part in _PLACEHOLDERS)):  # only named
        return
    if hasattr(command, "commands"):
        raise WrongCommand(f"no command {' '.join([*names, words[0]])}")
    context = parse(command, " ".join(names), words)
    if context is None:
        return
    options = dict(zip(context.args[::2], context.args[1::2], strict=True))
    if names == ["project", "run"]:
        check_project(context.params["subcommand"], options)
    elif options:
        given = [v for k, v in context.params.items() if k in ("config", "config_path") and v]
        check_overrides(given[0] if given else None, options)


def parse(command, name, words):
    """RETURNS (Optional[Context]): What the command understands; None if a part was left out."""
    if any(word in _PLACEHOLDERS for word in words):
        for word in words:
            if word.startswith("-") and not any(
                word in [*option.opts, *option.secondary_opts] for option in command.params
            ):
                raise WrongCommand(f"{name} has no option {word}")
        return None
    for word in words:
        path = Path(word)
        if (path.suffix in _MADE or word.isupper()) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    return command.make_context(name, list(words))


def check_project(subcommand, options):
    project = srsly.read_yaml(ROOT / "project.yml")
    known = {*project["workflows"], *(command["name"] for command in project["commands"])}
    if subcommand not in known:
        raise WrongCommand(f"the project has no {subcommand}")
    for name in options:
        if name.removeprefix("--vars.") not in project["vars"]:
            raise WrongCommand(f"the project has no {name}")


def check_overrides(config, options):
    """Overrides are settings of a config that is here; those of a user's own could be any."""
    for name in options:
        if not re.fullmatch(r"--[\w]+(\.[\w]+)+", name):
            raise WrongCommand(f"{name} is no setting")
    if config is None or not (ROOT / config).is_file():
        return
    for name in options:
        block = load_config(ROOT / config, interpolate=False)
        for key in name.removeprefix("--").split("."):
            if key not in block:
                raise WrongCommand(f"{config} has no {name}")
            block = block[key]


def check_settings(config):
    """A part of a config: every block with a registered function has only arguments of it."""
    for name, block in walk(config):
        for key in [key for key in block if key.startswith("@")]:
            function = registry.get(key[1:], block[key])
            arguments = inspect.signature(function).parameters
            unknown = [k for k in block if k != key and k not in arguments]
            if unknown:
                raise WrongCommand(f"[{name}] has no {unknown}")


def walk(config, above=""):
    for name, block in config.items():
        if isinstance(block, dict):
            yield f"{above}{name}", block
            yield from walk(block, f"{above}{name}.")


def need(path):
    if not path.exists():
        raise WrongCommand(f"{path} is not there")


@cache
def load(path):
    """The module of a script, which may import its neighbours."""
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(f"documented_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(path.parent))
