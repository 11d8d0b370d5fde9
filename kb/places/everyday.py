"""Words of everyday speech, by which a name ends or is none: 那条, 每天, 路口."""

from __future__ import annotations

import re

from kb.places.element import HAN
from kb.places.tokens import Token
from kb.places.vocabulary import Vocabulary

# Characters that are hardly ever part of a name.
STRONG = frozenset(
    "之条整座坐爬赶绕的了着在到去是有和与跟及或从往给让把被就都也还又很太最更我你您他她它咱俺这那哪每某请说找看没等住过来，。、"
)
# Wherever these stand in a word, it points at something and names nothing: 那边, 每天.
_POINTING = frozenset("这那哪每某了着的在")
# What a word must consist of to be part of a name.
_NAMELIKE = re.compile(rf"[{HAN}a-zA-Z0-9·]+")
_ALL_HAN = re.compile(rf"[{HAN}]+")
_HAN_OR_DIGITS = re.compile(rf"[{HAN}\d]+")


class EverydayWords:
    """Tells words of speech from words of names, by one vocabulary."""

    def __init__(self, words: Vocabulary) -> None:
        self._stops = words.stops
        self._long = frozenset(word for word in words.stops if len(word) > 1)
        self._lengths = sorted({len(word) for word in self._long})

    def stops(self, token: Token) -> bool:
        """Whether the word is never part of a name: 路灯, ，"""
        return token.text in self._stops or not _NAMELIKE.fullmatch(token.text)

    def breaks(self, token: Token) -> bool:
        """Whether no name goes on before the word: 那个, 的, 每天."""
        if token.text in STRONG or set(token.text) & _POINTING:
            return True
        return token.tag[:1] in "drcpuy" and len(token.text) > 1

    def within(self, text: str) -> bool:
        """Whether a word of two characters and more that is never part of a name stands in the text."""
        for length in self._lengths:
            for start in range(len(text) - length + 1):
                if text[start : start + length] in self._long:
                    return True
        return False

    def none_in(self, text: str, *, digits: bool = False) -> bool:
        """Whether every character of the text may belong to a name: 鹤, 龙山; with `digits` also 308."""
        pattern = _HAN_OR_DIGITS if digits else _ALL_HAN
        return bool(pattern.fullmatch(text)) and not set(text) & STRONG and not self.within(text)
