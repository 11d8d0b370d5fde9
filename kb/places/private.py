"""What leads into somebody's home or to their telephone and has no place in the words of a place.

A worker needs house number, building and gate: 合肥路100-3号, 3号楼, 北门. Unit, floor of a unit and flat are the
citizen's own: 2单元501室, 三单元五零二, 2-1-501. They stay in the description, which only the department reads.
"""

from __future__ import annotations

import re

from kb.text import hide_phones

_DIGIT = "零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖幺"
_SPOKEN = f"[{_DIGIT}十百]"
_N = rf"[{_DIGIT}十百\d]"
_JOINT = r"\s*(?:[-－—–]|杠)\s*"
# 楼下 is beside a building, 号楼 is one.
_AT = "[下上道前后]"
# After a flat's number; 号 only where it is no house, building or line.
_ROOM = rf"\s*(?:室|户|房间|房(?![子屋产东])|号房|号(?!楼(?!{_AT})|[院线大]|门(?!口)))"
_SIDE = r"(?:\s*[东西南北中]{1,2}[户室])?"
# What shows that a number of three or four digits is none of a flat: 688号, 200米, 308国道, 401医院, 100-3号.
_OTHER = (
    r"(?:[\d号米弄路院线块年多点:：国省栋幢座医平元人名个次天度厂所台瓦吨万分周%]"
    r"|公[里交分斤]|部队|厘米|毫米|小时|[-－]\d{1,4}号|[-－]\d{1,2}[-－]\d)"
)
_BARE = rf"[a-dA-D]?\d{{3,4}}(?!{_OTHER})"
_BARE_SPOKEN = rf"[{_DIGIT}]{{1,2}}[零〇][{_DIGIT}](?![{_DIGIT}十百]|{_OTHER})"

_PRIVATE = (
    # a number too long for a house: a local telephone, an identity card
    rf"(?<!\d)\d{{6,}}[Xx]?|[{_DIGIT}]{{7,}}",
    # 2单元501室, 三单元五零二, 甲单元, 二单元四楼东户
    rf"(?:{_N}{{1,3}}|[甲乙丙丁a-zA-Z])\s*单元"
    rf"(?:\s*[-－,，]?\s*(?:{_N}{{1,3}}\s*[层楼](?!{_AT})|{_N}{{1,6}}{_ROOM}"
    rf"|(?:\d{{1,4}}|{_SPOKEN}{{2,6}})(?!{_OTHER}|\s*单元)))*{_SIDE}",
    # 2-1-501, 二杠一杠五零二; not 2026-11-21, not 3-5-7号楼
    rf"(?<![\d.])[a-zA-Z]?(?<!{_N}){_N}{{1,3}}(?:{_JOINT}{_N}{{1,4}}){{2,}}(?!{_N}|\s*号?(?:楼(?!{_AT})|[栋幢])|期)(?:{_ROOM})?{_SIDE}",
    # after a building, which stays: 3号楼1-302, 8栋1203, 5号楼五零二, 3号楼601号
    rf"(?P<building>(?:[号#]|{_N}|[a-zA-Z])楼|[#栋幢座])\s*[-－,，]?\s*"
    rf"(?:{_N}{{1,2}}{_JOINT}(?:\d{{3,4}}(?!\d)(?:{_ROOM})?|\d{{1,4}}{_ROOM})|[a-zA-Z]?\d{{2,4}}{_ROOM}"
    rf"|{_SPOKEN}{{2,6}}{_ROOM}|[a-zA-Z]?{_BARE}|{_BARE_SPOKEN}){_SIDE}",
    # 四楼东户, 二门401
    rf"{_N}{{1,3}}\s*[层楼]\s*[东西南北中]{{1,2}}[户室]",
    rf"{_N}{{1,2}}\s*门\s*\d{{3,4}}(?:{_ROOM})?{_SIDE}",
    # 502房间, 12-301室, 五零二户, 五百零二室, 12号3户; not 两室一厅, 一百二十户, 三户人家
    rf"[a-zA-Z]?(?:{_N}{{1,3}}{_JOINT})?\d{{3,5}}\s*(?:室(?![一二两\d]厅)|户|房间|房(?![子屋产东])){_SIDE}",
    r"\d{1,5}\s*(?:室(?![一二两\d]厅)|房间)",
    rf"[{_DIGIT}]{{3,4}}\s*(?:室|户|房间){_SIDE}|{_SPOKEN}{{2,6}}\s*(?:室(?![一二两\d]厅)|房间)",
    rf"(?:(?<=[号院内])|^)\s*{_N}{{1,2}}[户室](?![人居业一二两\d])",
    # 501 that is nothing else; a pole and its like are found by such a number
    rf"(?<![\dGSKXYgskxy路街巷道])(?<!杆号)(?<!编号)(?<!杆)[-－]?{_BARE}",
    rf"(?<![{_DIGIT}十百]){_BARE_SPOKEN}",
)
_EACH = tuple(re.compile(pattern) for pattern in _PRIVATE)


def without_flat(text: str) -> str:
    """The text on one line, without unit, flat, telephone and other long numbers."""
    text = hide_phones(" ".join(text.split()))
    for pattern in _EACH:
        text = pattern.sub(lambda found: found.groupdict().get("building") or "", text)
    return " ".join(text.split()).strip(" ,，、；;的-－")
