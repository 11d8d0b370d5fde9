"""Passive replies as XML. What a citizen said may stand in one: it stays text, whatever characters it has."""

from __future__ import annotations

import re

from kb.wechat.texts import LIMIT

# Everything but the `Char` of XML 1.0, lone surrogates among it.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """The text without the characters that XML 1.0 forbids."""
    return _ILLEGAL.sub("", text)


def cdata(text: str) -> str:
    """The text as CDATA; `]]>` in it is divided between two sections, so that it ends none."""
    return f"<![CDATA[{legal(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


def text_reply(*, to: str, from_: str, at: int, content: str) -> str:
    """A text to the citizen `to` from the account `from_`; `at` in seconds since 1970.

    Raises ValueError for an empty content or one above 2,048 bytes: who calls divides it (`kb.wechat.texts.split`) or
    answers nothing.
    """
    content = legal(content)
    size = len(content.encode())
    if not content.strip() or size > LIMIT:
        raise ValueError(f"a reply has 1 to {LIMIT} bytes, not {size}")
    return (
        f"<xml><ToUserName>{cdata(to)}</ToUserName><FromUserName>{cdata(from_)}</FromUserName>"
        f"<CreateTime>{at}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content>{cdata(content)}</Content></xml>"
    )
