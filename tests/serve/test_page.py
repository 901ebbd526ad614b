"""The page in a real Chromium: typing, input methods, keyboard, errors, hostile text."""

import math
import time

import pytest

from spacy_rnn.serve.limits import ServeLimits
from spacy_rnn.serve.served_model import ServedModel

from ..rendering.browser import BROWSER, NAMES, contrast
from .chromium import Chromium
from .conftest import run_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        BROWSER is None, reason=f"no browser on the PATH (looked for {', '.join(NAMES)})"
    ),
]

PROCESS = ("Process", 229)
TAB = ("Tab", 9)
VALUE = "document.querySelector('#text').value"
FOCUS = "document.activeElement.id || document.activeElement.textContent"


@pytest.fixture(scope="module")
def address(pipelines, lms):
    limits = ServeLimits(text_chars=500)
    models = [ServedModel(name, pipelines[name], lms[name], limits) for name in ("en", "zh")]
    yield run_server(models, limits)
    for model in models:
        model.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser, address):
    """The page in English, with one model; at the end nothing was refused by the browser, and
    nothing was asked of anybody else."""
    browser.resize(1100, 900)
    browser.open(address)
    choose(browser, "en", "")
    browser.run("document.querySelector('#text').focus()")
    yield browser
    assert browser.complaints() == []
    assert all(url.startswith((address, "data:")) for url in browser.addresses())


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


SETTLED = "Array.from(document.querySelectorAll('#words .word'), w => w.textContent).join('')" + (
    " === document.querySelector('#text').value.replaceAll(' ', '')"
)
OFFERED = "document.querySelectorAll('#suggestions button').length > 0"


def test_words_and_next_words_follow_what_is_typed(page, lms, pipelines):
    page.type("the baker paints")
    page.until(OFFERED)
    settle(page)
    assert page.texts("#words .word") == ["the", "baker", "paints"]
    with pipelines["en"].select_pipes(enable=["rnn_lm"]):
        doc = pipelines["en"]("the baker paints")
    assert page.texts("#words .bits") == [f"{t._.rnn_surprisal:.1f}" for t in doc]
    expected = [word for word, _ in lms["en"].predict_next("the baker paints", k=8)]
    shown = ["end of the text" if word == "</s>" else word for word in expected]
    assert page.texts("#next .word") == shown
    page.type(" zeppelin")
    settle(page)
    assert page.texts("#words .unknown") == ["zeppelin"]


def test_a_click_on_a_next_word_types_it_with_its_space(page, lms):
    page.type("the baker")
    settle(page)
    page.until("document.querySelector('#next button:not(:disabled)')")
    word = page.texts("#next button:not(:disabled) .word")[0]
    page.click("#next button:not(:disabled)")
    assert page.run(VALUE) == f"the baker {word}"
    assert page.run(FOCUS) == "text"
    page.press("z", 90, modifiers=2)  # undo
    page.until(f"{VALUE} === 'the baker'")


def test_tab_completes_a_half_typed_word_and_escape_lets_it_go_on(page, lms):
    page.press(*TAB)  # nothing was typed: Tab moves on
    assert page.run(FOCUS) != "text"
    page.run("document.querySelector('#text').focus()")
    page.type("the bak")
    page.until(OFFERED)
    best = lms["en"].complete("the bak", k=5)
    assert best[0].word == "baker"
    assert page.run("document.querySelector('#suggestions [aria-current] span').textContent") == (
        "baker"
    )
    page.press(*TAB)
    assert page.run(VALUE) == "the baker" and page.run(FOCUS) == "text"
    page.until(OFFERED)
    page.press("ArrowDown", 40, modifiers=1)
    second = page.run("document.querySelector('#suggestions [aria-current] span').textContent")
    assert second == page.texts("#suggestions button span:first-child")[1]
    page.press(*TAB)
    assert page.run(VALUE).endswith(second)
    page.until(OFFERED)
    page.press("Escape", 27)
    assert not page.run(OFFERED)
    value = page.run(VALUE)
    page.press(*TAB)
    assert page.run(VALUE) == value and page.run(FOCUS) != "text"


