"""User text on a terminal is shown, not obeyed."""

import pytest

from harness.words.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ünïcode 图 ×2", "plain, ünïcode 图 ×2"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\t", "two\\nlines\\t"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("\x9b2J", "\\x9b2J"),
    ],
)
def test_control_characters_are_shown_as_their_escapes(text, shown):
    assert printable(text) == shown
