"""Plain facts about Chinese text: normal forms, numbers, phones, words for time."""

from __future__ import annotations

import re
import unicodedata

from kb import phones
from kb.phones import FULL_WIDTH as _FULL_WIDTH_DIGITS
from kb.phones import LANDLINE as _LANDLINE
from kb.phones import MOBILE as _MOBILE

# Cyrillic, Latin and others stay; only what no citizen means to send is dropped.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SPACES = re.compile(r"[ \t\u3000]+")
_MEANINGFUL = re.compile(r"[\w]", re.UNICODE)
_IDENTITY = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")

_HIDDEN = "（电话已隐藏）"

_DIGITS = {
    **dict(zip("零〇一二三四五六七八九", [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9], strict=True)),
    "两": 2,
    "幺": 1,
    "壹": 1,
    "贰": 2,
    "叁": 3,
    "肆": 4,
    "伍": 5,
    "陆": 6,
    "柒": 7,
    "捌": 8,
    "玖": 9,
}

_NUM = r"(?:\d+|[一二两三四五六七八九十几半]{1,3})来?"
_UNIT = r"(?:个?多?(?:分钟|小时|钟头|天|日|周|星期|礼拜|个?月|年(?!级|代|底)))"
_TIME_WORDS = re.compile(
    rf"(?:(?:(?:从|自)?(?:今天|昨天|前天|大前天|今晚|昨晚|前晚|今早|昨夜|(?:这|本)?周[一二三四五六日天]|上周[一二三四五六日天末]?|上星期[一二三四五六日天]?|"
    rf"上个月|这个月|本月|去年|今年|前几天|这几天|这两天|最近|刚才|刚刚|每天|每晚|天天|"
    rf"\d{{1,2}}月\d{{1,2}}[日号])"
    rf"(?:凌晨|早上|上午|中午|下午|傍晚|晚上|夜里|半夜)?(?:\d{{1,2}}[点:：]\d{{0,2}}分?|[一二三四五六七八九十]{{1,3}}点半?)?"
    rf"(?:开始|以来|起|到现在)?)"
    rf"|(?:快|已经|都|有|近|大概|约)?{_NUM}{_UNIT}(?!到晚|两头|到黑)(?:了|多了|以来|前)?)"
)


def clean(text: str) -> str:
    """The text as the citizen meant it: NFC, no control or invisible direction marks, single spaces.

    Line breaks stay. The result may be empty.
    """
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = unicodedata.normalize("NFC", text)
    return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()


def folded(text: str) -> str:
    """The form in which two spellings compare equal: full width to half width, lower case, no spaces."""
    text = unicodedata.normalize("NFKC", text).lower()
    return "".join(text.split())


def says_something(text: str) -> bool:
    """False for nothing but emoji, punctuation or blanks."""
    return bool(_MEANINGFUL.search(text))


def find_phone(text: str) -> str | None:
    """The first phone number in the text, digits only, or None. Mobile before landline."""
    return next(iter(phones.find_all(text)), None)


def mask_phone(phone: str) -> str:
    """'13812345678' -> '138****5678': enough for its owner to know it, no more."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "****"


def hide_personal(text: str) -> str:
    """The text without phone and identity-card numbers, for lists, logs and other citizens."""
    half = _IDENTITY.sub("（证件号已隐藏）", text.translate(_FULL_WIDTH_DIGITS))
    half = phones.hide_spoken(_MOBILE.sub(_HIDDEN, half), _HIDDEN)
    return phones.hide_spaced(_LANDLINE.sub(_HIDDEN, half), _HIDDEN)


def has_numbers(text: str) -> bool:
    """Whether `hide_personal` would hide something of the text."""
    half = text.translate(_FULL_WIDTH_DIGITS)
    return any(one.search(half) for one in (_IDENTITY, _MOBILE, _LANDLINE)) or bool(phones.find_all(half))


def mask_numbers(text: str) -> str:
    """The text with phones as `mask_phone` shows them and without identity-card numbers, for whoever said it."""
    if not has_numbers(text):
        return text
    half = _IDENTITY.sub("（证件号已隐藏）", text.translate(_FULL_WIDTH_DIGITS))
    half = _MOBILE.sub(lambda found: mask_phone("".join(found.groups())), half)
    return _LANDLINE.sub(lambda found: mask_phone("".join(found.groups())), half)


def hide_phones(text: str) -> str:
    """The text without what is surely a phone number, for looking for other numbers in it."""
    return _LANDLINE.sub("；", _MOBILE.sub("；", text.translate(_FULL_WIDTH_DIGITS)))


def find_since(text: str) -> str | None:
    """The first words that say since when, as the citizen said them: '三天了', '昨晚十点'. None if unsaid."""
    found = _TIME_WORDS.search(text)
    return found.group(0).strip() if found else None


def declines(text: str) -> bool:
    """Whether a short answer only says no to what was asked for: '不留了', '没有电话', '算了', '匿名'."""
    plain = folded(text).strip("。.!！,，~～吧了啊哈呢")
    return len(plain) <= 10 and plain.startswith(("不", "没", "无", "免", "别", "算", "匿名", "先不"))


_HURRY = re.compile(r"(?:赶紧|赶快|快点|快些|抓紧|尽快|(?:麻烦|谢谢|辛苦)(?:您|你)?们?了?)[的吧啊点儿]*")
_AGREES = re.compile(
    r"(?:嗯|好|哦|这|那|都|就)*(?:回|下|次)?(?:都|就|是|全|也)*(?:对|没错|正确|可以|行|中|好|没问题|没毛病|差不多|妥|ok|就这样|提交|确认|报吧){1,3}"
    r"(?:的|了|啦|嘞|吧|啊|呀|哈|嗯|着)*(?:就这样|就这么报|提交|报上去|交|报)?(?:的|了|啦|吧|啊|呀)*"
)


_OUTRIGHT = re.compile(r"确认|对|没错|正确|没问题|没毛病|就这样|提交|报")


def agrees(text: str, *, outright: bool = False) -> bool:
    """Whether a short answer only says that it is right so: '这回对了'; `outright`: not by a mere 好 or 可以."""
    said = _HURRY.sub("", re.sub(r"[，。,.!！~～]", "", folded(text)))
    return len(text) <= 12 and bool(_AGREES.fullmatch(said)) and not (outright and not _OUTRIGHT.search(said))


def spoken_digits(text: str) -> str:
    """All digits of the text, spoken ones too: '四八一七 2093' -> '48172093'."""
    half = unicodedata.normalize("NFKC", text)
    spoken = (str(_DIGITS[c]) if c in _DIGITS else c for c in half)
    return "".join(c for c in spoken if c.isascii() and c.isdigit())


_NTH = re.compile(
    r"^(?:是|和|跟|就是)?第?([1-9一二三四五六七八九])(?:个|件|条|号|项)?(?:是|就是|吧|呀|啊|一样|那个|同一件|[。.!！])*$"
)


def find_nth(text: str) -> int | None:
    """Which of several is meant, from 1: 第二个, 2, 就是第三件吧. None for anything else."""
    found = _NTH.match(folded(text))
    if not found:
        return None
    said = found.group(1)
    return int(_DIGITS.get(said, said))


def bigrams(text: str) -> set[str]:
    """Character pairs of the folded text without punctuation: a cheap measure of likeness."""
    letters = "".join(c for c in folded(text) if c.isalnum())
    return {letters[i : i + 2] for i in range(len(letters) - 1)} or ({letters} if letters else set())


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, the cut marked by an ellipsis."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip("，。、 ") + "…"
