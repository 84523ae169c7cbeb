"""Composed text: what `unicodedata` makes of it, in linear time."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.korean.composition import nfc
from tests.slow_inputs import Input, growth

# Letters with marks and without, marks of many classes, marks that are two in one, and letters whose
# pieces are all marks.
PIECES = "\u0301\u0316\u0345\u0327\u0308\u0344\u0343\u0f71\u0f72\u0f73\u0f75\u0f81éếａ가각 a\n\u1100\u1161\u11a8あ゙"


@settings(max_examples=300, deadline=None)
@given(st.text(PIECES, max_size=150) | st.text())
def test_the_result_is_that_of_unicodedata(text):
    assert nfc(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0f73", "a\u0344\u0316", "ế\u0316\u0301"])
def test_marks_out_of_order_take_linear_time(marks):
    """`unicodedata` takes 0.7 s for so many, which is quadratic."""
    assert growth(nfc, Input("a", marks, "가"), chars=3_000) < 1.5
