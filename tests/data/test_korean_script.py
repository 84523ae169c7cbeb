"""Which script a text is written in."""

import pytest

from stages.korean.script import foreign_share, is_hangul


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("123 !? 👋 \n", 0.0),  # no letters
        ("한글만 씁니다.", 0.0),
        ("ㅋㅋㅋ ㅠㅠ", 0.0),  # compatibility jamo
        ("\u1112\u1161\u11ab", 0.0),  # conjoining jamo
        ("GPU를 Python으로", 0.0),  # names, units and code are ordinary
        ("漢字", 1.0),
        ("한자漢字", 0.5),
        ("서울は東京", 0.6),
        ("ДА네", 2 / 3),
        ("café", 0.25),
        ("한１２", 0.0),  # full-width digits are no letters
    ],
)
def test_foreign_share_counts_letters_neither_hangul_nor_ascii(text, share):
    """S2-11, S3-03: drift into another language shows; English words do not count."""
    assert foreign_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("character", "expected"),
    [("가", True), ("힣", True), ("ㄱ", True), ("ㆎ", True), ("ᄀ", True), ("ᇿ", True)]
    + [(c, False) for c in ("\uabff", "\ud7a4", "\u3130", "\u318f", "a", "漢", "ア", "1")],
)
def test_hangul_by_its_first_and_last_characters(character, expected):
    assert is_hangul(character) is expected


@pytest.mark.parametrize("character", ["ㅿ", "\ua960", "\ud7b0", "ﾡ"])
def test_rarer_hangul_is_not_foreign(character):
    """Old letters, the extended jamo blocks and half-width jamo are Korean too."""
    assert foreign_share(character) == 0.0
