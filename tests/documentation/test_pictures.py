"""Every picture of the documentation is remade by one command, which says what it leaves out."""

from fnmatch import fnmatch

import pytest

from ..helpers import ROOT, load_script
from .commands import check_command

script = load_script("pictures")


def test_every_picture_is_remade():
    found = [p for p in (ROOT / "docs").rglob("*") if p.suffix in (".png", ".svg", ".jpg", ".gif")]
    paths = [str(path.relative_to(ROOT)) for path in found]
    assert len(paths) > 4
    for path in paths:
        assert sum(fnmatch(path, each.files) for each in script.REMAKES) == 1, path


@pytest.mark.parametrize("each", [r for r in script.REMAKES if r.command[0] != "-m"], ids=str)
def test_the_command_of_a_picture_is_understood(each, tmp_path, monkeypatch):
    for path in each.command:
        if path.endswith("model-last") or path.endswith("model-best"):
            (tmp_path / path).mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    check_command(["python", *each.command])


def test_what_cannot_be_remade_is_named_with_what_makes_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(script, "_is_there", lambda name: name == "chromium")
    monkeypatch.setattr(script.subprocess, "run", lambda *_, **__: pytest.fail("it was run"))
    with pytest.raises(SystemExit) as caught:
        script.main()
    lines = capsys.readouterr().out.splitlines()
    assert caught.value.code == 0 and len(lines) == len(script.REMAKES)
    for line, each in zip(lines, script.REMAKES, strict=True):
        assert line.startswith(f"left out: {each.files}")
    assert "training/zh-modern/model-best (python -m spacy project run all)" in lines[0]
    assert "chromium (" not in lines[0] and "mkdocs (pip install" in lines[2]
