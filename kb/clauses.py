"""What one message is about: without letter frames, background and denials, and cut where a second problem begins.

Pure rules over the words, for what a classifier of whole texts cannot see: "以前反映过噪音，这次是垃圾" is about the
rubbish, and "路灯不亮，另外井盖也坏了" is two cases. When in doubt a text stays whole: a case too few is asked about,
a case too many sends someone out for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from kb.clause_topics import TOPICS
from kb.text import clean, says_something

# Where a clause ends, and the words before which one begins even when nobody typed a comma.
_END = r"[，。！？；：,!?;\n\s…~～]+|(?<!\d)[.:](?!\d)"
_CONNECTOR = (
    r"另外|此外|再就是|再有就是|再有|再一个|再说一个|再反映一个?|还有就是|还有一个|还有一件|还有|另有|另一个|另一件|"
    r"顺便(?:再)?(?:说|反映|问|报)(?:一下|下)?|对了|第二件事|除此之外|同时还|还要反映|还想反映|也想反映"
)
_NUMBER = (
    r"(?<![唯统之单第万十百其])[一二三四五六七八九]是(?![不否])|"
    r"第[一二三四五六七八九](?:(?:个(?:问题|事情?)?|件事?情?|点)(?:是|就是)?(?![孩学月星])|(?=[，,：:、\s]|是))|"
    r"其[一二三四五六]|问题[一二三四五六]|首先|其次|最后(?=是|还)|"
    r"[一二三四五六七八九]、(?![一二三四五六七八九十])|[（(][一二三四五六七八九1-9][)）]|[①②③④⑤⑥⑦⑧⑨]|"
    r"(?<![\d号第.])[1-9][.．、)）](?!\d|[1-9一二三四五六七八九][、号楼栋])"
)
_MARK = re.compile(rf"(?:{_NUMBER}|{_CONNECTOR})[，,：:、]?(?:就是|的是|问题是|事是|的话)?[，,：:]?")
_NUMBERED = re.compile(_NUMBER)
_BREAK = re.compile(rf"({_END})|(?={_NUMBER}|{_CONNECTOR})")

# --- the frame of a letter: whole clauses, and greetings run on into the first sentence
_OFFICE = (
    r"(?:(?:(?:尊敬|敬爱|亲爱)的|各位|各级|[市区县省镇]|街道|本市|我市|青岛|有关|相关|政府|城管|办公室|[张王李刘陈杨赵黄周吴徐孙马朱胡林郭何高罗])*"
    r"(?:领导|市长|书记|局长|区长|县长|镇长|主任|工作人员|负责人|同志|部门|单位|客服|接线员)(?:们|同志)?)"
)
_HELLO = r"(?:(?:你|您)们?好|大家好|早上好|上午好|下午好|晚上好|在吗|有人吗|哈喽)[啊呀哈吗]?"
_THANKS = (
    r"(?:(?:先|再次|在此|非常|十分|万分|真心|衷心|特此|表示)*(?:谢谢|感谢|多谢|拜谢|谢了|谢)"
    r"(?:了|啦|啊|您们?|你们?|领导|大家|各位|同志|政府|城管|师傅|关心|支持|理解)*)"
)
_FRAME = re.compile(
    rf"(?:{_OFFICE}(?:{_HELLO}|好)?|{_HELLO}{_OFFICE}?|{_THANKS}|此致|敬礼|此致敬礼|"
    r"(?:盼|望|请|敬请|期盼|期待|静候|等待)(?:您|你们|领导|贵局|尽快|早日|及时|给予)*(?:回复|答复|批复|回音|佳音|复|重视|批示)|"
    r"(?:辛苦|麻烦|拜托|打扰|劳驾)(?:您|你|你们|领导|大家|各位)*(?:了|啦)+|(?:给)?(?:您|你们|领导)?添麻烦了|"
    r"祝.{0,8}(?:顺利|健康|愉快|安康|如意)|不好意思|就这些|就这样|完毕)"
)
_GREETING_RUN_ON = re.compile(rf"(?:{_OFFICE}(?:{_HELLO}|好)|{_HELLO}{_OFFICE}?|(?:尊敬|敬爱)的{_OFFICE})")

# --- background and denials
_PAST = re.compile(
    r"以前|之前|上次|上回|上一次|去年|前年|早前|过去|曾经|曾|前段时间|前阵子|前些天|上个月|上周|上礼拜|上星期|当时|那次|那时"
)
_TOLD_OR_MENDED = re.compile(
    r"反映过|反映了|反映的|反应过|反应的|投诉过|投诉了|投诉的|举报过|举报的|报过|报修过|报的|说过|说的|打过|提过|找过|来过|登记过|登记的|"
    r"修好|解决|处理|弄好|搞定|清走|清理|恢复|给换了|整改|办结|没事了"
)
_MENDED = re.compile(
    r"(?<![说称复示写没未不])(?:修好了|解决了|处理(?:好|完)了|弄好了|恢复了|清走了|不吵了|不响了|整改了)"
)
_NOW = re.compile(
    r"(?<![到至])(?:这次|这回|今天|今儿|今日|现在|如今|眼下|目前|这一次)(?:我|俺)?(?:又)?(?:要|想|来)?(?:说|反映|投诉|报|问)?(?:的|的事)?"
    r"(?:是|换成|变成|轮到|反映|投诉|说|报|举报)(?!又坏|又不|又没|又开始|还是|老问题|同样|一样)|"
    r"(?:我)?(?:要|想)?(?:说|反映|投诉)的是|另一件事|别的事"
)
_WORSE_AGAIN = re.compile(r"^(?:可是?|但是?|不过|结果|然而)?(?:没几天|没过|过了|才|刚|又|还|再|仍|依然|现在又|现在还)")
_NOT_A_DENIAL = r"(?!一|第|头|个|小|办法|滋味|不|没|我(?!说)|吗|很|太)"
_DENIED_CLAUSE = re.compile(
    rf"(?:我)?(?:这次|这回|今天)?(?:说的|反映的|投诉的)?(?:并|而|可)?不是(?:说)?{_NOT_A_DENIAL}[^吗么就]{{1,14}}|"
    r"(?:先)?不(?:说|提|谈|讲|管)(?!一声)[^吗]{1,10}了?|(?:跟|和|与)?[^，]{1,10}(?:无关|没关系)|"
    r"[^，]{1,10}(?:就算了|先不说|先不管|先不提|不提了|不说了|倒还好|倒没什么|不是问题)"
)
_DENIED_WITHIN = re.compile(
    rf"(?<![是要岂可何莫又这])不是{_NOT_A_DENIAL}[^，。；！？,;!?\n吗就是]{{1,12}}(?=(?:而)?是(?!不|否))"
)
_RIGHT_ONE = re.compile(r"(?:而|就|主要|这次|这回|今天|我说的|现在)*(?:是(?!不|否)|说|反映)|主要|就是")


# Topics that are often one trouble's several sides: side by side they stay one, unless the citizen counts them.
_SIDES: tuple[frozenset[str], ...] = (
    frozenset({"waste", "pests", "cleaning", "river", "drain", "toilet", "burning", "dogs"}),
    frozenset({"stalls", "parking", "cooking smoke", "noise", "waste", "fire safety", "drain", "dust", "cleaning"}),
    frozenset({"noise", "dust", "road", "cleaning", "building", "drain"}),
    frozenset({"parking", "fire safety", "charging", "cables", "road", "fees", "railings"}),
    frozenset({"building", "water", "drain", "heating", "cables"}),
    frozenset({"greenery", "cables", "lighting", "road", "building", "railings", "pests"}),
    frozenset({"elevator", "cables", "water"}),
    frozenset({"lighting", "cables"}),
    frozenset({"manhole", "road", "drain"}),
    frozenset({"illegal building", "noise", "fire safety", "waste", "building", "greenery", "road", "charging"}),
    frozenset({"advertising", "building", "cables", "cleaning"}),
    frozenset({"signal light", "signs", "road", "parking"}),
    frozenset({"dogs", "noise", "pests"}),
    frozenset({"gas", "fire safety"}),
)
_SINGLE_CASE = re.compile(r"建议|理由|原因|诉求|要求|请求|希望|依据|请问|咨询|想问|疑问|方案|措施|经过|补充")
_CAUSE = re.compile(
    r"导致|造成|引起|害得|以致|使得|引发|砸|因为|由于|结果|所以|弄得|搞得|的时候|才能|说是|怀疑|可能是|吵得|睡不着"
)
# "还有" often goes on with the same trouble, where "另外" turns to another.
_LOOSE = re.compile(r"还有(?!就是|一个|一件)")
# In a letter longer than this things are named along the way: only what is counted or turned to is a problem.
_LETTER = 150
# So many clauses after "另外" the new trouble must have been named.
_PATIENCE = 2
_STILL_SAME = re.compile(r"还有(?:人|的|些|几|时|一次|一回|点|半|多|不少)")

_PLACE = re.compile(
    r"[\u4e00-\u9fffA-Za-z0-9]{1,14}(?:路(?![灯面牌砖过上])|街|小区|花园|家园|花苑|苑|社区|村|广场|公园|市场|大厦|胡同|巷|"
    r"小学|中学|学校|医院|号楼|号院|号|单元|楼|门口|路口|大门|[东西南北]门|站|桥|里(?!面|边)|城|家属院|宿舍|幼儿园|商场|超市)"
    r"(?:[\u4e00-\u9fffA-Za-z0-9]{0,6}(?:门口|路口|号楼|单元|旁边|附近|对面|楼下|南侧|北侧|东侧|西侧|[东西南北]门|边上|里面|里|内))?"
)
_PLACE_FILLER = re.compile(
    r"^(?:我们?|俺们?|咱们?|住在|家住|住|家在|位于|在|就在|想|要|来|反映|投诉|举报|报修|一下|请问|那个|这个|是|有|说|关于|的|主要|有两个问题|两件事|问题)+"
)
_BEFORE_PLACE = re.compile(r"^.*(?:(?<!现)在|位于|位置是|地址是|地点是|为)(?=.)")
_TOPIC_NOUN = re.compile(r"路灯|红绿灯|垃圾|井盖|电梯|暖气|马路|道路|人行道|树|公厕|下水道|车")


@dataclass(frozen=True, slots=True)
class _Clause:
    """One clause, the signs that end it, and what it does in the message."""

    text: str
    end: str = ""
    frame: bool = False
    background: bool = False

    @property
    def whole(self) -> str:
        return self.text + self.end


def clauses(text: str) -> tuple[str, ...]:
    """What the message says, clause by clause, without greetings, thanks and letter frames, in order."""
    return tuple(clause.text for clause in _kept(text))


def bare(part: str) -> str:
    """The clause without the words that only count or connect: '另外井盖坏了' -> '井盖坏了'."""
    while (found := _MARK.match(part)) and says_something(part[found.end() :]):
        part = part[found.end() :].lstrip(" ，,：:、")
    return part


def problem_text(text: str) -> str:
    """What the message is about now: no frame, no settled or denied matter.

    For classifying only: a place named in the background goes with it, so places are sought in the whole text.
    Empty only for a text that says nothing.
    """
    kept = _marked(_kept(text))
    now = [clause for clause in kept if not clause.background]
    if not any(says_something(clause.text) for clause in now):
        now = kept
    about = _joined(now)
    shorter = _DENIED_WITHIN.sub("", about)
    return shorter if says_something(shorter) else about


def split_problems(text: str, *, same: Callable[[str, str], bool] | None = None) -> tuple[str, ...]:
    """The message's problems, each a text of its own that names its place; one text where there is one problem.

    `same` says of two parts whether they are after all one matter, for example of one category: those are joined
    again. Empty only for a text that says nothing.
    """
    kept = _marked(_kept(text))
    if not kept:
        return ()
    bounds = [*_beginnings(kept), len(kept)]
    parts = [kept[start:stop] for start, stop in pairwise(bounds)]
    if same is not None:
        parts = _reunited(parts, same)
    if len(parts) == 1:
        return (_joined(parts[0]),)
    shared = _place(parts[0])
    texts = [_uncounted(part) for part in parts]
    return (texts[0], *(_with_place(one, part, shared) for one, part in zip(texts[1:], parts[1:], strict=True)))


def _read(text: str) -> list[_Clause]:
    found: list[_Clause] = []
    start = 0
    for hit in _BREAK.finditer(text):
        piece, end = text[start : hit.start()], hit.group(1) or ""
        start = hit.end()
        if piece:
            found.append(_Clause(piece, end))
        elif found:
            found[-1] = _Clause(found[-1].text, found[-1].end + end)
    if text[start:]:
        found.append(_Clause(text[start:]))
    return found


def _kept(text: str) -> list[_Clause]:
    """The clauses without the frame; all of them if the frame is all there is."""
    everything = [clause for clause in _read(clean(text)) if says_something(clause.text)]
    kept = []
    for clause in everything:
        if _FRAME.fullmatch(clause.text):
            continue
        hello = _GREETING_RUN_ON.match(clause.text)
        rest = clause.text[hello.end() :] if hello else clause.text
        kept.append(_Clause(rest if says_something(rest) else clause.text, clause.end))
    return kept or everything


def _marked(kept: list[_Clause]) -> list[_Clause]:
    """The same clauses, those about settled or denied matters marked as background."""
    now = next((i for i, clause in enumerate(kept) if i and _NOW.search(clause.text)), None)
    marked = []
    for i, clause in enumerate(kept):
        following = kept[i + 1].text if i + 1 < len(kept) else ""
        settled = (
            now is not None and i < now and _PAST.search(clause.text) and _TOLD_OR_MENDED.search(clause.text)
        ) or (_MENDED.search(clause.text) and following and not _WORSE_AGAIN.match(following))
        denied = _DENIED_CLAUSE.fullmatch(bare(clause.text)) and (
            _RIGHT_ONE.match(following) or (i > 0 and _RIGHT_ONE.match(kept[i - 1].text))
        )
        marked.append(_Clause(clause.text, clause.end, background=bool(settled or denied)))
    return marked


def _topics(clause: _Clause) -> frozenset[str]:
    if clause.background:
        return frozenset()
    return frozenset(name for name, pattern in TOPICS if pattern.search(clause.text))


def _beginnings(kept: list[_Clause]) -> list[int]:
    """The indexes of the clauses with which a problem begins; always 0 first.

    A clause begins one if it brings a topic not heard before, and the citizen counts it or turns to it ("二是",
    "另外"), or the topic is far from the one before and is not said to follow from it.
    """
    begins, seen, current = [0], frozenset[str](), frozenset[str]()
    announced: int | None = None
    counted, last = _counted(kept)
    letter = sum(len(clause.text) for clause in kept) > _LETTER
    for i, clause in enumerate(kept[:last]):
        if counted and i < min(counted):
            continue  # an introduction or a title, which sums up the list
        if i in counted or _turns(clause):
            announced = i
        elif announced is not None and announced not in counted and i - announced > _PATIENCE:
            announced = None
        topics = _topics(clause)
        if not topics:
            continue
        start = i if announced is None else announced
        apart = _apart(topics, current) and not _linked(kept, i)
        told = announced is not None and (apart or not _LOOSE.match(kept[announced].text))
        if seen and not topics & seen and start > begins[-1] and (told or (apart and not letter)):
            begins.append(start)
            current = topics
        else:
            current |= topics
        seen |= topics
        if announced not in counted:
            announced = None
    return begins


def _turns(clause: _Clause) -> bool:
    """Whether the clause opens with a word that turns to something else."""
    opens = _MARK.match(clause.text) and not _NUMBERED.match(clause.text)
    return bool(opens) and not _STILL_SAME.match(clause.text)


def _counted(kept: list[_Clause]) -> tuple[frozenset[int], int]:
    """The clauses that open an item of a list of problems, and the clause before which all problems begin.

    A list of wishes, reasons or questions belongs to the problem before it, and nothing in it is a problem of its own.
    """
    opening = [i for i, clause in enumerate(kept) if _NUMBERED.match(clause.text)]
    if len(opening) < 2:
        return frozenset(), len(kept)
    before = kept[opening[0] - 1].text if opening[0] else ""
    if _SINGLE_CASE.search(before) or _SINGLE_CASE.match(bare(kept[opening[0]].text)):
        return frozenset(), opening[0]
    return frozenset(opening), len(kept)


def _apart(topics: frozenset[str], current: frozenset[str]) -> bool:
    return bool(current) and not any(side & topics and side & current for side in _SIDES) and "fees" not in topics


def _linked(kept: list[_Clause], i: int) -> bool:
    return bool(_CAUSE.search(kept[i].text) or _CAUSE.search(kept[i - 1].text))


def _reunited(parts: list[list[_Clause]], same: Callable[[str, str], bool]) -> list[list[_Clause]]:
    kept: list[list[_Clause]] = []
    for part in parts:
        text = bare(_joined(part))
        twin = next((one for one in kept if same(bare(_joined(one)), text)), None)
        if twin is None:
            kept.append(list(part))
        else:
            twin.extend(part)
    return kept


def _joined(part: list[_Clause]) -> str:
    return "".join(clause.whole for clause in part).strip(" \n，,；;、：:")


def _uncounted(part: list[_Clause]) -> str:
    """The part's text without the number of its item, which may stand behind an introduction."""
    item = next((i for i, clause in enumerate(part) if _NUMBERED.match(clause.text)), 0)
    stripped = _Clause(bare(part[item].text), part[item].end)
    return bare(_joined([*part[:item], stripped, *part[item + 1 :]]))


def _place(part: list[_Clause]) -> str:
    """The place words of a part: what stands before its trouble, the first that looks like a place."""
    for clause in part:
        text = bare(clause.text)
        trouble = [hit.start() for _, pattern in TOPICS if (hit := pattern.search(text))]
        noun = _TOPIC_NOUN.search(text)
        limit = min([*trouble, *([noun.start()] if noun else [])], default=len(text))
        head = _PLACE_FILLER.sub("", text[:limit])
        if found := _PLACE.match(_BEFORE_PLACE.sub("", head)):
            return found.group(0)
    return ""


def _with_place(text: str, part: list[_Clause], shared: str) -> str:
    return text if not shared or shared in text or _place(part) else f"{shared}，{text}"
