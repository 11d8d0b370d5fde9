"""Telephone numbers in Chinese text: found, checked, and what exactly is wrong with one that is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from kb.numbers_said import with_digits

_JOINT = r"[-－—\s.]?"
MOBILE = re.compile(rf"(?<![0-9])(?:\+?86{_JOINT})?(1[3-9][0-9]){_JOINT}([0-9]{{4}}){_JOINT}([0-9]{{4}})(?![0-9])")
LANDLINE = re.compile(rf"(?<![0-9])[(（]?(0[0-9]{{2,3}})[)）]?{_JOINT}([0-9]{{3,4}}){_JOINT}([0-9]{{4}})(?![0-9])")
FULL_WIDTH = {ord(wide): ord(half) for wide, half in zip("０１２３４５６７８９＋", "0123456789+", strict=True)}
# As people space a number out: 138 1234 5678, 1381 2345 678.
_SPACED = re.compile(r"(?<![0-9])(?:\+?86[-\s]?)?1(?:[-－—\s.]?[0-9]){10}(?![-－—\s.]?[0-9])")
_SPOKEN = re.compile("[零〇○幺一二三四五六七八九0-9](?:[ ,，、.．·-]?[零〇○幺一二三四五六七八九0-9]){9,14}")
_RUN = re.compile(r"\+?[0-9](?:[-－—\s.()（）]?[0-9])*")
_MOBILE_DIGITS, _LONGEST_LANDLINE, _SHORTEST_LANDLINE = 11, 12, 10
# Fewer figures than these are no try at a number: a house, a floor, 12345.
_SHORTEST_TRY = 6


class Fault(StrEnum):
    """What is wrong with a number."""

    SHORT = "short"
    LONG = "long"
    # no mobile number begins like this
    PREFIX = "prefix"
    # a landline without enough figures, or with too many: with its area code it has ten to twelve
    LANDLINE = "landline"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A number that is none. `by`: how many figures are missing or too many; `begins`: its first three."""

    fault: Fault
    by: int = 0
    begins: str = ""


@dataclass(frozen=True, slots=True)
class Local:
    """The city's own landlines: what stands before a number that is told without its area code, and its length."""

    area_code: str
    digits: int


def find_all(text: str, local: Local | None = None) -> tuple[str, ...]:
    """Every number, digits only, each once: mobiles before landlines, else as they stand.

    With `local` a bare number of the city counts too; only where a number was asked for.
    """
    half = with_digits(text.translate(FULL_WIDTH))
    found = ["".join(hit.groups()) for hit in MOBILE.finditer(half)]
    for hit in _SPACED.finditer(half):
        digits = "".join(c for c in hit.group() if c.isdigit())[-_MOBILE_DIGITS:]
        if MOBILE.fullmatch(digits):
            found.append(digits)
    found += ["".join(hit.groups()) for hit in LANDLINE.finditer(half)]
    if local and not found:
        for run in _runs(half):
            if len(run) == local.digits and run[0] not in "019":
                found.append(local.area_code + run)
    return tuple(dict.fromkeys(found))


def wrong(text: str) -> Wrong | None:
    """What is wrong with the number in an answer to the question for one; None where no number was tried."""
    half = with_digits(text.translate(FULL_WIDTH))
    run = max(_runs(half), key=len, default="")
    if len(run) < _SHORTEST_TRY:
        return None
    run = run.removeprefix("86") if len(run) > _MOBILE_DIGITS and run.startswith("861") else run
    if run.startswith("0"):
        fits = _SHORTEST_LANDLINE <= len(run) <= _LONGEST_LANDLINE
        return Wrong(Fault.OTHER if fits else Fault.LANDLINE)
    if not run.startswith("1"):
        return Wrong(Fault.LANDLINE if len(run) < _MOBILE_DIGITS else Fault.OTHER)
    away = len(run) - _MOBILE_DIGITS
    if away < 0:
        return Wrong(Fault.SHORT, -away)
    if away > 0:
        return Wrong(Fault.LONG, away)
    return None if MOBILE.fullmatch(run) else Wrong(Fault.PREFIX, begins=run[:3])


def hide_spoken(text: str, instead: str) -> str:
    """The text without telephone numbers that are written out in words: 幺三八零零…."""

    def hidden(found: re.Match[str]) -> str:
        said = found.group()
        if all(c.isascii() for c in said):
            return said
        digits = "".join(c for c in with_digits(said) if c.isdigit())
        return instead if MOBILE.fullmatch(digits) or LANDLINE.fullmatch(digits) else said

    return _SPOKEN.sub(hidden, text)


def hide_spaced(text: str, instead: str) -> str:
    """The text without mobile numbers that are spaced out in some other way: 1381 2345 678."""

    def hidden(found: re.Match[str]) -> str:
        digits = "".join(c for c in found.group() if c.isdigit())[-_MOBILE_DIGITS:]
        return instead if MOBILE.fullmatch(digits) else found.group()

    return _SPACED.sub(hidden, text)


def _runs(half: str) -> list[str]:
    """The runs of figures with what people put between them."""
    return ["".join(c for c in hit.group() if c.isdigit()) for hit in _RUN.finditer(half)]
