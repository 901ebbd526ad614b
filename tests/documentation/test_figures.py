"""The figures of README and docs are those of docs/measurements.toml, with their commands."""

import copy
import re
import tomllib

import pytest
import spacy

from ..helpers import ROOT, load_script

script = load_script("figures")
MEASUREMENTS = tomllib.loads(script.FILE.read_text("utf8"))
PAGES = sorted({page for each in MEASUREMENTS.values() for page in each["places"]})
BENCHMARKS = (ROOT / "benchmarks" / "README.md").read_text("utf8")
# pages on which every figure has to come from there
WHOLE = ["README.md", "README.zh.md", "docs/recipes.md", "docs/results.md"]
WHOLE += [str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs" / "readers").glob("*.md"))]
WHOLE += ["docs/getting_started.md", "docs/getting_started_zh.md"]
WHOLE += ["docs/upgrading.md", "docs/release_notes.md", "docs/promises.md"]
WHOLE += [
    f"docs/{guide}.md" for guide in ("command_line", "encoders", "importing", "inside", "measures")
]
WHOLE += [
    f"docs/{guide}.md" for guide in ("pictures", "pictures_zh", "tokenizer", "typing", "using")
]
# with a decimal point, a comma or a percent sign; what is no measurement beside it
_FIGURE = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)(?!\.?\d)|\d{1,3}(?:,\d{3})+|\d+(?=%)")
_DEFINED = re.compile(
    r"Python 3\.\d+|\b3\.1\d\b|temperature 0\.\d|--?[\w.-]+ [\d.]+|[a-z_]+=[\d.]+"
    r"|版本 0\.\d|[Vv]ersion 0\.\d|From 0\.1 to 0\.2|127\.0\.0\.1"
    r"|1 nat is 1\.443|says? 12%|200,000 tokens|[Aa]t most 10,000|10,000 at most|above \d+%"
    r"|to\s+0\.0+1\b|/6\)\^0\.8|forget gate of 0\.9|torch before 0\.2|form since 1\.6|32,768\s+rows"
    r"|`[^`]*`|\]\([^)]*\)|^```bash.*?^```|2×\d+|1×\d+|\d{4}-\d\d-\d\d",
    re.DOTALL | re.MULTILINE,
)


def section(title):
    """What stands under a heading, up to the next one."""
    after = BENCHMARKS.split(f" {title}\n", 1)[1]
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_what_was_measured(page):
    text = (ROOT / page).read_text("utf8")
    assert script.fill(text, page, MEASUREMENTS) == text


@pytest.mark.parametrize("key", MEASUREMENTS)
def test_a_measurement_has_its_source_and_stands_in_its_section(key):
    measurement = MEASUREMENTS[key]
    assert measurement.keys() & {"command", "published"}
    if not measurement["section"]:
        assert measurement["machine"] and measurement["date"]
        return
    numbers = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", section(measurement["section"]))
    assert set(measurement["figures"].values()) <= set(numbers)


@pytest.mark.parametrize("page", WHOLE)
def test_no_figure_of_a_page_comes_from_elsewhere(page):
    text = (ROOT / page).read_text("utf8")
    for _, phrase, _ in script.phrases_of(page, MEASUREMENTS):
        text = script.pattern(phrase).sub("", text, count=1)
    assert not _FIGURE.findall(_DEFINED.sub("", text))


def test_a_page_that_says_something_else_is_filled_in():
    page = "README.md"
    text = (ROOT / page).read_text("utf8")
    measured = copy.deepcopy(MEASUREMENTS)
    measured["wikitext-2"]["figures"] |= {"perplexity": "1,097.25", "cpu_seconds": "3,000"}
    measured["wikitext-2"]["derived"]["minutes"][0] = "50"
    wanted = text.replace("98.4 after 41 minutes", "1,097.25 after 50 minutes")
    assert script.fill(text, page, measured) == wanted != text


def test_a_figure_that_does_not_follow_from_the_others_is_an_error():
    measured = copy.deepcopy(MEASUREMENTS["wikitext-2"])
    measured["derived"]["minutes"][0] = "42"
    with pytest.raises(ValueError, match=r"minutes is 41\.15, not 42"):
        script.figures_of(measured)


def test_a_phrase_that_a_page_lost_is_an_error():
    with pytest.raises(ValueError, match=r"README\.md has no phrase"):
        script.fill("nothing", "README.md", MEASUREMENTS)


@pytest.mark.slow
def test_the_figures_of_the_main_job_are_made_by_a_command(documented_model):
    program = load_script("main_job_figures")
    names = ("perplexity", "perplexity_open", "bits_per_char", "acc", "oov")
    scores = {f"lm_{name}": 0.12345 for name in names}
    figures = program.measure(spacy.load(documented_model), scores)
    by_hand = {"documents", "words", "cpu_seconds"}
    assert figures.keys() == MEASUREMENTS["main-job"]["figures"].keys() - by_hand
    parts = (float(figures[name]) for name in ("name_unknown", "name_spelling"))
    assert sum(parts) == pytest.approx(float(figures["name"]), abs=0.11)
    assert figures["unknown"] == "12.3" and figures["bits_per_char"] == "0.12"
    made = tomllib.loads(program.replaced(script.FILE.read_text("utf8"), figures))
    assert made.pop("main-job")["figures"].items() >= figures.items()
    assert made == {key: each for key, each in MEASUREMENTS.items() if key != "main-job"}
