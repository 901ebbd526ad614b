"""How the pictures of a trace look, beside `stylesheet.py`."""

from __future__ import annotations

from .stylesheet import themed

# Shades of a value between zero and the strongest colour.
LEVELS = 5
# (paper, blue, orange, how much of them the strongest shade has): text stays readable on all.
_THEMES = {
    "light": ((255, 255, 255), (47, 111, 192), (224, 123, 32), 0.62),
    "dark": ((23, 27, 34), (66, 133, 225), (214, 116, 36), 0.62),
}


def shades(theme: str) -> dict[str, tuple[int, int, int]]:
    """RETURNS (Dict[str, Tuple[int, int, int]]): The colours of values by their names: "plus-5" is
    the strongest above zero."""
    paper, *colours, most = _THEMES[theme]
    found = {}
    for name, colour in zip(("plus", "minus"), colours, strict=True):
        for level in range(1, LEVELS + 1):
            share = most * level / LEVELS
            pairs = zip(paper, colour, strict=True)
            red, green, blue = (round(p + share * (c - p)) for p, c in pairs)
            found[f"{name}-{level}"] = (red, green, blue)
    return found


def _variables(theme: str) -> str:
    shade = shades(theme).items()
    blue, orange = _THEMES[theme][1:3]
    named = [*shade, ("plus", blue), ("minus", orange)]
    return " ".join(f"--spacy-rnn-{name}: rgb({r}, {g}, {b});" for name, (r, g, b) in named)


_SHADES = "\n".join(
    f".spacy-rnn .spacy-rnn-{name} {{ background: var(--spacy-rnn-{name}) }}"
    for name in shades("light")
)
# From the line in the middle upwards or downwards; a gate from the bottom.
_BAR = "linear-gradient({way}, var(--spacy-rnn-{name}) var(--spacy-rnn-level), transparent 0)"

TRACE_STYLE = f"""{themed(_variables("light"), _variables("dark"))}
.spacy-rnn .spacy-rnn-scroll {{ overflow: auto; max-height: 85vh; max-width: 100% }}
.spacy-rnn .spacy-rnn-scroll:focus-visible {{ outline: 2px solid var(--spacy-rnn-fill);
  outline-offset: 2px }}
.spacy-rnn .spacy-rnn-heat {{ border: 0; border-collapse: separate; border-spacing: 1px; margin: 0;
  width: auto; table-layout: auto; font-size: 11px; line-height: 1.3; color: inherit;
  background: none }}
.spacy-rnn .spacy-rnn-heat th, .spacy-rnn .spacy-rnn-heat td {{ border: 0; padding: 1px 3px;
  text-align: center; white-space: nowrap; font-weight: normal; max-width: none;
  color: var(--spacy-rnn-ink) }}
.spacy-rnn .spacy-rnn-heat td {{ min-width: 1.7rem; direction: ltr;
  font-variant-numeric: tabular-nums }}
.spacy-rnn .spacy-rnn-heat th {{ background: var(--spacy-rnn-paper) }}
.spacy-rnn .spacy-rnn-heat th[scope="col"] {{ position: sticky; top: 0; z-index: 1;
  vertical-align: bottom; font-size: 14px; min-width: 1.9rem }}
.spacy-rnn .spacy-rnn-heat .spacy-rnn-word {{ overflow-wrap: normal; white-space: nowrap }}
.spacy-rnn .spacy-rnn-heat th[scope="row"], .spacy-rnn .spacy-rnn-heat .spacy-rnn-corner {{
  position: sticky; inset-inline-start: 0; z-index: 1; text-align: end; min-width: 2rem;
  font-size: 11px; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-heat .spacy-rnn-corner {{ z-index: 2 }}
.spacy-rnn .spacy-rnn-heat .spacy-rnn-edge {{ display: block; white-space: normal }}
{_SHADES}
.spacy-rnn .spacy-rnn-steps {{ list-style: none; margin: 0; padding: 0; display: grid; gap: .8rem }}
.spacy-rnn .spacy-rnn-step {{ margin: 0; padding: .5rem .7rem .6rem; border-radius: 6px;
  border: 1px solid var(--spacy-rnn-line); min-width: 0 }}
.spacy-rnn .spacy-rnn-read {{ margin: 0; font-size: 20px; line-height: 1.35 }}
.spacy-rnn .spacy-rnn-read .spacy-rnn-number {{ font-size: 13px }}
.spacy-rnn .spacy-rnn-flow {{ display: flex; flex-wrap: wrap; gap: .4rem .7rem; margin: .3rem 0;
  align-items: flex-start }}
.spacy-rnn .spacy-rnn-stage {{ display: flex; flex-direction: column; margin: 0; min-width: 0 }}
.spacy-rnn .spacy-rnn-name {{ font-size: 12px; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-arrow {{ align-self: center; color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-bars {{ display: flex; gap: 1px; align-self: flex-start;
  direction: ltr; height: 34px; padding: 1px; background: var(--spacy-rnn-box) }}
.spacy-rnn .spacy-rnn-bar {{ display: block; width: 6px; height: 100%; margin: 0 }}
.spacy-rnn .spacy-rnn-bar.spacy-rnn-up {{ background: {_BAR.format(way="to top", name="plus")}
  top / 100% 50% no-repeat }}
.spacy-rnn .spacy-rnn-bar.spacy-rnn-down {{
  background: {_BAR.format(way="to bottom", name="minus")} bottom / 100% 50% no-repeat }}
.spacy-rnn .spacy-rnn-bar.spacy-rnn-open {{ background: {_BAR.format(way="to top", name="plus")} }}
.spacy-rnn .spacy-rnn-zeroed {{ background: linear-gradient(var(--spacy-rnn-quiet) 0 0)
  center / 100% 1px no-repeat, var(--spacy-rnn-box) }}
.spacy-rnn .spacy-rnn-came {{ margin: .3rem 0 0; font-size: 14px }}
.spacy-rnn .spacy-rnn-details {{ margin: .2rem 0 0; min-width: 0 }}
.spacy-rnn .spacy-rnn-details .spacy-rnn-heat th {{ font-size: 11px; position: static }}
.spacy-rnn .spacy-rnn-details summary {{ font-size: 13px; cursor: pointer;
  color: var(--spacy-rnn-quiet) }}
.spacy-rnn .spacy-rnn-details summary:focus-visible {{ outline: 2px solid var(--spacy-rnn-fill) }}
"""
