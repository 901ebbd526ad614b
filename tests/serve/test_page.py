"""The page in a real Chromium: typing, input methods, keyboard."""

import time

from spacy_rnn.serve.served_model import ServedModel

from .typing_page import FOCUS, OFFERED, TAB, VALUE, WITH_BROWSER, choose, settle

pytestmark = WITH_BROWSER


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


def test_tab_moves_on_where_text_is_selected_and_nothing_is_completed(page):
    page.type("the baker")
    page.until(OFFERED)
    page.press("Home", 36, modifiers=8)  # Shift
    page.until("document.querySelectorAll('#suggestions button').length === 0")
    settle(page)
    page.press(*TAB)
    assert page.run(FOCUS) != "text" and page.run(VALUE) == "the baker"


def test_tab_moves_on_after_an_error(page, monkeypatch):
    def fail(*_):
        raise ValueError("[R999] no completion")

    with monkeypatch.context() as broken:
        broken.setattr(ServedModel, "complete", fail)
        page.type("the bak")
        page.until("!document.querySelector('#error').hidden")
    page.press(*TAB)
    assert page.run(FOCUS) != "text" and page.run(VALUE) == "the bak"
    page.run("document.querySelector('#text').focus()")
    page.type("e")  # typing goes on
    page.until(OFFERED)
    page.said.clear()  # the browser says of every refusal that it was one


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
