"""What one message is about: its clauses, without letter frames, and without what is background or denied.

Pure rules over the words, for what a classifier of whole texts cannot see: "以前反映过噪音，这次是垃圾" is about the
rubbish. Where a message holds several problems, see `kb.splitting`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

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
MARK = re.compile(rf"(?:{_NUMBER}|{_CONNECTOR})[，,：:、]?(?:就是|的是|问题是|事是|的话)?[，,：:]?")
NUMBERED = re.compile(_NUMBER)
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

# --- background: what was told or settled before, what is fine now, what it is not, what is only compared
_PAST = re.compile(
    r"以前|之前|上次|上回|上一次|去年|前年|早前|过去|曾经|曾|前段时间|前阵子|前些天|上个月|上周|上礼拜|上星期|当时|那次|那时|"
    r"原先|原来|当年|前几年|刚搬来|昨天|前天|[一二三四五六七八九十]月份?|有[两几]次|的时候"
)
_TOLD_OR_MENDED = re.compile(
    r"反映过|反映了|反映的|反应过|反应的|投诉过|投诉了|投诉的|举报过|举报的|报过|报修过|报的|说过|说的|打过|提过|找过|来过|登记过|登记的|"
    r"修好|解决|处理|弄好|搞定|清走|清理|恢复|给换了|整改|办结|没事了"
)
_MENDED = re.compile(
    r"(?<![说称复示写没未不])(?:修好了|解决了|处理(?:好|完)了|弄好了|恢复了|清走了|不吵了|不响了|整改了|换好了|装好了|补好了|办结了|"
    r"搞定了|治理好了|翻篇了|过去了$|没问题了|不用(?:你们)?管了?$)"
)
# Good news that may be bad news by itself ("垃圾桶撤了"): settled only where the message then turns to something.
_FINE = re.compile(
    r"(?<![没未不])(?:修好|换好|装好|弄好|补上|补好|修平|铺好|清走|清完|清净|清干净|都清了|拆完|搬走|送走|挪走|收走|劝走|取缔|办结|"
    r"修剪过|换新|换了新|做了防水|救出来|处理(?:了|得)|解决|恢复|退了|判了|改造完|好了(?!几)|铲了|来水|来气|水清了|"
    r"有人(?:打扫|管|收|清)|干净|挺热|热了|亮了|够用?$|挺好|很好|好好的|挺老实|齐全|都全|很负责|很?满意|没意见|没得说|有物业)|"
    r"(?:味|味道|蚊子|摊子|摊|声音|噪音)没有?了|不(?:打|吵|响|漏|堵|臭|叫|停|占道?)了?$|"
    r"不反对|很满意|表扬一下"
)
# These turn as often to more of the same: then a trouble must be named.
_BUT = re.compile(r"^(?:但|可|不过|就是|只是|其实|主要|关键|问题是)")
# Only said to be settled.
_SAID = re.compile(r"[说称]|答复|回复|显示|写着|承诺")
_TURNS = re.compile(
    r"^(?:但|可(?!能|以)|不过|就是(?![不没])|就剩|只剩|剩下|还剩|倒是|只是|美中不足|其实|主要|关键|问题是|单说|说说|还得说说|地方空出来|"
    r"我?(?:这次|这回|今天|今儿|今年|现在|如今|眼下|另外一?件)(?!.{0,3}(?:没|好了|挺|清|有物业|干净))|"
    r"我(?:现在)?(?:就是)?(?:是|要|想|来)?(?:反映|反对|投诉|说|问|讲)|我打电话)"
)
_NOW = re.compile(
    r"(?<![到至])(?:这次|这回|今天|今儿|今日|现在|如今|眼下|目前|这一次|今年)(?:我|俺)?(?:又)?(?:还)?(?:要|想|来)?(?:说|反映|投诉|报|问|麻烦)?"
    r"(?:的|的事|的问题)?(?:是|换成|变成|轮到|反映|投诉|说|报|举报|不一样|麻烦|想问|我不是来)(?!又坏|又不|又没|又开始|还是|老问题|同样|一样)|"
    r"(?:我)?(?:要|想)?(?:说|反映|投诉)的是|另一件事|另外一件|别的事|今天来电"
)
_WORSE_AGAIN = re.compile(
    r"^(?:可是?|但是?|不过|结果|然而)?(?:没几天|没过|过了|才|刚|又(?!有人|被)|还|再|仍|依然|现在又|现在还)|"
    r"(?:又|还是|仍|依旧|照样|再次)(?:坏|不|没|堵|这样|那样|老样子|来了|开始|返|冒|漏|灭|回来|摆|吵|臭|响|出摊)|反弹|复发|原封不动|又有$|又来"
)
_NOT_A_DENIAL = r"(?!.{0,6}的人|一|第|头|个|小|办法|滋味|不|没|我(?!说|家|投诉|反映)|吗|很|太)"
_DENIED_CLAUSE = re.compile(
    rf"(?:我)?(?:这次|这回|今天|这个?)?(?:要|想)?(?:说的?|反映的?|投诉的?|问的)?(?:并|而|可|也|既)?不是(?:说)?{_NOT_A_DENIAL}[^吗么就]{{1,16}}|"
    r"(?:也|既)不是[^吗么就]{1,14}|我不是(?:来)?(?:投诉|反映|说|问|反对)[^吗]{1,10}|不是我[^吗]{1,10}|"
    r"(?:先)?不(?:说|提|谈|讲|管)(?!一声)[^吗]{1,10}了?|(?:跟|和|与)?[^，]{1,10}(?:无关|没有?关系)|不关[^，]{1,8}事|"
    r"(?:别|不要|甭)(?:再|又)?(?:给我|跟我|把我的?)?[^，]{0,3}(?:转|派|推|说|记|登记|找)[^，]{1,10}|"
    r"(?:上次|上回)?(?:你们|客服|接线员)[^，]{0,10}(?:转给|转到|记成|登记成|听错|派给|写成|弄错|说成|当成)[^，]{0,10}|记成[^，]{1,8}|"
    r"[^，]{1,14}(?:就算了|算了|也罢|就罢了|(?:我)?就不说(?:什么)?了|不说什么了|先不说|先不管|先不提|不提了|不说了|倒还好|倒没什么|不是问题|"
    r"无所谓|还能将就|还能忍|可以忍|能忍|忍了|忍忍|习惯了|认了|以后再说|回头再说|下次再说|自己扫扫就完了|[窄吵慢]点就[窄吵慢]点)"
)
_DENIED_WITHIN = re.compile(
    rf"(?<![是要岂可何莫又这])不是{_NOT_A_DENIAL}[^，。；！？,;!?\n吗就是]{{1,12}}(?=(?:而)?是(?!不|否))"
)
_RIGHT_ONE = re.compile(
    r"(?:而|就|主要|这次|这回|今天|我说的|现在|可|我|其实|明明|这)*(?:是(?!不|否)|说|反映|投诉|问|要反映|反对的)|主要|就是|其实|关键|可|倒是|问题是|但|"
    r"(?:你)?不能|先把|单说|我家"
)
_CONCEDED = re.compile(r"^(?:虽说|虽然|我知道)")
_SUPPOSED = re.compile(r"^(?:一开始|刚开始|起初|我?(?:原|还)?以为|有人说|物业说|他们说)")
_IN_TRUTH = re.compile(r"^(?:其实|原来)?(?:是(?!不)|其实)|查了|测了")
_ELSEWHERE_FINE = re.compile(
    r"^(?:人家|别的|别人|其他|隔壁|对面|旁边|新小区|附近|跟我同).{0,16}(?:都|早就|天天有|反映过).{1,16}|^(?:比起|跟.{1,10}比|和.{1,10}比|不像)"
)
_HERE = re.compile(r"我们|我家|俺|咱|这边|这里|我这|我更|就.{0,3}这|这个|今年")
# So many clauses after a denial stands at the latest what it is instead.
_SOON = 3


@dataclass(frozen=True, slots=True)
class Clause:
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
    return tuple(clause.text for clause in _without_frame(text))


def bare(part: str) -> str:
    """The clause without the words that only count or connect: '另外井盖坏了' -> '井盖坏了'."""
    while (found := MARK.match(part)) and says_something(part[found.end() :]):
        part = part[found.end() :].lstrip(" ，,：:、")
    return part


def problem_text(text: str) -> str:
    """What the message is about now: no frame, no settled or denied matter.

    For classifying only: a place named in the background goes with it, so places are sought in the whole text.
    Empty only for a text that says nothing.
    """
    kept = read_clauses(text)
    now = [clause for clause in kept if not clause.background]
    if not any(says_something(clause.text) for clause in now):
        now = kept
    about = joined(now)
    shorter = _DENIED_WITHIN.sub("", about)
    return shorter if says_something(shorter) else about


def _read(text: str) -> list[Clause]:
    found: list[Clause] = []
    start = 0
    for hit in _BREAK.finditer(text):
        piece, end = text[start : hit.start()], hit.group(1) or ""
        start = hit.end()
        if piece:
            found.append(Clause(piece, end))
        elif found:
            found[-1] = Clause(found[-1].text, found[-1].end + end)
    if text[start:]:
        found.append(Clause(text[start:]))
    return found


def read_clauses(text: str) -> list[Clause]:
    """The clauses without the frame (all of them if the frame is all there is), settled and denied matters marked."""
    return _marked(_without_frame(text))


def joined(part: Sequence[Clause]) -> str:
    """The clauses as one text, as they stood in the message."""
    return "".join(clause.whole for clause in part).strip(" \n，,；;、：:")


def _without_frame(text: str) -> list[Clause]:
    everything = [clause for clause in _read(clean(text)) if says_something(clause.text)]
    kept = []
    for clause in everything:
        if _FRAME.fullmatch(clause.text):
            continue
        hello = _GREETING_RUN_ON.match(clause.text)
        rest = clause.text[hello.end() :] if hello else clause.text
        kept.append(Clause(rest if says_something(rest) else clause.text, clause.end))
    return kept or everything


def _marked(kept: list[Clause]) -> list[Clause]:
    """The same clauses, those about settled, denied or only compared matters marked as background."""
    now = next((i for i, clause in enumerate(kept) if i and _NOW.search(clause.text)), None)
    found = {i for i in range(len(kept)) if _settled(kept, i, now) or _denied(kept, i) or _beside(kept, i)}
    # what was wrong once, before it is said that it is well again
    found |= {i for i, clause in enumerate(kept[:-1]) if i + 1 in found and _PAST.search(clause.text)}
    return [Clause(clause.text, clause.end, background=i in found) for i, clause in enumerate(kept)]


def _settled(kept: list[Clause], i: int, now: int | None) -> bool:
    text = kept[i].text
    following = kept[i + 1].text if i + 1 < len(kept) else ""
    before_now = now is not None and i < now
    if before_now and _PAST.search(text) and _TOLD_OR_MENDED.search(text):
        return True
    if not following or _WORSE_AGAIN.search(following):
        return False
    if _MENDED.search(text):
        return True
    turn = next((j for j in range(i + 1, min(i + 1 + _SOON, len(kept))) if _TURNS.match(bare(kept[j].text))), None)
    if turn is not None and _BUT.match(kept[turn].text):
        again = bool(_WORSE_AGAIN.search(kept[turn].text)) or not _names_trouble(kept[turn].text)
    else:
        again = turn is not None and bool(_WORSE_AGAIN.search(kept[turn].text))
    fine = _FINE.search(text) and not _SAID.search(text)
    return bool(fine) and not again and (turn is not None or before_now)


def _names_trouble(text: str) -> bool:
    return any(pattern.search(text) for _, pattern in TOPICS)


def _denied(kept: list[Clause], i: int) -> bool:
    if not _DENIED_CLAUSE.fullmatch(bare(kept[i].text)):
        return False
    if i > 0 and _RIGHT_ONE.match(kept[i - 1].text):
        return True
    return any(_RIGHT_ONE.match(clause.text) for clause in kept[i + 1 : i + 1 + _SOON])


def _beside(kept: list[Clause], i: int) -> bool:
    """Whether the clause only concedes, supposes or compares with elsewhere."""
    text, rest = kept[i].text, [clause.text for clause in kept[i + 1 : i + 1 + _SOON]]
    if _CONCEDED.match(text):
        return any(_TURNS.match(bare(one)) for one in rest)
    if _SUPPOSED.match(text):
        return any(_IN_TRUTH.search(one) for one in rest)
    # "隔壁都通了气，就我们没有" names the matter only in the comparison
    named = bool(rest) and _names_trouble(rest[0])
    return named and bool(_ELSEWHERE_FINE.search(text) and _HERE.search(rest[0]))
