"""Ticket numbers that can be read aloud: twelve digits in three groups, the last a check digit.

Eleven digits come from a secure random source, so that one number says nothing about the next.
The check digit is Damm's: it finds every wrong digit and every swap of two neighbours.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable

from stdnum import damm

from kb.text import hide_phones, spoken_digits

LENGTH = 12
TAIL = 4
_SPOKEN = "零〇一二两三四五六七八九幺"
_RUN = re.compile(rf"(?:[\d{_SPOKEN}][\s\-－—,，、.]{{0,2}}){{{LENGTH - 2},{LENGTH + 2}}}")

_DIGITS_IN_A_ROW = re.compile(rf"(?:[0-9{_SPOKEN}][ \-]?)+")


def new(randbelow: Callable[[int], int] = secrets.randbelow) -> str:
    """A fresh number, digits only. The first digit is never 0, so that none is lost when it is read aloud."""
    body = str(10 ** (LENGTH - 2) + randbelow(9 * 10 ** (LENGTH - 2)))
    return body + str(damm.calc_check_digit(body))


def is_valid(number: str) -> bool:
    """True when the length and the check digit are right. Says nothing about whether it was ever issued."""
    return len(number) == LENGTH and number.isascii() and number.isdigit() and bool(damm.is_valid(number))


def display(number: str) -> str:
    """'481720935562' -> '4817 2093 5562', the groups joined by no-break spaces so that no line tears it apart."""
    return "\u00a0".join(number[i : i + 4] for i in range(0, len(number), 4))


def find(text: str) -> str | None:
    """What looks like a ticket number in the text, digits only, whether its check digit is right or not.

    Spaces, dashes, full-width digits and spoken digits are understood. Phone numbers are not taken for tickets:
    a mobile has eleven digits and begins with 1, a landline begins with 0 as no ticket does.
    None when nothing looks like one.
    """
    plain = hide_phones(unicodedata.normalize("NFKC", text))
    for run in _RUN.finditer(plain):
        digits = spoken_digits(run.group(0))
        if len(digits) == 11 and re.fullmatch("1[3-9][0-9]{9}", digits):  # a mobile, read aloud
            continue
        if LENGTH - 1 <= len(digits) <= LENGTH + 1 and not digits.startswith("0"):
            return digits
    return None


def one_slip(said: str, number: str) -> bool:
    """Whether `said` is that number with one digit wrong, missing or too many, or two neighbours in the wrong order."""
    if len(said) == len(number):
        wrong = [at for at, (one, other) in enumerate(zip(said, number, strict=True)) if one != other]
        swapped = len(wrong) == 2 and wrong[1] - wrong[0] == 1
        return len(wrong) == 1 or (swapped and said[wrong[0]] + said[wrong[1]] == number[wrong[1]] + number[wrong[0]])
    longer, shorter = (said, number) if len(said) > len(number) else (number, said)
    if len(longer) - len(shorter) != 1:
        return False
    return any(longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer)))


def find_tail(text: str) -> str | None:
    """Exactly four digits in a row, spoken or written, as the last four of a phone are said: '尾号五六七八' -> '5678'.

    None when there are none, or more than one such group.
    """
    plain = unicodedata.normalize("NFKC", text)
    groups = [spoken_digits(run.group(0)) for run in _DIGITS_IN_A_ROW.finditer(plain)]
    found = [one for one in groups if len(one) == TAIL]
    return found[0] if len(found) == 1 else None