def test_tab_before_the_suggestions_are_there_takes_the_first_when_it_comes(page, monkeypatch):
    complete = ServedModel.complete

    def slowly(*args):
        time.sleep(0.3)
        return complete(*args)

    monkeypatch.setattr(ServedModel, "complete", slowly)
    page.type("the bak")
    page.press(*TAB)
    assert page.run(VALUE) == "the bak"
    page.until(f"{VALUE} === 'the baker'")


def test_a_suggestion_that_comes_after_the_caret_moved_is_put_nowhere(page, monkeypatch):
    complete, answered = ServedModel.complete, []

    def slowly(self, text, *args):
        time.sleep(0.4)
        answered.append(text)
        return complete(self, text, *args)

    monkeypatch.setattr(ServedModel, "complete", slowly)
    page.type("the bak")
    time.sleep(0.2)  # it is asked for
    page.press(*TAB)  # take it as soon as it is there
    page.press("Home", 36)
    page.until("document.querySelectorAll('#suggestions button').length > 0")
    assert page.run(VALUE) == "the bak"
    # those of the new place
    assert answered[-1] == ""
    page.press(*TAB)
    page.until(f"{VALUE}.length > 7")
    assert page.run(VALUE).endswith("the bak")


def test_completion_is_at_the_caret(page):
    page.type("the bak paints")
    for _ in range(len(" paints")):
        page.press("ArrowLeft", 37)
    page.until(OFFERED + " && document.querySelector('#suggestions span').textContent === 'baker'")
    page.press(*TAB)
    assert page.run(VALUE) == "the baker paints"


def test_while_an_input_method_composes_its_keys_are_its_own(page, lms):
    choose(page, "zh", "")
    page.run("document.querySelector('#text').focus()")
    page.type("猫看着")
    page.until(OFFERED)
    page.said.clear()
    for typed in ("m", "ma", "mao", "mao'tou"):
        page.call(
            "Input.dispatchKeyEvent", type="rawKeyDown", key="Process", windowsVirtualKeyCode=229
        )
        page.compose(typed)
        assert page.run(VALUE) == f"猫看着{typed}"
        assert not page.run(OFFERED)
    # a Tab and an Enter that the input method keeps
    for key in ("Tab", "Enter", "Escape", "ArrowDown"):
        page.call("Input.dispatchKeyEvent", type="rawKeyDown", key=key, windowsVirtualKeyCode=229)
    assert page.run(VALUE) == "猫看着mao'tou" and page.run(FOCUS) == "text"
    time.sleep(0.2)
    assert not [url for url in page.addresses() if "/api/" in url]
    page.commit("猫头")
    assert page.run(VALUE) == "猫看着猫头"
    page.until(OFFERED)
    expected = [each.word for each in lms["zh"].complete("猫看着猫头", k=5)]
    assert page.texts("#suggestions button span:first-child") == expected
    settle(page)


def test_a_composition_that_is_given_up_leaves_the_text_as_it_was(page):
    choose(page, "zh", "")
    page.run("document.querySelector('#text').focus()")
    page.type("猫")
    page.until(OFFERED)
    page.compose("gou")
    page.compose("")
    page.until(f"{VALUE} === '猫'")
    page.until(OFFERED)


def test_writing_shows_the_words_as_they_come(page, lms):
    page.type("the baker")
    for name, value in (("max_tokens", 6), ("temperature", 1.5), ("top_k", 7), ("seed", 3)):
        page.run(f"document.querySelector('[name={name}]').value = {value}")
    page.click("#write")
    page.until(
        "document.querySelector('#stop').disabled && "
        "document.querySelector('#writing-state').textContent.includes('words')"
    )
    options = {"max_tokens": 6, "temperature": 1.5, "top_k": 7, "top_p": 0.95, "seed": 3}
    expected = lms["en"].generate("the baker", **options)
    assert page.texts("#written .output") == [expected]
    page.click("#written button")
    assert page.run(VALUE) == expected
    settle(page)


