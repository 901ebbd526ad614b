"""Build the wheel and the source distribution, and try what each installs with the source away.

python scripts/check_wheel.py
python scripts/check_wheel.py --output dist
python scripts/check_wheel.py --borrow

Each is installed into an environment of its own, where a folder that held nothing gets a corpus, a
trained pipeline and its scores (scripts/try_installed.py). The first fetches its requirements as a
user's would; those of the second are the same, so it borrows them. With --borrow both borrow those
of the Python that runs this: for a quick test.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What the source distribution holds beside the package and what setuptools adds by itself.
BESIDE = {"LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, help="Keep what was built in this folder")
    parser.add_argument("--borrow", action="store_true", help="Fetch no requirements")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        wheel, sdist = build(work)
        check_contents(wheel, sdist)
        first = make_environment(work / "from-wheel")
        if options.borrow:
            borrow(first, Path(sysconfig.get_path("purelib")))
            install(first, "--no-deps", wheel)
        else:
            install(first, "-c", ROOT / "constraints.txt", wheel)
        try_out(first, work / "wheel")
        second = make_environment(work / "from-sdist")
        borrow(second, Path(sysconfig.get_path("purelib")) if options.borrow else site_of(first))
        install(second, "--no-deps", sdist)
        try_out(second, work / "sdist")
        if options.output is not None:
            options.output.mkdir(parents=True, exist_ok=True)
            for path in (wheel, sdist):
                shutil.copy(path, options.output)
    print(f"{wheel.name} and {sdist.name} pass")


def run(*command: str | Path, folder: Path | None = None) -> None:
    """Run a command that sees nothing of this process's Python path."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    subprocess.run(list(map(str, command)), check=True, cwd=folder, env=environment)


def build(work: Path) -> tuple[Path, Path]:
    """Build both from a copy, so that no earlier build's files get in.

    RETURNS (Tuple[Path, Path]): The wheel, made from the source distribution, and that one.
    """
    copy, built = work / "copy", work / "built"
    copy.mkdir()
    for name in ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)
    for name in ("spacy_rnn", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "build", "--outdir", built, copy)
    (wheel,), (sdist,) = built.glob("*.whl"), built.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    return wheel, sdist


def check_contents(wheel: Path, sdist: Path) -> None:
    """Every file of the package is in both, and nothing else of the repository is."""
    package = ROOT / "spacy_rnn"
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = {name for name in archive.namelist() if ".dist-info/" not in name}
    with tarfile.open(sdist) as tar:
        files = [member.name.split("/", 1)[1] for member in tar.getmembers() if member.isfile()]
    in_sdist = {name for name in files if ".egg-info/" not in name}
    for path, found, expected in (
        (wheel, in_wheel, wanted),
        (sdist, in_sdist, wanted | BESIDE),
    ):
        if found != expected:
            missing, more = sorted(expected - found), sorted(found - expected)
            raise SystemExit(f"{path.name}: missing {missing}, not wanted {more}")


def make_environment(folder: Path) -> Path:
    """RETURNS (Path): The Python of a new virtual environment."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def site_of(python: Path) -> Path:
    """RETURNS (Path): Where the packages of an environment are."""
    command = [str(python), "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf8")
    return Path(done.stdout.strip())


def borrow(python: Path, site: Path) -> None:
    """Let an environment see the packages of another one, after its own."""
    (site_of(python) / "borrowed.pth").write_text(f"{site}\n", encoding="utf8")


def install(python: Path, *arguments: str | Path) -> None:
    run(python, "-I", "-m", "pip", "install", "-q", *arguments)


def try_out(python: Path, folder: Path) -> None:
    folder.mkdir()
    program = shutil.copy(ROOT / "scripts" / "try_installed.py", folder.parent)
    run(python, "-I", program, folder=folder)


if __name__ == "__main__":
    main()
