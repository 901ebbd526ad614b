"""The tutorial: its notebooks run, and say the same in both languages."""

import io
import re
import tokenize

import nbformat
import pytest
from nbclient import NotebookClient

from ..helpers import ROOT

TUTORIAL = ROOT / "docs" / "tutorial"
CHAPTERS = sorted(path.name for path in (TUTORIAL / "zh").glob("*.ipynb"))
_CHINESE = re.compile("[\u4e00-\u9fff]")


def notebook(lang, chapter):
    found = nbformat.read(TUTORIAL / lang / chapter, as_version=4)
    nbformat.validate(found)
    return found


def code_of(cell):
    """The tokens of a cell without its comments."""
    if cell.cell_type != "code":
        return None
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    left_out = (tokenize.COMMENT, tokenize.NL)
    return [token.string for token in tokens if token.type not in left_out]


def outputs_of(cell):
    """What a cell printed, as one text, and what it displayed."""
    printed, displayed = "", []
    for output in cell.get("outputs", []):
        # it comes in pieces, by chance
        printed += output.get("text", "")
        displayed += [output["data"]] if "data" in output else []
        assert "text" in output or "data" in output, output
    return printed, displayed


def test_both_languages_have_the_same_chapters():
    english = sorted(path.name for path in (TUTORIAL / "en").glob("*.ipynb"))
    assert english == CHAPTERS
    assert len(CHAPTERS) >= 2
    index = (TUTORIAL / "README.md").read_text("utf8")
    assert all(f"({lang}/{name})" in index for lang in ("zh", "en") for name in CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_both_languages_have_the_same_code_and_each_its_own_prose(chapter):
    chinese, english = notebook("zh", chapter), notebook("en", chapter)
    for one, other in zip(chinese.cells, english.cells, strict=True):
        assert one.cell_type == other.cell_type
        assert code_of(one) == code_of(other)
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


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_runs_and_both_languages_show_the_same(chapter, tmp_path):
    shown = []
    for lang in ("zh", "en"):
        made = notebook(lang, chapter)
        stored = [outputs_of(cell) for cell in made.cells]
        where = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(made, timeout=300, kernel_name="python3", resources=where).execute()
        shown.append([outputs_of(cell) for cell in made.cells])
        displayed = [data["text/html"] for _, parts in shown[-1] for data in parts]
        pictures = [html for html in displayed if 'class="spacy-rnn ' in html]
        calls = sum(cell.source.count("spacy_rnn.render(") for cell in made.cells)
        assert len(pictures) == calls > 0
        # numbers may differ in the last digits from machine to machine, lines don't
        lines = [printed.count("\n") for printed, _ in shown[-1]]
        assert lines == [printed.count("\n") for printed, _ in stored]
    assert shown[0] == shown[1]
