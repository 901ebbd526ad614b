"""How lines and maps look; `stylesheet.py` joins it to the style of all pictures."""

# Lines differ by their dashes too, so that no colour is needed.
_DASHES = ("none", "8 4", "2 3", "12 4 2 4", "1 5", "20 4")
_SHAPES = (
    "border-radius: 50%",
    "border-radius: 0",
    "transform: translate(-50%, 50%) rotate(45deg)",
    "border-radius: 50% 0",
    "border-radius: 0 0 50% 50%",
    "border-radius: 50% 50% 0 0",
)
_LINES = "".join(
    f".spacy-rnn .spacy-rnn-line-{n} {{ --spacy-rnn-own: var(--spacy-rnn-tint-{n}); "
    f"--spacy-rnn-dash: {dash} }}\n.spacy-rnn .spacy-rnn-dot.spacy-rnn-line-{n} {{ {shape} }}\n"
    for n, (dash, shape) in enumerate(zip(_DASHES, _SHAPES, strict=True), 1)
)

# Colours of the lines, which go along with light and dark.
LIGHT_TINTS = """
  --spacy-rnn-tint-1: #3f6fb5; --spacy-rnn-tint-2: #b4530a; --spacy-rnn-tint-3: #2b7a4b;
  --spacy-rnn-tint-4: #7a3fb5; --spacy-rnn-tint-5: #1b2230; --spacy-rnn-tint-6: #8a6d00;
"""
DARK_TINTS = """
  --spacy-rnn-tint-1: #7fabe8; --spacy-rnn-tint-2: #f0a35e; --spacy-rnn-tint-3: #6fcf97;
  --spacy-rnn-tint-4: #c39bf0; --spacy-rnn-tint-5: #edf1f7; --spacy-rnn-tint-6: #e6cf6b;
"""

CHART_STYLE = f"""
.spacy-rnn .spacy-rnn-key {{ display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0 0 .4rem }}
.spacy-rnn .spacy-rnn-entry {{ display: inline-block; max-width: 100%; overflow-wrap: anywhere }}
.spacy-rnn .spacy-rnn-swatch {{ width: 36px; height: 10px; vertical-align: middle;
  margin-inline-end: .35rem }}
{_LINES}
.spacy-rnn .spacy-rnn-stroke {{ fill: none; stroke: var(--spacy-rnn-own); stroke-width: 2px;
  stroke-dasharray: var(--spacy-rnn-dash); vector-effect: non-scaling-stroke;
  stroke-linejoin: round }}
.spacy-rnn .spacy-rnn-scroll {{ overflow-x: auto; overflow-y: hidden; padding: .7em 0 .2em;
  outline-offset: -2px }}
.spacy-rnn .spacy-rnn-scroll:focus-visible {{ outline: 2px solid var(--spacy-rnn-fill) }}
.spacy-rnn .spacy-rnn-chart {{ box-sizing: border-box; padding-inline-start: 2.6em; font-size: 15px;
  direction: ltr }}
.spacy-rnn .spacy-rnn-area {{ position: relative; height: 14rem;
  border-bottom: 1px solid var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-plot {{ position: absolute; inset: 0; width: 100%; height: 100%;
  overflow: visible }}
.spacy-rnn .spacy-rnn-rule {{ position: absolute; left: 0; right: 0; height: 0;
  border-top: 1px solid var(--spacy-rnn-line) }}
.spacy-rnn .spacy-rnn-rule .spacy-rnn-number {{ position: absolute; right: 100%; top: -.75em;
  padding-right: .4em; line-height: 1.5 }}
.spacy-rnn .spacy-rnn-dot {{ position: absolute; width: 9px; height: 9px; box-sizing: border-box;
  transform: translate(-50%, 50%); border: 2px solid var(--spacy-rnn-own);
  background: var(--spacy-rnn-own) }}
.spacy-rnn .spacy-rnn-dot.spacy-rnn-hollow {{ background: var(--spacy-rnn-paper) }}
.spacy-rnn .spacy-rnn-tick {{ fill: none; stroke: var(--spacy-rnn-own); stroke-width: 1px;
  vector-effect: non-scaling-stroke }}
.spacy-rnn .spacy-rnn-strip {{ position: absolute; top: 0; bottom: 0 }}
.spacy-rnn .spacy-rnn-strip:hover {{ background: var(--spacy-rnn-line); opacity: .5 }}
.spacy-rnn .spacy-rnn-words {{ display: flex; color: var(--spacy-rnn-ink) }}
.spacy-rnn .spacy-rnn-below {{ flex: 1 1 0; min-width: 0; padding-top: .35em; overflow: hidden;
  text-overflow: ellipsis; white-space: nowrap; text-align: center }}
.spacy-rnn .spacy-rnn-standing .spacy-rnn-below {{ writing-mode: vertical-rl; max-height: 9em;
  display: flex; align-items: center; justify-content: flex-start; padding: .35em 0 0 }}
.spacy-rnn .spacy-rnn-below .spacy-rnn-word {{ white-space: nowrap; overflow: hidden;
  text-overflow: ellipsis; max-height: 100% }}
.spacy-rnn .spacy-rnn-places {{ position: relative; height: 1.4em }}
.spacy-rnn .spacy-rnn-place {{ position: absolute; transform: translateX(-100%);
  border-right: 1px solid var(--spacy-rnn-quiet); padding-right: .3em; line-height: 1.4 }}
.spacy-rnn .spacy-rnn-unit {{ font-size: 13px; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-map {{ display: block; width: 100%; min-width: 44rem; height: auto }}
.spacy-rnn .spacy-rnn-link {{ stroke: var(--spacy-rnn-line); stroke-width: 1px }}
.spacy-rnn .spacy-rnn-spot {{ fill: var(--spacy-rnn-tint-1); stroke: var(--spacy-rnn-tint-1);
  stroke-width: 1.5px }}
.spacy-rnn .spacy-rnn-spot.spacy-rnn-beside {{ fill: var(--spacy-rnn-paper) }}
.spacy-rnn .spacy-rnn-label {{ fill: var(--spacy-rnn-ink); font-weight: 600 }}
.spacy-rnn .spacy-rnn-label.spacy-rnn-beside {{ fill: var(--spacy-rnn-quiet); font-weight: normal }}
"""
