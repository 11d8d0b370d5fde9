"""The words by which a cut between two problems is judged: connectors, consequences, wishes, settings, swearing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.clause_topics import TOPICS
from kb.clauses import NUMBERED, Clause, bare

# A word that turns to something else, and one that often only goes on.
TURNS = re.compile(
    r"另外|此外|再就是|再有就是|再有|再一个|再说一个|再反映|还有就是|还有一个|还有一件|还有个|另有|另一个|另一件|"
    r"顺便|对了|第二件|除此之外|除了|还要|还想|也想|另[，,]|同时(?!候)|再说|然后"
)
GOES_ON = re.compile(r"还有|并且|而且|再")
COUNTED_BY_COMMA = re.compile(r"[1-9一二三四五][，,]")
# What is wrong, in one or two characters; `_CLEARLY_WRONG` has no second meaning.
WRONG = re.compile(
    r"坏|破|烂|断|掉|堵|漏|(?<!心)脏|臭|吵|乱|不亮|不热|没人|没水|停|占|丢|裂|塌|歪|翘|响|满|违|搭|涨|收费|不来|不给|没了|堆|积|"
    r"烧|养|锁|晃|锈|倒|缺|松|碎|呛|味|声音|灭|黑|窄|偷|冒|扔|贴|溅|老化|灰"
)
_CLEARLY_WRONG = re.compile(
    r"坏|破|烂|断|掉|堵|漏|(?<!心)脏|臭|吵|不亮|不热|没水|没气|没电|停水|停电|停气|停暖|冷|裂|塌|乱|翘|溢|涨"
)
# Something happens here: two of them in one unpunctuated clause may be two problems.
_HAPPENS = re.compile(
    rf"{WRONG.pattern}|流|溢|渗|滴|撒|扔|困|闪|枯|死|撞|盖|扩|建|卖|放|唱|打|充电|收|照|窜|挡|叫|租|没公示|不公示"
)
# A clause may begin with these though nobody typed a comma, may end with those, and never begins or ends so.
_MAY_BEGIN = re.compile(
    r"楼上|楼下|楼道|楼顶|楼前|楼后|小区|门口|路边|路口|旁边|对面|前面|后面|前边|后边|院里|院子|车库|我家|我们|咱|俺|马路|路灯|"
    r"电梯|井盖|垃圾|公厕|广场|物业|暖气|水管|下水|消防|停车|工地|邻居|隔壁|二次|广告|自来水|人行道|树|然后|而且|并且|"
    r"楼里|楼底下|单元门|花坛|台阶|公园|村里|村口|下边|下面|里面|外面|桥[上下面]|夜里|晚上|白天|早上|今天|有人|同时|顺便|那个|河[边里]|"
    r"学校|[一二三四五六]楼|草坪|绿化|路面|行道树|还(?!是|没|不|要|得|给|有人)"
)
_MAY_END = re.compile(r"[了死亮热堵臭脏吵管修清天年月坏烂好满大小高多块开回盏次个见澡]$")
_NEVER_BEGINS = re.compile(r"[了的得着过地们吗呢啊吧到上里下在去来死人都也还又没不很太把被坏完好住走满一]")
_NEVER_ENDS = re.compile(rf"(?:[的把被在是还就又也没不很太快有着到往向]|{_MAY_BEGIN.pattern})$")
_SHORTEST, _SHORTEST_SPLIT, _SURELY_LONG = 5, 12, 18

_TITLE, _TITLE_TIMES = 12, 2.2

# Only connects or counts; belongs to the clause after it.
_ONLY_CONNECTS = re.compile(
    r"对了|另|再|第[一二三四](?:件事?|个|点)?|其[一二三四]|问题[一二三四]|顺便[说提问][一两]?[句下]?|头一[件个]事?|还有|还有就是|同时|其次|首先|最后|[一二三]来|再一个|再说一个|再说|"
    r"另外一?个?|就是|那个|然后|我|[1-9一二三四五]"
)
_SETTING = re.compile(
    r"^(?:另外|还有|对了|你好|您好)?[，,]?(?:(?:我|俺|本人|我们|咱们?|我家|我妈|我爸|老太太我|老汉我)家?"
    r"(?:是(?!说)|就是(?!说)|住|家住|在|家在|每天|天天|坐|开|买|七|八|今年|也不会|有个|有一个|上有|的?电话|联系|地址|姓)|"
    r"(?:联系)?电话|手机|地址|位置|时间|地点|姓名|家里有[个老小孩病]|"
    r"(?:孩子|小孩|老人|老婆|我妈|我爸|母亲|父亲|女儿|儿子)(?!.{0,6}(?:摔|掉|咬)))"
)
_WISH_OR_HISTORY = re.compile(
    r"(?:投诉|反映|举报|报修|打电话|催|说|找).{0,3}(?:遍|次|回)了?|^.{0,4}(?:请|希望|恳请|恳求|求|盼|望|麻烦|建议(?!.{0,3}增)|能不能|能否|可不可以|可以|告诉|要求|赶紧|尽快|给个|派人|"
    r"什么时候能|多久|怎么办|快点)|答复|回复|说法|处理结果|赔偿|打了.{0,4}电话|打过|报修[了过]|说过|反映过|投诉过|找过|问过|"
    r"问了|找了|没人理|推诿|不接|谁负责|找谁|归谁|有没有人管"
)
_CLEARLY_WISH = re.compile(r"希望|要求|诉求|建议|赔|打.{0,3}电话|反映过|投诉过")
_DENIED = re.compile(r"^(?:不光|不止|不只)?.{0,2}不是.{1,8}(?:的事|问题)$")
_ANNOUNCES = re.compile(
    r"(?:两|几|三|俩|些|个|以下|如下|下列|一下|忘了|说|讲|提|问).{0,4}(?:问题|事|情况|方面|讲|说|转一下|：)|[两几三]点(?:建议|意见|$)|"
    r"^我?再?(?:说|反映|投诉|举报|提)(?:一个|一下|两个|下|个)?(?:事|问题|情况)?[吧哈]?$|^[一二三四五1-9]$"
)
_SCOLDS = re.compile(
    r"(?:物业|你们|他们|这帮|政府|社区|街道).{0,8}(?:收钱|不作为|太差|真是|差劲|没用|垃圾|不是东西|要啥没啥|管不管|干什么吃|"
    r"吃干饭|摆设|推诿|推来推去)"
)
# How bad all is, and nothing else: '吵死人了'; and what is felt where no thing is named: '剩我一个人掉眼泪'.
_HOW_BAD = re.compile(
    r"(?:真是?|简直|都|快|要|把?(?:我们?|俺们?|咱)(?:家|一家)?|人)*(?:吵|臭|熏|冻|热|烦|气|急|呛|憋|愁)(?:死|坏|疯)"
    r"(?:个?人|我们?|俺们?|咱)?[了啦啊呀]*|"
    r"(?:三天两头|天天|老是?|总是?|一直|年年|每次|回回|又)(?:都|是)*(?:这样|这么着|如此|这个样)子?[了啊的]*"
)
_FEELS = re.compile(r"想死|死的心|不想活|活不下去|(?:掉|流|抹|淌).{0,2}(?:眼泪|泪)|想哭|委屈|寒心|心寒|要疯|崩溃")
_THING = re.compile(r"电梯|灯|暖气|费|水|门|车|树|墙|垃圾(?!物业)")
# The clause goes on with what was said before it.
_FOLLOWS = re.compile(
    r"^(?:而且|并且|也|还|又|就|都)?(?:把|将(?!近)|导致|造成|害得|使得|弄得|搞得|堵得|吵得|熏得|呛得|臭得|所以|因此|因为|由于|原因|"
    r"结果|以致|但是|但|可是|却|然而|不过(?!另)|只有|要不|要不然|否则)|^(?:都|已经|反而)|"
    r"^[还又](?!有|想|要|得|是|反映|举报|投诉|发现|说|问)"
)
_FOLLOWS_WITH_CONNECTOR = re.compile(
    r"而且(?:还|越|都|也|把|是|很|非常|特别)|^(?:而且|并且|还)?[它他她]?的?(?:里面|里头|里边)"
)
# '邻居家也没有': the same trouble at others', said of them alone.
_OTHERS_TOO = re.compile(
    r"^(?:.{0,4}(?:邻居|隔壁|对门|别人|人家|楼上|楼下|我们|俺们|咱们|我家|大家|几家|几户|别的|其他|整[栋个]|全楼|前后)|"
    r".{1,6}(?:家|户|楼|单元|小区))[^，]{0,3}[也都](?:没有?|一样|这样|那样|是|如此|不行|不成)[了的啊呢]*$"
)
# A bin is broken or missing, and the rubbish lies beside it.
_BIN, _SPILLS = (
    re.compile(r"(?:垃圾|果皮|分类|绿)(?:桶|箱)|垃圾亭"),
    re.compile(r"^(?:那?些|弄得)?(?:生活)?垃圾[全都就只]*(?:能|好|是)?(?:堆|扔|撒|溢|掉|漏|落|没处|没地方|往外|摆|丢)"),
)
_BREAKS, _CUT_OFF = (
    re.compile(r"断|爆|挖|停电|坏|裂"),
    re.compile(r"停[水气暖电了]|没有?[水气暖电]|上不来"),
)
CONSEQUENCE = re.compile(
    r"^[也还又都]?(?:让|使|令|连|根本|只能|只好|一直|天天|经常|越|直接|完全|影响)|受不了|睡不着|没法[住睡过走活休]|不敢|进不来|"
    r"出不去|进不去|过不去|走不了|怕|担心|危险|摔|受伤|生病|感冒|失眠|崩溃|安全隐患|万一|怀疑|严重"
)
PEOPLE_AND_TIMES = re.compile(
    r"^[还也又都]?(?:[他她它这那每一昨今前上到从我俺人车谁]|现在|老人|孩子|小孩|家里|大家|业主|居民|晚上|白天|夏天|冬天)"
)
ELSEWHERE = re.compile(
    r"^.{0,3}(?:楼[上下道顶前后]|小区|门口|路边|路口|旁边|对面|[前后][面边]|院|车库|马路|邻居|隔壁|[东西南北][边门]|[外里下上]面|"
    r"单元|附近|那边|这边|家里|[0-9一二三四五六七八九]号|[一二三四五六]楼)"
)
ALSO = re.compile(r"[也又都还竟更]")
SENTENCE_END = re.compile(r"[。！？!?；;\n]")
TELLS_OF_PROBLEMS = re.compile(r"两个|两件|俩|几个|三个|三件|以下|两点|几点|问题|反映|投诉|说|事")
# '有两个问题', '说三件事', at the beginning of a message.
_SEVERAL = re.compile(
    r"(?<![晨晚夜午上早到十])(?:[两几三四俩仨2345])(?:大)?(?:个|件|样|点)(?:小)?(?:问题|事|情况|毛病|方面|意见)?$|"
    r"(?:[两几三四俩仨2345])(?:大)?(?:个|件|样|点)?(?:小)?(?:问题|事|情况|毛病|方面)|以下|如下|下列"
)
_PARALLEL_PLACES, _PARALLEL_FIRST = frozenset("楼边门面里号区道"), frozenset("楼路一二三")


def announces_several(clauses: Sequence[Clause]) -> bool:
    """Whether the first clauses say that several problems follow."""
    return any(
        _SEVERAL.search(clause.text) and not _CLEARLY_WRONG.search(clause.text) and len(clause.text) < 14
        for clause in clauses[:3]
    )


def names_trouble(text: str) -> bool:
    """Whether the words say that something is wrong."""
    return bool(WRONG.search(text)) or any(pattern.search(text) for _, pattern in TOPICS)


def tells(clause: Clause, sure: float, *, own: bool) -> bool:
    """Whether the clause tells of a problem, not of who writes, what is wished, what was done, or how bad all is.

    `sure` is how sure the model is of the clause alone; `own` whether of a problem that the city's units mend.
    """
    text = bare(clause.text)
    topical = any(pattern.search(text) for _, pattern in TOPICS)
    trouble = topical or bool(WRONG.search(text))
    clear = bool(_CLEARLY_WRONG.search(text))
    scolds = bool(_SCOLDS.search(text)) and not _THING.search(text)
    announces = bool(_ANNOUNCES.search(text)) and not clear and not topical
    feels = bool(_HOW_BAD.fullmatch(text) or (_FEELS.search(text) and not topical))
    if clause.background or scolds or announces or feels or _DENIED.match(text):
        return False
    setting = bool(_SETTING.match(text)) and not clear
    if setting or (_WISH_OR_HISTORY.search(text) and not trouble):
        return own and sure >= 0.9 and len(text) > 5 and not _CLEARLY_WISH.search(text)
    return trouble or sure >= 0.45


def is_title(clauses: Sequence[Clause]) -> bool:
    """Whether the first clause only names what the rest tells of: a line much shorter, a place and a blank."""
    if len(clauses) < 2:
        return False
    first, second = clauses[0], clauses[1]
    if not first.end.isspace():
        return False
    line = "\n" in first.end and len(first.text) <= _TITLE and len(second.text) > _TITLE_TIMES * len(first.text)
    return line or not names_trouble(first.text)


def follows(clauses: list[Clause], start: int, cut: int, *, turned: bool) -> bool:
    """Whether the clause at `cut` says of itself that it belongs to what was told from `start` on."""
    clause = clauses[cut]
    core = bare(clause.text)
    if _FOLLOWS.match(core) or _FOLLOWS_WITH_CONNECTOR.match(clause.text) or _OTHERS_TOO.match(core):
        return True
    if not turned and _SPILLS.match(core) and any(_BIN.search(one.text) for one in clauses[start:cut]):
        return True
    broken = any(_BREAKS.search(one.text) for one in clauses[start:cut])
    another = "也" in core and "上不来" not in core
    return bool(not turned and broken and not another and len(core) < 14 and _CUT_OFF.search(core))


def parallel(core: str, before: list[str]) -> bool:
    """Whether the clause is built like one before it: 一楼…二楼…, 有人…有人…, 西边…东边…"""
    return len(core) > 1 and any(
        len(one) > 1
        and (
            one[:2] == core[:2]
            or (one[1] == core[1] and one[1] in _PARALLEL_PLACES)
            or (one[0] == core[0] and one[0] in _PARALLEL_FIRST)
        )
        for one in before
    )


def merged(clauses: list[Clause]) -> list[Clause]:
    """The clauses, those that only connect or count put to the clause after them."""
    found: list[Clause] = []
    for clause in clauses:
        last = found[-1] if found else None
        if last and not last.background and _leads_on(last):
            found[-1] = Clause(last.whole + clause.text, clause.end, background=clause.background)
        else:
            found.append(clause)
    return found


def _leads_on(clause: Clause) -> bool:
    core = bare(clause.text)
    if _ONLY_CONNECTS.fullmatch(clause.text) or _ONLY_CONNECTS.fullmatch(core):
        return True
    return not clause.end and len(core) < 7 and not WRONG.search(core)


def listed(clause: Clause) -> list[Clause]:
    """'路口积水、路灯不亮' as its troubles; any other clause whole."""
    items = clause.text.split("、")
    troubles = len(items) > 1 and not NUMBERED.match(clause.text)
    if not troubles or not all(len(item) >= 3 and names_trouble(item) for item in items):
        return [clause]
    ends = ["、"] * (len(items) - 1) + [clause.end]
    return [Clause(item, end, background=clause.background) for item, end in zip(items, ends, strict=True)]


def unmarked_cuts(text: str) -> list[tuple[int, float]]:
    """Where in an unpunctuated clause another could begin, with how much it looks like a beginning."""
    happens = [hit.start() for hit in _HAPPENS.finditer(text)]
    first, last = _SHORTEST, len(text) - _SHORTEST
    if len(text) < _SURELY_LONG:
        if len(text) < _SHORTEST_SPLIT or len(happens) < 2:
            return []
        first, last = max(first, happens[0] + 1), min(last, happens[-1])
    found = []
    happens += [hit.start() for _, pattern in TOPICS for hit in pattern.finditer(text)]
    first, last = max(first, min(happens, default=last) + 1), min(last, max(happens, default=first))
    for at in range(first, last + 1):
        begins, ends = _MAY_BEGIN.match(text, at), _MAY_END.search(text[:at])
        if not (begins or ends) or _NEVER_BEGINS.match(text, at) or _NEVER_ENDS.search(text[:at]):
            continue
        found.append((at, (1.6 if begins else 1.0) * (1.5 if ends else 1.0)))
    return found
