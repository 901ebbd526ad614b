"""What the tests of the page do and look at."""

import pytest

from ..rendering.browser import BROWSER, NAMES

WITH_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None, reason=f"no browser on the PATH (looked for {', '.join(NAMES)})"
    ),
]

TAB = ("Tab", 9)
VALUE = "document.querySelector('#text').value"
FOCUS = "document.activeElement.id || document.activeElement.textContent"
SETTLED = "Array.from(document.querySelectorAll('#words .word'), w => w.textContent).join('')" + (
    " === document.querySelector('#text').value.replaceAll(' ', '')"
)
OFFERED = "document.querySelectorAll('#suggestions button').length > 0"


def choose(page, first, second):
    for selector, value in (("#first-model", first), ("#second-model", second)):
        page.run(
            f"(select => {{ select.value = '{value}'; "
            f"select.dispatchEvent(new Event('change')); }})(document.querySelector('{selector}'))"
        )
    settle(page)


def settle(page):
    """Wait until the page shows what was last asked for."""
    page.until(f"document.querySelectorAll('#next .content button').length > 0 && {SETTLED}")
