"""What a command warns of is one line on stderr, without the code that found it."""

import warnings

from spacy_rnn.cli.plain_errors import plain_warnings


def command(text_key: str = "text") -> None:
    """A command with an option."""


def test_a_warning_of_ours_is_told_once_and_in_one_line(capsys):
    with plain_warnings(command):
        made = [
            warnings.formatwarning(UserWarning("[W337] Two\nlines."), UserWarning, "a.py", line)
            for line in (3, 4)
        ]
    assert made == ["", ""]
    assert capsys.readouterr().err == "⚠ [W337] Two lines.\n"


def test_a_warning_of_others_keeps_its_place_and_nothing_stays_changed(capsys):
    before = warnings.formatwarning
    with plain_warnings(command):
        made = warnings.formatwarning(DeprecationWarning("old"), DeprecationWarning, "a.py", 3)
    assert made == before(DeprecationWarning("old"), DeprecationWarning, "a.py", 3)
    assert warnings.formatwarning is before and capsys.readouterr().err == ""
