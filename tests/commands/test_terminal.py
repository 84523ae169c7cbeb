"""Answers and rows that would give orders to the terminal."""

import pytest

from stages.commands.terminal import harmless


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\x1b]52;c;cm0gLXJm\x07", "\\x1b]52;c;cm0gLXJm\\x07"),  # writes the clipboard
        ("네\x1b[2J\r아니요", "네\\x1b[2J\\r아니요"),
        ("\x9b31m빨강", "\\x9b31m빨강"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("가\u061c\u200f\u2028\ufeff나", "가\\u061c\\u200f\\u2028\\ufeff나"),
        ("가\u3000나\xa0다", "가\u3000나\xa0다"),
        ("가족 👨‍👩‍👧\t\n네.", "가족 👨‍👩‍👧\t\n네."),
    ],
)
def test_orders_are_shown_and_not_given(said: str, shown: str) -> None:
    assert harmless(said) == shown