def test_stop_ends_the_writing_on_the_server(page, monkeypatch):
    written = []

    def write_on(self, words):
        time.sleep(0.01)
        written.append(words)
        return " on"

    monkeypatch.setattr(ServedModel, "write_on", write_on)
    page.run("document.querySelector('[name=max_tokens]').value = 1000")
    page.click("#write")
    page.until("document.querySelector('#written .output').textContent.length > 9")
    assert page.run("document.querySelector('#write').disabled")
    page.click("#stop")
    page.until("document.querySelector('#writing-state').textContent.startsWith('Stopped')")
    time.sleep(0.2)
    count = len(written)
    time.sleep(0.2)
    assert len(written) == count < 500
    assert not page.run("document.querySelector('#write').disabled")


def test_an_option_out_of_range_is_named_before_anything_is_asked(page):
    page.run("document.querySelector('[name=top_p]').value = 2")
    page.said.clear()
    page.click("#write")
    assert page.texts("#error") == ["“top-p” is out of range."]
    assert page.run("document.activeElement.name") == "top_p"
    assert not [url for url in page.addresses() if "generate" in url]


def test_steps_can_be_gone_through_with_the_keyboard(page, lms):
    page.type("the baker")
    page.run("document.querySelector('#show-steps').focus()")
    page.press("Enter", 13, text="\r")
    page.until("!document.querySelector('#stepping').hidden")
    frame = "document.querySelector('iframe').contentDocument"
    visible = f"Array.from({frame}.querySelectorAll('.spacy-rnn-step')).filter(" + (
        "each => each.offsetHeight > 0).map(each => each.querySelector('.spacy-rnn-read')"
        ".textContent)"
    )
    seen = [page.run(visible)]
    page.run("document.querySelector('#step-on').focus()")
    for _ in range(2):
        page.press("Enter", 13, text="\r")
        seen.append(page.run(visible))
    assert [len(each) for each in seen] == [1, 1, 1]
    assert ["the" in seen[1][0], "baker" in seen[2][0]] == [True, True]
    assert page.run("document.querySelector('#step-on').disabled")
    page.click("#step-all")
    assert len(page.run(visible)) == len(lms["en"].trace("the baker"))
    page.click("#show-states")
    page.until(f"{frame}?.querySelector('table')")
    page.until("document.querySelector('#stepping').hidden")
    overflow = (
        f"{frame}.documentElement.scrollHeight - document.querySelector('iframe').offsetHeight"
    )
    assert page.run(overflow) <= 0


def test_two_models_stand_side_by_side(page, lms):
    choose(page, "en", "zh")
    page.run("document.querySelector('#text').focus()")
    page.type("a")
    page.until("document.querySelectorAll('#words .word').length === 2")
    assert page.texts("#words h3") == page.texts("#next h3") == ["en", "zh"]
    tops = page.run(
        "[...document.querySelectorAll('#words .content')].map("
        "each => each.getBoundingClientRect().top)"
    )
    assert tops[0] == tops[1]
    for number, name in enumerate(("en", "zh"), 1):
        bits = page.texts(f"#words > div:nth-child({number}) .bits")
        session = lms[name].session()
        session.feed("a")
        assert bits == [f"{-session.log_probs[0] / math.log(2):.1f}"]
    page.click("#show-states")
    page.until("document.querySelectorAll('iframe').length === 2")


