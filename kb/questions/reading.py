"""Turning what was said into the answer to a question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from kb.matching.numerals import with_digits
from kb.questions.library import Library
from kb.questions.question import UNKNOWN, Choice, Kind, Question
from kb.text import declines, find_nth, folded, hide_personal, shortened
from kb.times import Precision, When

LONGEST_ANSWER = 40
_NUMBER = re.compile(r"(?P<minus>负|-)?(?P<number>\d{1,4}(?:\.\d{1,2})?)")
_PAIR = re.compile(
    r"[一二三四五六七八九十]{0,2}[一二三四五六七八九][一二三四五六七八九]|\d{1,3}[到至~-]\d{1,3}|十几|十来"
)
# What stands before an answer and says nothing: 大概, 好像是, 叫.
_FRAME = re.compile(r"^(?:好像|大概|可能|应该|估计|也就|差不多|好像|约)*(?:是|叫|叫做|有)?(?:个|什么)?")
_TAIL = re.compile(r"(?:吧|呢|啊|呀|哦|了|嘛|的样子|左右|[。.！!，,~～\s])+$")
_SHORTEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` as it is kept and shown, UNKNOWN for no answer; `leaf` where it moves the problem to a category.

    `tell`: words to add to the description; `since`: the beginning, where that was asked.
    """

    value: str
    leaf: str | None = None
    tell: str | None = None
    since: When | None = None


def read(library: Library, question: Question, text: str, now: datetime, *, yes: bool | None = None) -> Answer | None:
    """The answer that the words give; None where they speak of something else.

    `yes`: the conversation has understood a plain yes (True) or no (False).
    """
    plain, patterns = folded(text), library.settings.patterns
    if not plain or patterns["unknown"].search(plain):
        return Answer(UNKNOWN)
    match question.kind:
        case Kind.NUMBER:
            return _number(question, plain) or _declined(plain, yes)
        case Kind.YES_NO:
            return _yes_no(question, plain, yes, patterns["affirms"], patterns["denies"])
        case Kind.CHOICE:
            return _choice(question, plain, yes)
        case Kind.SINCE | Kind.HOURS:
            return _time(library, question, text, now) or _declined(plain, yes)
    if declines(text) or yes is not None:
        return Answer(UNKNOWN)
    return _words(text)


def tapped(question: Question, value: str) -> Answer | None:
    """The answer of a button: 'yes', 'no', 'unknown', or the number of an option from 0."""
    match value:
        case "unknown":
            return Answer(UNKNOWN)
        case "yes" if question.kind is Kind.YES_NO:
            return Answer("是", tell=question.tell)
        case "no" if question.kind is Kind.YES_NO:
            return Answer("否")
    if value.isascii() and value.isdigit() and int(value) < len(question.options):
        return _chosen(question.options[int(value)])
    return None


def _declined(plain: str, yes: bool | None) -> Answer | None:
    return Answer(UNKNOWN) if yes is not None or declines(plain) else None


def _number(question: Question, plain: str) -> Answer | None:
    if pair := _PAIR.search(plain.split(question.unit or "\0")[0]):
        return Answer(f"{pair[0]}{question.unit}")
    found = _NUMBER.search(with_digits(plain.replace("零下", "-")))
    if not found:
        return None
    number = float(found["number"]) * (-1 if found["minus"] else 1)
    least, most = question.least, question.most
    if (least is not None and number < least) or (most is not None and number > most):
        return None
    return Answer(f"{number:g}{question.unit}")


def _yes_no(
    question: Question, plain: str, yes: bool | None, yes_words: re.Pattern[str], no_words: re.Pattern[str]
) -> Answer | None:
    if yes is None:
        if no_words.search(plain):
            yes = False
        elif yes_words.search(plain):
            yes = True
    if yes is None:
        return None
    return Answer("是", tell=question.tell) if yes else Answer("否")


def _choice(question: Question, plain: str, yes: bool | None) -> Answer | None:
    if (nth := find_nth(plain)) is not None and nth <= len(question.options):
        return _chosen(question.options[nth - 1])
    named = [one for one in question.options if folded(one.say) == plain]
    meant = named or [one for one in question.options if one.pattern.search(plain)]
    if not meant:
        return Answer(UNKNOWN) if yes is not None else None
    # 不是只有我家，整栋楼都没有: of several the last one said counts
    return _chosen(max(meant, key=lambda one: max((hit.start() for hit in one.pattern.finditer(plain)), default=0)))


def _chosen(option: Choice) -> Answer:
    return Answer(option.say, leaf=option.leaf)


def _time(library: Library, question: Question, text: str, now: datetime) -> Answer | None:
    when = library.times.read(text, now).when
    if when is None:
        return None
    if question.kind is Kind.SINCE:
        return (
            None
            if when.begin is None and when.precision is Precision.UNCLEAR and not when.every
            else Answer(shortened(when.words, LONGEST_ANSWER), since=when)
        )
    return Answer(shortened(hide_personal(_trimmed(text)), LONGEST_ANSWER))


def _words(text: str) -> Answer | None:
    said = _trimmed(text)
    if len(said) < _SHORTEST_WORDS or len(said) > LONGEST_ANSWER or "\n" in said:
        return None
    return Answer(hide_personal(said))


def _trimmed(text: str) -> str:
    return _TAIL.sub("", _FRAME.sub("", text.strip(), count=1)).strip()
