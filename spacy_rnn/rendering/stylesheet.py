"""How pictures look. Every selector begins with `.spacy-rnn`, so that nothing else is touched."""

from .chart_style import CHART_STYLE, DARK_TINTS, LIGHT_TINTS

_LIGHT = f"""{LIGHT_TINTS}
  --spacy-rnn-ink: #1b2230; --spacy-rnn-quiet: #4b5568; --spacy-rnn-paper: #ffffff;
  --spacy-rnn-line: #c9d1de; --spacy-rnn-box: #f1f4f8; --spacy-rnn-fill: #3f6fb5;
"""
_DARK = f"""{DARK_TINTS}
  --spacy-rnn-ink: #edf1f7; --spacy-rnn-quiet: #b3bdcd; --spacy-rnn-paper: #171b22;
  --spacy-rnn-line: #3d4757; --spacy-rnn-box: #262e3a; --spacy-rnn-fill: #7fabe8;
"""


def themed(light: str, dark: str) -> str:
    """RETURNS (str): Rules that give pictures one of two sets of variables, by the reader's system,
    the notebook or a class around the picture."""
    return f"""
.spacy-rnn {{{light}}}
@media screen and (prefers-color-scheme: dark) {{ .spacy-rnn {{{dark}}} }}
[data-jp-theme-light="true"] .spacy-rnn, .vscode-light .spacy-rnn,
.spacy-rnn-light .spacy-rnn {{{light}}}
@media screen {{
[data-jp-theme-light="false"] .spacy-rnn, .vscode-dark .spacy-rnn,
.spacy-rnn-dark .spacy-rnn {{{dark}}} }}
"""


# Bars stand beside the words, never behind them: a line through a word would strike it out.
_UP = """linear-gradient(to top, var(--spacy-rnn-fill) var(--spacy-rnn-level),
    transparent var(--spacy-rnn-level)) top / 100% 28px no-repeat"""
# What goes on beyond the scale has a gap.
_GAP = "linear-gradient(var(--spacy-rnn-box) 0 0) 0 6px / 100% 3px no-repeat"
_ACROSS = """linear-gradient(to right, var(--spacy-rnn-fill) var(--spacy-rnn-level),
    transparent var(--spacy-rnn-level)) bottom / 100% 5px no-repeat"""

# Notebooks style tables with selectors of one class and two elements: ours name two classes.
STYLE = f"""{themed(_LIGHT, _DARK)}
.spacy-rnn {{
  box-sizing: border-box; max-width: 62rem; margin: 0; padding: .9rem 1.1rem; border-radius: 8px;
  font: 16px/1.5 system-ui, sans-serif; text-align: start; color: var(--spacy-rnn-ink);
  background: var(--spacy-rnn-paper); -webkit-print-color-adjust: exact;
  print-color-adjust: exact }}
.spacy-rnn .spacy-rnn-legend, .spacy-rnn .spacy-rnn-sums, .spacy-rnn .spacy-rnn-note {{
  margin: 0; font-size: 13px; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-note {{ margin: .3rem 0; font-style: italic }}
.spacy-rnn .spacy-rnn-figure {{ margin: 1rem 0 0; padding: 0 }}
.spacy-rnn .spacy-rnn-sums {{ font-variant-numeric: tabular-nums }}
.spacy-rnn .spacy-rnn-text {{ margin: 0 0 .3rem; line-height: 1.35; color: inherit }}
.spacy-rnn .spacy-rnn-group {{ display: inline-flex; flex-wrap: wrap; align-items: baseline;
  max-width: 100%; vertical-align: baseline }}
.spacy-rnn .spacy-rnn-token {{ display: inline-flex; flex-direction: column; max-width: 100%;
  min-width: 1.75rem; box-sizing: border-box; padding: 0 1.5px; margin-bottom: .35rem;
  text-align: center }}
.spacy-rnn .spacy-rnn-word {{ overflow-wrap: anywhere; white-space: pre-wrap; min-width: 0 }}
.spacy-rnn .spacy-rnn-token .spacy-rnn-word {{ display: block; font-size: 18px;
  padding: 29px .2em .1em; background: {_UP}, var(--spacy-rnn-box) }}
.spacy-rnn .spacy-rnn-beyond .spacy-rnn-word {{ background: {_GAP}, {_UP},
  var(--spacy-rnn-box) }}
.spacy-rnn .spacy-rnn-number {{ display: inline; font-size: 12px; font-style: normal;
  font-weight: normal; font-variant-numeric: tabular-nums; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-token .spacy-rnn-number {{ display: block; line-height: 1.3;
  text-align: center; direction: ltr; -webkit-user-select: none; user-select: none }}
.spacy-rnn .spacy-rnn-edge {{ font-style: italic; color: var(--spacy-rnn-quiet) }}
.spacy-rnn [lang="zh"].spacy-rnn-edge, .spacy-rnn[lang="zh"] .spacy-rnn-note {{
  font-style: normal }}
.spacy-rnn .spacy-rnn-summary {{ padding: .35rem .5rem; cursor: pointer;
  border-bottom: 1px solid var(--spacy-rnn-line); color: var(--spacy-rnn-ink) }}
.spacy-rnn .spacy-rnn-summary:focus-visible {{ outline: 2px solid var(--spacy-rnn-fill) }}
.spacy-rnn .spacy-rnn-table {{ width: 100%; margin: 0; border: 0; border-collapse: collapse;
  table-layout: auto; font-size: 16px; color: inherit; background: none }}
.spacy-rnn .spacy-rnn-cell {{ padding: .35rem .5rem; border: 0; max-width: none;
  border-bottom: 1px solid var(--spacy-rnn-line); background: var(--spacy-rnn-paper);
  color: var(--spacy-rnn-ink); font-weight: normal; text-align: start; vertical-align: top;
  white-space: normal; overflow-wrap: anywhere }}
.spacy-rnn .spacy-rnn-cell[scope="col"] {{ font-size: 13px; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-cell:first-child, .spacy-rnn .spacy-rnn-cell:last-child {{ width: 15%;
  min-width: 4.7rem; box-sizing: border-box }}
.spacy-rnn .spacy-rnn-guesses {{ display: grid; gap: 3px; margin: 0; padding: 0;
  grid-template-columns: repeat(auto-fill, minmax(6.6rem, 1fr)); list-style: none }}
.spacy-rnn .spacy-rnn-guess {{ box-sizing: border-box; margin: 0; padding: 1px 5px 6px;
  min-width: 0; border: 2px solid transparent; display: flex; flex-wrap: wrap; gap: 0 .3em;
  align-items: baseline; background: {_ACROSS}, var(--spacy-rnn-box); background-clip: padding-box;
  background-origin: padding-box }}
.spacy-rnn .spacy-rnn-guess .spacy-rnn-number {{ margin-inline-start: auto; white-space: nowrap;
  color: var(--spacy-rnn-ink) }}
.spacy-rnn .spacy-rnn-right {{ border-color: var(--spacy-rnn-ink) }}
.spacy-rnn .spacy-rnn-hit {{ font-weight: bold; color: var(--spacy-rnn-ink) }}
.spacy-rnn .spacy-rnn-bits {{ display: block; word-break: keep-all }}
.spacy-rnn[lang="zh"] .spacy-rnn-cell:first-child, .spacy-rnn[lang="zh"]
  .spacy-rnn-cell:last-child {{ min-width: 5.2rem }}
{CHART_STYLE}
"""

PAGE_STYLE = """
:root { color-scheme: light dark }
body { margin: 0; padding: 12px }
@media screen and (prefers-color-scheme: dark) { body { background: #171b22 } }
"""