def test_of_two_models_each_says_what_it_wrote(page, monkeypatch):
    written = {"en": iter([" on", " and", None]), "zh": iter(["雨"] * 5 + [None])}
    monkeypatch.setattr(ServedModel, "write_on", lambda self, words: next(written[self.name]))
    choose(page, "en", "zh")
    page.run("document.querySelector('[name=max_tokens]').value = 5")
    page.click("#write")
    page.until("document.querySelector('#writing-state').textContent.includes('zh: ')")
    state = page.run("document.querySelector('#writing-state').innerText")
    assert state.split("\n") == [
        "en: 2 words written; there the text ends.",
        "zh: 5 words written.",
    ]
    assert page.texts("#written .output") == [" on and", "雨雨雨雨雨"]
    page.click("[data-language=zh]")
    assert page.texts("#writing-state") == ["en: 写了 2 个词，文本到此结束。\nzh: 写了 5 个词。"]
    page.click("[data-language=en]")
    choose(page, "en", "")  # what was written isn't there any more
    assert page.texts("#writing-state") == [""] and page.texts("#written .output") == []


@pytest.mark.parametrize("words", [300, 9000])
def test_a_picture_that_cannot_be_drawn_is_said_where_it_was_asked_for(page, words):
    page.resize(1100, 400)
    page.run("document.querySelector('#text').removeAttribute('maxlength')")
    page.type("the baker")
    page.click("#show-states")
    page.until("document.querySelector('iframe')")
    page.run(f"{VALUE} = '我 '.repeat({words})")
    page.run("document.querySelector('#show-steps').scrollIntoView()")
    page.click("#show-steps")
    page.until("document.querySelectorAll('iframe').length === 0")
    (message,) = page.texts("#error")
    assert "Shorten it" in message or "are allowed" in message
    seen = page.run("document.querySelector('#error').getBoundingClientRect().bottom")
    assert 0 < seen < 400
    pressed = "document.querySelectorAll('#show-steps[aria-pressed=true]').length"
    assert page.run(pressed) == 0
    page.said.clear()  # the browser says of every refusal that it was one


def test_a_text_that_is_too_long_is_one_message_that_goes_away(page):
    page.run(f"{VALUE} = 'a '.repeat(300)")
    page.run("document.querySelector('#text').dispatchEvent(new Event('input'))")
    page.until("!document.querySelector('#error').hidden")
    assert "500 are allowed" in page.texts("#error")[0]
    page.click("[data-language=zh]")
    page.until("document.querySelector('#error').textContent.includes('文本太长')")
    page.click("[data-language=en]")
    page.run(f"{VALUE} = 'a boat'")
    page.run("document.querySelector('#text').dispatchEvent(new Event('input'))")
    page.until("document.querySelector('#error').hidden")
    page.said.clear()  # the browser says of every refusal that it was one


def test_a_server_that_has_gone_is_said_and_typing_goes_on_when_it_is_back(page):
    offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.call("Network.emulateNetworkConditions", offline=True, **offline)
    page.type("a")
    page.until("!document.querySelector('#error').hidden")
    assert "can't be reached" in page.texts("#error")[0]
    page.call("Network.emulateNetworkConditions", offline=False, **offline)
    page.type(" boat")
    page.until("document.querySelector('#error').hidden")
    settle(page)
    page.said.clear()


HOSTILE = "<img src=x onerror=hacked=1> <script>hacked=1</script> &amp; \"'</textarea>"


def test_markup_in_a_text_is_text(page):
    page.type(HOSTILE)
    page.until("document.querySelectorAll('#words .word').length > 5")
    settle(page)
    page.click("#write")
    page.until("document.querySelector('#writing-state').textContent.includes('words')")
    assert page.texts("#written .given") == [HOSTILE]
    page.click("#show-steps")
    page.until("!document.querySelector('#stepping').hidden")
    assert "<script>" in "".join(page.texts("#words .word"))
    assert page.run("typeof hacked") == "undefined"
    assert (
        page.run("document.querySelectorAll('main img, main script, #text ~ script').length") == 0
    )
    frame = "document.querySelector('iframe').contentWindow"
    assert page.run(f"typeof {frame}.hacked") == "undefined"


