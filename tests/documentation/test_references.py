"""The references that the site is built with: nothing of the code is missing in them."""

import importlib
import inspect
import re

import pytest
from spacy.tokens.underscore import Underscore
from spacy.util import registry
from typer.main import get_command

import spacy_rnn
from spacy_rnn.pipeline.measure_table import MEASURES
from spacy_rnn.pipeline.output import LMOutput

from ..helpers import ROOT
from .markdown import FILES

# where spaCy and thinc look functions up
REGISTRIES = (
    "architectures",
    "batchers",
    "callbacks",
    "loggers",
    "readers",
    "schedules",
    "scorers",
    "tokenizers",
)


@pytest.fixture
def load(monkeypatch):
    """A module of scripts/site_pages."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return lambda name: importlib.import_module(f"site_pages.{name}")


def sections(page, mark):
    """What stands under each heading of a level."""
    parts = re.split(rf"^{mark} (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section):
    """The cells of each row of the tables in a section, by the name in the first one."""
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [re.split(r"(?<!\\) \| ", line[2:-2]) for line in lines]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_registered_function_is_in_the_reference_with_every_option(load):
    found = sections(load("configuration").configuration_page(), "###")
    ours = {
        name: function
        for kind in REGISTRIES
        for name, function in getattr(registry, kind).get_all().items()
        # benchmarks have some of their own
        if function.__module__.startswith("spacy_rnn.")
    }
    assert len(ours) > 10
    assert found.keys() == ours.keys() | {"rnn_lm"}
    for name, function in ours.items():
        options = rows(found[name])
        assert options.keys() == inspect.signature(function).parameters.keys(), name
        for kind, default, meaning in options.values():
            assert kind and default and len(meaning) > 10, name


def test_the_component_has_its_options_with_their_defaults(load):
    options = rows(sections(load("configuration").configuration_page(), "###")["rnn_lm"])
    arguments = inspect.signature(spacy_rnn.RNNLM).parameters.keys()
    assert options.keys() == arguments - {"vocab", "name", "tokenizer"}
    assert options["cache_flatness"][:2] == ["`float`", "`0.3`"]
    assert options["max_size"][1] == "`null`"


def test_an_option_that_no_docstring_explains_is_an_error(load):
    page = load("configuration")
    parsed = {"f": load("docstrings").parse("What it does.\n\none (int): Explained.")}
    with pytest.raises(KeyError, match="other"):
        page._describe("f", lambda one, other: None, parsed)


def test_an_option_that_is_explained_elsewhere_has_that_meaning(load):
    found = sections(load("configuration").configuration_page(), "###")
    encoder, network = (rows(found[f"spacy-rnn.{name}.v1"]) for name in ("RNNTok2Vec", "RNNLM"))
    assert encoder["cell"] == network["cell"]
    assert encoder["direction"][1:] == ['`"both"`', network["direction"][2]]


def test_every_command_is_in_the_reference_with_all_it_takes(load):
    registry.cli.get_all()
    from spacy.cli._util import app

    commands = get_command(app).commands["rnn"].commands
    found = sections(load("commands").commands_page(), "##")
    assert found.keys() == commands.keys() and len(commands) > 10
    for name, command in commands.items():
        listed = re.findall(r"^\* `([^`]+)`", found[name], re.MULTILINE)
        spelled = {word.strip(",.") for item in listed for word in item.split()}
        for parameter in command.params:
            if parameter.param_type_name == "argument":
                assert (parameter.metavar or parameter.name) in found[name]
            else:
                assert {*parameter.opts, *parameter.secondary_opts} <= spelled, (name, spelled)
                assert parameter.help or parameter.hidden, (name, parameter.name)


def test_every_public_name_is_in_the_reference(load):
    page = load("api").api_page()
    shown = re.findall(r"^::: spacy_rnn\.(\w+)$", page, re.MULTILINE)
    assert [*shown, "__version__"] == sorted(
        spacy_rnn.__all__, key=lambda name: (name == "__version__", spacy_rnn.__all__.index(name))
    )
    assert "__version__".replace("_", "\\_") in page


def test_every_code_is_in_the_reference_with_its_message(load):
    page = load("coded_messages").messages_page()
    found = sections(page, "####")
    source = "".join(p.read_text("utf8") for p in (ROOT / "spacy_rnn" / "errors").glob("*.py"))
    codes = re.findall(r"^    ([RW]\d{3}) = ", source, re.MULTILINE)
    assert len(codes) == len(set(codes)) > 200
    assert {heading.split()[0] for heading in found} == set(codes)
    for heading, message in found.items():
        assert heading.endswith(f"{{ #{heading.split()[0].lower()} }}")
        assert len(message.strip()) > 20 and "!r" not in message


def test_every_attribute_and_column_is_in_the_reference(load):
    spacy_rnn.register_extensions()
    found = rows(load("attributes").attributes_page())
    kinds = {
        "doc": Underscore.doc_extensions,
        "token": Underscore.token_extensions,
        "span": Underscore.span_extensions,
    }
    for kind, extensions in kinds.items():
        ours = {f"{kind}._.{name}" for name in extensions if name.startswith("rnn_")}
        assert len(ours) > 3 and ours <= found.keys()
    fields = inspect.signature(LMOutput).parameters.keys() - {"measures"}
    properties = {name for name, value in vars(LMOutput).items() if isinstance(value, property)}
    assert fields | properties | MEASURES.keys() <= found.keys()
    assert all(len(cells[1]) > 3 for cells in found.values())


def test_what_comes_back_goes_on_in_the_lines_below_when_it_comes_first(load):
    parse = load("docstrings").parse
    parts = parse("""RETURNS (Dict[str, int]): The words of
        a text.
        RAISES (ValueError): If there
            are none.

        Counted once.""")
    said = [(each.name, each.type, each.text) for each in parts.outcomes]
    assert said == [
        ("RETURNS", "Dict[str, int]", "The words of a text."),
        ("RAISES", "ValueError", "If there are none."),
    ]
    assert parts.description == "Counted once."


def test_the_parts_of_a_docstring_are_told_apart(load):
    parts = load("docstrings").parse(
        """What it does: this, and
        that.

        one, two (int, Tuple[str, int]): Both
            of them.
        three, four: See "there".
        RETURNS (List[int]): Numbers.
        RAISES (ValueError): For none.

        CONFIG:
            [a]
            b = 1

            [c]

        After it.
        """
    )
    assert [(item.name, item.type, item.text) for item in parts.arguments] == [
        ("one", "int", "Both of them."),
        ("two", "Tuple[str, int]", "Both of them."),
        ("three", "", 'See "there".'),
        ("four", "", 'See "there".'),
    ]
    assert [(item.name, item.type) for item in parts.outcomes] == [
        ("RETURNS", "List[int]"),
        ("RAISES", "ValueError"),
    ]
    assert parts.code == {"CONFIG": "[a]\nb = 1\n\n[c]"}
    assert parts.description.split() == [
        "What",
        "it",
        "does:",
        "this,",
        "and",
        "that.",
        "After",
        "it.",
    ]


@pytest.mark.parametrize(
    ("link", "there"),
    [
        ("../../benchmarks/README.md#speed", "../benchmarks.md#speed"),
        ("../../configs/rnn_lm.cfg", "../files/configs/rnn_lm.cfg.md"),
        ("../../README.md", "../index.md"),
        ("../using.md", "../using.md"),
        ("zh/4_gates.ipynb", "zh/4_gates.ipynb.md"),
        ("https://example.org/a.md", "https://example.org/a.md"),
        ("#here", "#here"),
    ],
)
def test_links_of_the_repository_lead_to_pages_of_the_site(load, link, there):
    rewrite = load("outside").rewrite
    made = rewrite(f"`[a]({link})` [a]({link})", "docs/tutorial/README.md", "tutorial/README.md")
    assert made == f"`[a]({link})` [a]({there})"


def test_a_page_that_is_named_in_backquotes_is_a_link(load):
    rewrite = load("outside").rewrite
    made = rewrite("`docs/using.md`, `docs/nothing.md`", "benchmarks/README.md", "benchmarks.md")
    assert made == "[`docs/using.md`](using.md), `docs/nothing.md`"


@pytest.mark.slow  # with what the site needs
def test_a_word_in_a_formula_is_no_tag(load):
    held = {}
    load("notebooks")._hold_formulas(r"$p(\text{<unk>}) < 1$", "page", held)
    (formula,) = held.values()
    assert "<mtext>&lt;unk&gt;</mtext>" in formula and "&#x0003C;" in formula


def test_a_border_in_code_needs_no_sign_on_the_site(load):
    free_pipes = load("outside").free_pipes
    assert free_pipes("| `a \\| b` | c \\| d |\n`e \\| f`") == "| `a | b` | c \\| d |\n`e \\| f`"


def test_no_line_is_broken_within_an_option_or_a_name(load):
    hold_words = load("outside").hold_words
    assert hold_words("<p>--rows</p>") == "<p>--rows</p>"
    html = '<code>items <i class="a-b">&lt;unk&gt;</i> --rows {} token._.rnn</code>'
    long = "l" * 40 + "-l"
    held = html.replace("--rows", '<span class="held">--rows</span>')
    held = held.replace("token._.rnn", '<span class="held">token._.rnn</span>')
    assert hold_words(html.format(long)) == held.format(long)
    assert hold_words("<code>python x</code>") == '<code class="command">python x</code>'


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_list_is_one_on_the_site_too(path):
    """Python-Markdown wants an empty line before a list or a table, and four spaces within one."""
    begins, before, is_code = re.compile(r"( *)(- |\d+\. |\|)"), "", False
    for line in path.read_text("utf8").splitlines():
        # what is indented by less is no part of the list, and ends it
        assert is_code or before or not re.match(r" {1,3}\S", line), line
        is_code ^= line.lstrip().startswith("```")
        found = begins.match(line)
        if found and not is_code:
            assert len(found[1]) % 4 == 0, line
            goes_on = (
                not before or before.startswith((" ", "|", "- ", "<!--")) or before[0].isdigit()
            )
            assert found[1] or goes_on, line
        before = line.rstrip()
