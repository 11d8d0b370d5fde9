"""A citizen's words as other citizens may read them: nothing in them leads to a person, a home or a vehicle.

What the problem is and which building it is at stays: 3号楼2单元501漏水 is 3号楼漏水. The full words are the
department's. In doubt a word too many goes, for the summary of an incident is read by strangers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from kb.places import Place
from kb.places.private import without_flat
from kb.text import hide_personal

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤尚温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章"
    "鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁柏项屈卞仇冷匡臧逄綦栾宫迟战初辛隋矫盖褚娄解纪管修曲单兴邴苗柴封牟冉阎靳宿萧傅"
)
_SURNAME = rf"(?:欧阳|司马|上官|诸葛|司徒|东方|慕容|尉迟|公孙|令狐|皇甫|夏侯|[{_SURNAMES}])"
_HAN = r"[\u4e00-\u9fa5]"
# What follows a name: the end of the clause, or the next thing that people say of themselves.
_NEXT = r"(?=[\s,，。.;；:：!！?？、()（）]|$|的|是|住|家|在|今年|电话|手机|联系|微信|我|身份证|想|要|来|现)"
_NAMED = rf"(?:{_SURNAME}{_HAN}{{1,2}}?{_NEXT}|{_SURNAME}{_HAN}{{1,2}}|{_HAN}{{2,4}}{_NEXT}|[A-Za-z]{{2,}})"
_IS = r"\s*[:：=是为叫]?\s*"
# No name: somebody was called, not named (我叫了保安, 我叫他们来).
_CALLED = r"(?!了|过|他|她|你|您|谁|人|不|保安|物业|师傅|孩子|家里|某)"
_ACCOUNT = r"[A-Za-z0-9][A-Za-z0-9_\-]{4,}"
_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_DIGIT = r"[\d零〇一二三四五六七八九幺]"

_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        # telephones and identity cards told in pieces: 1 3 8 1 2 3 4 5 6 7 8, 幺三八一二三四五六七八
        (rf"{_DIGIT}(?:[\s.·*\-－—]{{0,2}}{_DIGIT}){{10,}}x?", "（号码已隐藏）"),
        (r"[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+", "（联系方式已隐藏）"),
        # 微信号 abc_123, 加V:abc123, QQ 12345, wxid_…; and abc_123是我微信
        (
            r"(?:[微薇威v]信|加v|企鹅|扣扣|(?<![A-Za-z])(?:wei ?xin|vx|wx|v|qq)(?![A-Za-z]))"
            rf"\s*(?:号码|账号|帐号|id|号)?(?:就?是|为|[:：=])?\s*[(（]?{_ACCOUNT}",
            "（联系方式已隐藏）",
        ),
        (r"(?<![A-Za-z0-9])wxid_\w+", "（联系方式已隐藏）"),
        (rf"(?<![A-Za-z0-9_]){_ACCOUNT}(?=\s*(?:就?是)?\s*(?:我的?)?(?:微信|qq))", "（联系方式已隐藏）"),
        # 鲁B12345, 鲁B·D12345, 鲁B 1234学, 车牌B12345
        (rf"[{_PROVINCE}]\s*[A-Z]\s*[·•.\-]?\s*(?:[A-Z0-9]\s?){{4,5}}[A-Z0-9挂学警港澳领使]", "（车牌已隐藏）"),
        (r"车牌(?:号码?)?(?:就?是|为|[:：=])?\s*[A-Z0-9][A-Z0-9·\-]{3,7}", "（车牌已隐藏）"),
        # 我叫张伟, 名字是张伟, 姓名:张伟, 联系人张伟, 我是张伟; 免贵姓王, 王女士
        (rf"(?P<before>(?:我|本人|名字|名)\s*叫(?:做|作)?\s*){_CALLED}{_NAMED}", "某某"),
        (
            rf"(?P<before>(?:姓名|名字|联系人|投诉人|反映人|举报人|来电人){_IS})(?!某){_SURNAME}{_HAN}{{1,2}}{_NEXT}",
            "某某",
        ),
        (
            rf"(?P<before>(?:^|[\s,，。;；!！])(?:我|本人)是)(?!某){_SURNAME}(?!{_HAN}?[人主户工员师民区村路街道市司生楼院])"
            rf"{_HAN}{{1,2}}(?=[\s,，。;；!！]|$)",
            "某某",
        ),
        (rf"(?P<before>(?:我|本人|免贵|贵|他|她)\s*姓){_SURNAME}(?:{_HAN}{{1,2}}?(?=[\s,，。.;；!！?？、]|$))?", "某"),
        (rf"(?<!某){_SURNAME}(?P<after>先生|女士|小姐)", "某"),
    )
)


def public_words(text: str) -> str:
    """The words on one line without telephone, identity card, account, number plate, name, unit and flat.

    What is taken out of a sentence is marked, or named 某; a unit or flat is left out. Taking out from the result again
    changes nothing.
    """
    text = " ".join(unicodedata.normalize("NFC", text).translate(_HALF).split())
    while (fewer := _fewer(text)) != text:
        text = fewer
    return text


def public_place(place: Place) -> Place:
    """The place as it is shown to others: no name in it says a unit or flat, whoever gave it."""
    spot, road, community = (
        without_flat(name) or None if name else name for name in (place.spot, place.road, place.community)
    )
    return replace(place, text=without_flat(place.text), spot=spot, road=road, community=community)


def left(text: str) -> list[str]:
    """What of a text others may not read, for whoever checks texts: empty for `public_words` of anything."""
    return [found.group() for pattern, _ in _RULES for found in pattern.finditer(text)]


_HALF = {0xFF01 + nth: 0x21 + nth for nth in range(94) if chr(0x21 + nth).isalnum() or chr(0x21 + nth) in "@_-+."}


def _fewer(text: str) -> str:
    text = hide_personal(text)
    for pattern, instead in _RULES:
        text = pattern.sub(lambda found, instead=instead: _marked(found, instead), text)  # type: ignore[misc]
    return without_flat(text)


def _marked(found: re.Match[str], instead: str) -> str:
    groups = found.groupdict()
    return f"{groups.get('before') or ''}{instead}{groups.get('after') or ''}"