def test_nothing_is_wider_than_a_narrow_screen(page):
    width = 320
    page.resize(width)
    choose(page, "en", "zh")
    page.run("document.querySelector('#text').focus()")
    page.type("the baker paints Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen ")
    page.until("document.querySelectorAll('#words .word').length > 6")
    page.click("#write")
    page.until("document.querySelector('#writing-state').textContent.includes('words')")
    page.click("#show-steps")
    page.until("!document.querySelector('#stepping').hidden")
    assert page.run("document.documentElement.scrollWidth - innerWidth") <= 0
    edges = page.run(
        "[...document.querySelectorAll('main *')].map(each => each.getBoundingClientRect().right)"
    )
    assert max(edges) <= width + 0.5


def test_the_page_speaks_the_language_of_the_browser_and_the_one_that_is_chosen(page, address):
    assert page.run("document.documentElement.lang") == "en"
    labels = "[...document.querySelectorAll('[data-text]')].every(each => each.textContent)"
    assert page.run(labels)
    page.click("[data-language=zh]")
    assert page.texts("#writing-title") == ["续写"]
    assert page.run("document.documentElement.lang") == "zh-Hans" and page.run(labels)
    page.open(address)  # it remembers
    assert page.texts("#typing-title") == ["输入"]
    page.run("localStorage.clear()")
    page.run(
        "Object.defineProperty(navigator, 'languages', {get: () => ['de', 'zh-TW', 'en']}) && 0"
    )
    assert page.run("import('./texts.js').then(texts => texts.preferredLanguage())") == "zh"
    page.open(address)
    assert page.texts("#typing-title") == ["Type"]


def test_everything_that_can_be_used_has_a_name(page):
    page.type("the bak")
    page.until(OFFERED)
    page.click("#write")
    page.until("document.querySelector('#written button')")
    page.click("#show-states")
    page.until("document.querySelector('iframe')")
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    used = ("button", "textbox", "combobox", "spinbutton", "link", "Iframe")
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in nodes
        if node.get("role", {}).get("value") in used and not node.get("ignored")
    ]
    assert {role for role, _ in found} >= {"button", "textbox", "combobox", "spinbutton", "link"}
    assert len(found) > 20 and all(name for _, name in found), found
    # what a screen reader is told of the suggestions
    page.until("document.querySelector('#announcement').textContent.includes('baker')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_light_and_dark(page, scheme):
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.call("Emulation.setEmulatedMedia", features=features)
    page.type("the zeppelin")
    page.until(OFFERED)
    settle(page)
    page.click("#write")
    page.until("document.querySelector('#written button')")
    colours = page.run(COLOURS)
    page.call("Emulation.setEmulatedMedia", features=[])
    assert len(colours) > 40
    assert (sum(colours[0][2]) < 3 * 128) == (scheme == "dark")
    for text, ink, paper in colours:
        assert contrast(ink, paper) >= 4.5, (text, ink, paper)


# Of each element with text of its own: text, colour, what is behind it.
COLOURS = """(() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = element => {
    for (; element; element = element.parentElement) {
      const found = parse(getComputedStyle(element).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found.slice(0, 3);
    }
    return parse(getComputedStyle(document.documentElement).getPropertyValue("--fill"));
  };
  return [...document.querySelectorAll("body *")]
    .filter(each => each.offsetHeight && !each.matches(":disabled, option, .unseen")
      && [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
    .map(each => [each.textContent, parse(getComputedStyle(each).color).slice(0, 3),
      behind(each)]);
})()"""


def test_the_description_of_the_api_is_a_page_without_anything_from_outside(browser, address):
    browser.open(f"{address}docs/")
    headings = browser.texts("h2")
    assert [each.split("/")[-1] for each in headings] == [
        *("models", "score", "next", "complete", "trace", "picture", "generate")
    ]
    fields = browser.texts("td:first-child")
    assert {"text", "top_p", "surprisal", "perplexity", "rest", "reason"} <= set(fields)
    assert browser.run("document.documentElement.scrollWidth - innerWidth") <= 0
    assert browser.complaints() == []
    assert all(url.startswith((address, "data:")) for url in browser.addresses())
