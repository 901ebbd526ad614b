"""Remake the pictures of README.md and README.zh.md: one page of the package, light and dark.

python scripts/readme_pictures.py training/zh-modern/model-best docs/images

The model is that of the main job. Chromium (Debian's `chromium`) takes the pictures.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import spacy
import typer

from spacy_rnn import render

TEXT = "我爱北京"
# pixels of the page that the table of a sentence of three words fills
SIZE = "800,350"
# Chromium's own switch for pages that ask for the scheme of the system
SCHEMES = {"light": "preferredColorScheme=1", "dark": "preferredColorScheme=0"}


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    output: Path = typer.Argument(help="The folder of the pictures"),
) -> None:
    """Write surprisal-light.png and surprisal-dark.png."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("There is no chromium: install it, then run this again.")
    # as many next words as fit side by side
    nlp = spacy.load(model, config={"components.rnn_lm.top_k": 4})
    page = render(nlp(TEXT), "next", page=True, lang="en")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        path.write_text(str(page), encoding="utf8")
        for scheme, setting in SCHEMES.items():
            picture = output / f"surprisal-{scheme}.png"
            flags = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE}"]
            flags += [f"--blink-settings={setting}", "--force-device-scale-factor=2"]
            command = [browser, *flags, f"--screenshot={picture.resolve()}", path.as_uri()]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            print(f"wrote {picture}")


if __name__ == "__main__":
    typer.run(main)
