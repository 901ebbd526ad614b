"""The tutorial: its notebooks run, and say the same in both languages."""

import io
import re
import shutil
import tokenize
from collections import Counter

import nbformat
import pytest
from nbclient import NotebookClient

from ..helpers import ROOT

TUTORIAL = ROOT / "docs" / "tutorial"
CHAPTERS = sorted(path.name for path in (TUTORIAL / "zh").glob("*.ipynb"))
_CHINESE = re.compile("[\u4e00-\u9fff]")
# What the English pages say to every picture: those of Chinese pipelines are Chinese
_IN_ENGLISH = [",", "lang", "=", '"en"']


def notebook(lang, chapter):
    found = nbformat.read(TUTORIAL / lang / chapter, as_version=4)
    nbformat.validate(found)
    return found


def code_of(cell):
    """The tokens of a cell without its comments, and how many pictures are to be in English."""
    if cell.cell_type != "code":
        return None, 0
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    left_out = (tokenize.COMMENT, tokenize.NL)
    kept, english = [], 0
    for token in tokens:
        kept += [token.string] if token.type not in left_out else []
        if kept[-len(_IN_ENGLISH) :] == _IN_ENGLISH:
            del kept[-len(_IN_ENGLISH) :]
            english += 1
    return kept, english


def pictures_of(cell):
    """RETURNS (int): How many pictures a cell draws."""
    return cell.source.count("spacy_rnn.render(") if cell.cell_type == "code" else 0


def outputs_of(cell):
    """What a cell printed, as one text, and what it displayed."""
    printed, displayed = "", []
    for output in cell.get("outputs", []):
        # it comes in pieces, by chance
        printed += output.get("text", "")
        displayed += [output["data"]] if "data" in output else []
        assert "text" in output or "data" in output, output
    return printed, displayed


def told_by(html):
    """The words and numbers of a picture, whatever language explains them."""
    html = re.sub("<style>.*?</style>", "", html, flags=re.DOTALL)
    words = re.findall(r"<bdi[^>]*>(.*?)</bdi>", html)
    return words, Counter(re.findall(r"\d[\d.,]*\d|\d", html))


def test_both_languages_have_the_same_chapters():
    english = sorted(path.name for path in (TUTORIAL / "en").glob("*.ipynb"))
    assert english == CHAPTERS
    assert len(CHAPTERS) == 7
    index = (TUTORIAL / "README.md").read_text("utf8")
    assert all(f"({lang}/{name})" in index for lang in ("zh", "en") for name in CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_both_languages_have_the_same_code_and_each_its_own_prose(chapter):
    chinese, english = notebook("zh", chapter), notebook("en", chapter)
    for one, other in zip(chinese.cells, english.cells, strict=True):
        assert one.cell_type == other.cell_type
        (code, none), (same, english) = code_of(one), code_of(other)
        assert code == same and none == 0
        assert english == pictures_of(one)
        assert outputs_of(one) == outputs_of(other)
        if one.cell_type == "markdown":
            assert one.source.count("\n#") == other.source.count("\n#")
            share = len(_CHINESE.findall(other.source)) / len(other.source)
            assert _CHINESE.search(one.source) and share < 0.1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_notebook_keeps_what_it_printed_and_no_page(chapter, lang):
    cells = [cell for cell in notebook(lang, chapter).cells if cell.cell_type == "code"]
    assert sum(bool(cell.outputs) for cell in cells) > len(cells) / 2
    for cell in cells:
        assert all(output.output_type == "stream" for output in cell.outputs), cell.source
        assert all(output.name == "stdout" for output in cell.outputs), "a warning"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The folders of a checkout that the pages look into, and nothing that they could change."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / "assets", folder / "assets")
    for lang in ("zh", "en"):
        (folder / "docs" / "tutorial" / lang).mkdir(parents=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_runs_and_both_languages_show_the_same(chapter, checkout):
    shown = []
    for lang in ("zh", "en"):
        made = notebook(lang, chapter)
        stored = [outputs_of(cell) for cell in made.cells]
        where = {"metadata": {"path": str(checkout / "docs" / "tutorial" / lang)}}
        NotebookClient(made, timeout=1800, kernel_name="python3", resources=where).execute()
        outputs = [outputs_of(cell) for cell in made.cells]
        displayed = [data["text/html"] for _, parts in outputs for data in parts]
        assert len(displayed) == sum(map(pictures_of, made.cells)) > 0
        assert all(f'class="spacy-rnn tex2jax_ignore" lang="{lang}"' in html for html in displayed)
        # numbers may differ in the last digits from machine to machine, lines don't
        lines = [printed.count("\n") for printed, _ in outputs]
        assert lines == [printed.count("\n") for printed, _ in stored]
        shown.append(([printed for printed, _ in outputs], list(map(told_by, displayed))))
    assert shown[0] == shown[1]
