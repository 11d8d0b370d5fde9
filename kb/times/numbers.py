"""Numbers in words for times: 三, 十一, 两, 俩, 半, 二十多, 四五."""

from __future__ import annotations

from kb.matching.numerals import with_digits

DIGITS = r"\d{1,4}"
HAN = "[零〇一二两俩仨三四五六七八九十百]"
NUMBER = rf"(?:{DIGITS}|{HAN}{{1,5}})"
_PAIRED = "一二三四五六七八九"
_FOLDED = str.maketrans({"俩": "两", "仨": "三", "廿": "二"})


def value(said: str) -> int | None:
    """The number; of two neighbours (三四天) the smaller. None for words that are no number."""
    said = said.translate(_FOLDED)
    if is_pair(said):
        said = said[0]
    if said.startswith("百"):
        return None
    digits = with_digits(said)
    return int(digits) if digits.isascii() and digits.isdigit() else None


def is_pair(said: str) -> bool:
    """Whether two neighbours are said, so that it is give or take: 三四, 一两."""
    said = said.translate(_FOLDED).replace("两", "二")
    return len(said) == 2 and said in _PAIRED
