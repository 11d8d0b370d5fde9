"""What of a message is to be added to a ticket: "补充一下，灯杆也歪了" asks to add and says what at once."""

from __future__ import annotations

import re

from kb.text import folded

_VERB = (
    "补充|补冲|不充|追加|备注|添上|添|再补|补|加上|加|忘了说了?|忘说了?|漏了|漏说了?|少说了?|说明|想起来|接着说|对了"
)
_MEASURE = (
    "一下|一点|一句话?|两句|几句|一条|几条|点|下|个|条|张|几张|说明|材料|信息|情况|内容|证据|"
    "照片|视频|图片?|进去|上|到单子里|哈|吧|了|的|啊|呢|吗"
)
_HEAD = re.compile(
    rf"^[^，,：:。；;！!？?\n]{{0,24}}?(?:{_VERB})(?:{_MEASURE})*\s*[，,：:。；;！!、\n]\s*(.+)$", re.DOTALL
)
_ONLY = re.compile(
    rf"(?:{_VERB})(?:{_MEASURE}|东西|楼号|时间|地址)*[。！!？?~～]*$|没[说写](?:[全完]整?)?[。！!]*$|接着.{{0,6}}$|那个单子$"
)
_ASKS = re.compile(r"(?:吗|嘛|怎么|如何|能不能|可以|行不行|哪里|哪儿)")
_NUMBER = re.compile(r"[0-9０-９零〇一二两三四五六七八九幺][0-9０-９零〇一二两三四五六七八九幺\s\-－—\u00a0]{9,}")
SHORTEST, SHORTEST_ALONE = 2, 6


def said_with_it(text: str) -> str:
    """The words that are to be added; "" where the message only asks to add something, or asks whether it can."""
    plain = _NUMBER.sub("", text).strip()
    if found := _HEAD.match(plain):
        rest = found[1].strip()
        return rest if len(folded(rest)) >= SHORTEST and not _ONLY.search(rest) else ""
    if _ONLY.search(plain) or _ASKS.search(plain) or len(folded(plain)) < SHORTEST_ALONE:
        return ""
    return "" if re.search(r"照片|视频|图", plain) else plain
