"""The page in a real Chromium: what it writes and draws, errors, hostile text, languages."""

import math
import time

import pytest

from spacy_rnn.serve.served_model import ServedModel

from ..rendering.browser import contrast
from .typing_page import OFFERED, VALUE, WITH_BROWSER, choose, settle

pytestmark = WITH_BROWSER


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


def test_pictures_are_in_the_language_of_the_page(page):
    page.type("the baker")
    page.click("#show-steps")
    page.until("!document.querySelector('#stepping').hidden")
    page.click("#step-on")
    page.type(" paints")  # the picture stays that of its text
    frame = "document.querySelector('iframe').contentDocument"
    assert page.run(f"{frame}.documentElement.lang") == "en"
    page.click("[data-language=zh]")
    page.until(f"{frame}?.documentElement?.lang.startsWith('zh') && {frame}.body")
    page.until("document.querySelector('#step-number').textContent === '第 1 步，共 2 步'")
    page.click("[data-language=en]")
    page.until(f"{frame}?.documentElement?.lang === 'en' && {frame}.body")


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
