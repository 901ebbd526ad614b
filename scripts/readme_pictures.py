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

# The README in each language has its own
LANGUAGES = {"en": "", "zh": "-zh"}


def main(
    model: Path = typer.Argument(help="A trained pipeline with rnn_lm"),
    output: Path = typer.Argument(help="The folder of the pictures"),
) -> None:
    """Write surprisal-light.png and surprisal-dark.png, and both in Chinese."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise SystemExit("There is no chromium: install it, then run this again.")
    # as many next words as fit side by side
    nlp = spacy.load(model, config={"components.rnn_lm.top_k": 4})
    doc = nlp(TEXT)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "page.html")
        for lang, ending in LANGUAGES.items():
            path.write_text(str(render(doc, "next", page=True, lang=lang)), encoding="utf8")
            for scheme in SCHEMES:
                picture = output / f"surprisal-{scheme}{ending}.png"
                take_picture(browser, path, scheme, picture)
                print(f"wrote {picture}")


def take_picture(browser: str, page: Path, scheme: str, picture: Path) -> None:
    """Write a picture of a page."""
    flags = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE}"]
    flags += [f"--blink-settings={SCHEMES[scheme]}", "--force-device-scale-factor=2"]
    command = [browser, *flags, f"--screenshot={picture.resolve()}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


if __name__ == "__main__":
    typer.run(main)
