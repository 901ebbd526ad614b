"""What is written to a terminal, and what to a file."""

import io
import sys

import pytest

from spacy_rnn import messages

# an escape sequence that clears the screen, one of a single character, a mark that turns text
# around, a carriage return that would let the rest stand over what came before
EVIL = "a\x1b[2Jb\x9b3Jc\u202ed\u2067e\rf\x7fg\tх\n汉"
SHOWN = r"a\u001b[2Jb\u009b3Jc\u202ed\u2067e\u000df\u007fg" + "\tх\n汉"


class Stream(io.TextIOWrapper):
    def __init__(self, terminal, encoding="utf8"):
        super().__init__(io.BytesIO(), encoding, newline="\n")
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    def text(self):
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("terminal", [True, False])
def test_results_are_data_for_files_and_have_escapes_on_terminals(monkeypatch, terminal):
    stdout = Stream(terminal)
    monkeypatch.setattr(sys, "stdout", stdout)
    messages.answer(EVIL)
    assert stdout.text() == (SHOWN if terminal else EVIL) + "\n"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("say", [messages.inform, messages.warn, messages.complain])
def test_messages_have_escapes_wherever_they_go(monkeypatch, say, terminal):
    stderr = Stream(terminal)
    monkeypatch.setattr(sys, "stderr", stderr)
    say(EVIL)
    text = stderr.text()
    assert SHOWN in text
    assert text.startswith("\x1b[") == terminal  # its own colour


def test_only_what_steers_a_terminal_is_escaped():
    kept = "".join(map(chr, range(32, 127))) + "é\u00a0\u200d\u200c\u3000\ufeff😀\t\n"
    assert messages.printable(kept) == kept
    steering = [chr(i) for i in range(0x110000) if messages.printable(chr(i)) != chr(i)]
    assert len(steering) == (32 - 2) + (160 - 127) + 5 + 4


def test_a_stream_that_cannot_encode_a_character_gets_its_escape(monkeypatch):
    stderr = Stream(False, "ascii")
    monkeypatch.setattr(sys, "stderr", stderr)
    messages.warn("汉")
    assert stderr.text() == r"\u26a0 \u6c49" + "\n"


@pytest.mark.parametrize("stderr", [None, "closed", "full"])
def test_a_message_that_cannot_be_told_ends_nothing(monkeypatch, stderr):
    if stderr == "closed":
        stderr = io.StringIO()
        stderr.close()
    elif stderr == "full":
        stderr = Stream(False)
        stderr.write = lambda text: (_ for _ in ()).throw(OSError("full"))
    monkeypatch.setattr(sys, "stderr", stderr)
    messages.warn("anything")
