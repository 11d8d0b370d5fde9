"""How long a WeChat message may be, and where a longer one is cut: where a reader pauses, never within a character.

WeChat carries 2,048 bytes of UTF-8 in one text message (error 45002 above that).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

LIMIT = 2048
# The longest character in UTF-8.
SMALLEST = 4
ELLIPSIS = "…"
# A link that is cut is no link any more; the same goes for an address.
_WHOLE = re.compile(
    r"<a\s[^<>]{1,1500}>.{0,500}?</a\s*>|https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+",
    flags=re.DOTALL | re.IGNORECASE,
)
_SENTENCE, _CLOSING, _COMMA = frozenset("。！？；!?;…"), frozenset("”’」』）】》)]\"'"), frozenset("，、：")
_JOINER = "\u200d"
# Categories of what a joiner joins; emoji newer than Python's tables have none yet.
_JOINED = ("So", "Sm", "Po", "Lo", "Cn")
_KEEPS_ON = re.compile("[\u200c\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_HANGUL, _HANGUL_TAIL = (
    re.compile("[\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb]"),
    re.compile("[\u1160-\u11ff\ud7b0-\ud7fb]"),
)


def split(text: str, limit: int = LIMIT) -> list[str]:
    """The text in parts of at most `limit` bytes of UTF-8; no part is empty, and only whitespace at cuts is lost.

    Within the last third of what fits a cut is made after a blank line, else a line, a sentence, a comma, a blank, else
    between two characters as a reader sees them: an emoji of several code points is one. Links and addresses stay
    whole. Only what alone exceeds the limit is cut within. Raises ValueError for a limit below 4 bytes.
    """
    if limit < SMALLEST:
        raise ValueError(f"a limit of {limit} bytes does not hold every character; {SMALLEST} do")
    if not text.strip():
        return []
    if size(text) <= limit:
        return [text]
    tokens, parts = _bare(_tokens(text, limit)), list[str]()
    while tokens:
        cut = _cut(tokens, limit)
        parts.append("".join(_bare(tokens[:cut], front=False)))
        tokens = _bare(tokens[cut:])
    return parts


def fitted(text: str, ending: str, limit: int = LIMIT) -> str:
    """The text and `ending` behind it; of a text that is too long as much as fits, cut as above, and an ellipsis.

    Where nothing of the text fits it is the ending alone. Raises ValueError where not even the ending fits.
    """
    room = limit - size(ending)
    if room < 0:
        raise ValueError(f"the ending alone has {size(ending)} bytes; {limit} are allowed")
    for whole in (text, text.strip()):
        if size(whole) <= room:
            return whole + ending
    room -= size(ELLIPSIS)
    parts = split(text, room) if room >= SMALLEST else []
    return f"{parts[0]}{ELLIPSIS}{ending}" if parts else ending


def size(text: str) -> int:
    """Bytes in UTF-8; half a character counts as three."""
    return len(text.encode("utf-8", "surrogatepass"))


def clusters(text: str) -> list[str]:
    """The characters as a reader sees them: with their marks, skin tones, joined emoji, flags, keycaps.

    After the Unicode rules for extended grapheme clusters, a little wider: what it keeps together may be more.
    """
    found = list[str]()
    flags = 0
    for at, char in enumerate(text):
        before = text[at - 1] if at else ""
        if found and _together(before, char, flags):
            found[-1] += char
        else:
            found.append(char)
        flags = flags + 1 if _FLAG.match(char) else 0
    return found


def _together(before: str, char: str, flags: int) -> bool:
    if before == "\r" and char == "\n":
        return True
    if before in "\r\n":
        return False
    if _KEEPS_ON.match(char) or unicodedata.category(char).startswith("M"):
        return True
    if before == _JOINER:
        return unicodedata.category(char) in _JOINED
    if _FLAG.match(char):
        return flags % 2 == 1
    return bool(_HANGUL_TAIL.match(char) and _HANGUL.match(before))


def _tokens(text: str, limit: int) -> list[str]:
    """What is not cut within; whatever alone exceeds the limit is taken apart."""
    found = list[str]()
    end = 0
    for whole in _WHOLE.finditer(text):
        if size(whole.group()) > limit:
            continue
        found += clusters(text[end : whole.start()])
        found.append(whole.group())
        end = whole.end()
    found += clusters(text[end:])
    return [part for token in found for part in ([token] if size(token) <= limit else token)]


def _cut(tokens: Sequence[str], limit: int) -> int:
    """How many tokens the next part takes."""
    sizes, used = list[int](), 0
    for token in tokens:
        used += size(token)
        if used > limit:
            break
        sizes.append(used)
    if len(sizes) == len(tokens):
        return len(tokens)
    earliest = next(at for at, used in enumerate(sizes, 1) if used * 3 >= limit * 2 or at == len(sizes))
    for pause in _PAUSES:
        for at in range(len(sizes), earliest - 1, -1):
            if pause(tokens, at):
                return at
    return len(sizes)


def _blank_line(tokens: Sequence[str], at: int) -> bool:
    around = "".join(tokens[max(0, at - 2) : at + 2]).replace("\r", "")
    return "\n\n" in around and _line(tokens, at)


def _line(tokens: Sequence[str], at: int) -> bool:
    return tokens[at - 1].endswith("\n") or tokens[at].startswith(("\n", "\r\n"))


def _sentence(tokens: Sequence[str], at: int) -> bool:
    """After the full stop and what closes behind it."""
    if tokens[at] in _SENTENCE or tokens[at] in _CLOSING:
        return False
    last = at - 1
    while last > 0 and tokens[last] in _CLOSING:
        last -= 1
    return tokens[last] in _SENTENCE or (tokens[last] == "." and tokens[at].isspace())


def _comma(tokens: Sequence[str], at: int) -> bool:
    return tokens[at - 1] in _COMMA or (tokens[at - 1] == "," and not tokens[at][:1].isdigit())


def _blank(tokens: Sequence[str], at: int) -> bool:
    return tokens[at - 1].isspace() or tokens[at].isspace()


_PAUSES: tuple[Callable[[Sequence[str], int], bool], ...] = (_blank_line, _line, _sentence, _comma, _blank)


def _bare(tokens: list[str], *, front: bool = True) -> list[str]:
    """Without the whitespace at the front, or at the end."""
    if front:
        start = next((at for at, token in enumerate(tokens) if not token.isspace()), len(tokens))
        return tokens[start:]
    end = next((at for at in range(len(tokens), 0, -1) if not tokens[at - 1].isspace()), 0)
    return tokens[:end]
