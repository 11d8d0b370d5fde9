"""The words clerks and senders read, by state and by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integrations.demo_dispatch.casework import (
    DateRefused,
    Event,
    IllegalMove,
    MoveRefused,
    Outdated,
    SamePerson,
    State,
    TextRefused,
    Unchecked,
    UpdateKind,
)
from integrations.demo_dispatch.clock import CITY_TIME
from integrations.demo_dispatch.pictures import LARGEST_BYTES, MOST, PictureRefused

STATE_NAMES: Mapping[State, str] = {
    State.RECEIVED: "待签收",
    State.ACCEPTED: "已签收",
    State.ASSIGNED: "处理中",
    State.ANSWERED: "已答复",
    State.CLOSED: "已办结",
    State.RECHECKING: "待复核",
    State.RETURNED: "已退回",
}

SERVICE_NOTICES: Mapping[State, str] = {
    State.RECEIVED: "已收到，将在工作时间内签收。",
    State.ACCEPTED: "已签收，正在安排班组。",
    State.ASSIGNED: "已派给班组处理。",
    State.ANSWERED: "已有答复，尚未办结。",
    State.CLOSED: "已办结。",
    State.RECHECKING: "来件人要求复核，正由另一名工作人员核查。",
    State.RETURNED: "已退回，等待改派。",
}

UPDATE_NAMES: Mapping[UpdateKind, str] = {
    UpdateKind.URGE: "市民催办",
    UpdateKind.SUPPLEMENT: "市民补充",
    UpdateKind.WITHDRAW: "市民撤诉",
    UpdateKind.RECHECK: "市民要求复核",
}

CHECK_NAMES: Mapping[str, str] = {
    # 三核实一告知
    "matter": "核实诉求事项",
    "work": "核实办理情况",
    "opinion": "核实群众意见",
    "told": "告知核查结果",
    # 六有结案
    "registered": "有登记",
    "dispatched": "有派单",
    "worked": "有办理",
    "answered": "有反馈",
    "called_back": "有回访",
    "archived": "有归档",
}

SOLVED_NAMES: Mapping[bool, str] = {True: "问题确已解决，维持办结", False: "问题没有解决，重新办理"}


@dataclass(frozen=True, slots=True)
class StepWords:
    """``field`` labels the text the step needs, None where it needs none."""

    name: str
    button: str
    done: str
    field: str | None = None
    hint: str = ""


STEPS: Mapping[Event, StepWords] = {
    Event.ACCEPTED: StepWords("签收", "签收工单", "已签收"),
    Event.ASSIGNED: StepWords("派给班组", "派出", "已派给班组", "班组名称", "例如：照明设施维护二班"),
    Event.CO_ASSIGNED: StepWords("增加协办单位", "请求协办", "已请协办单位参与", "协办单位", "主办班组不变"),
    Event.EXTENDED: StepWords("延期", "确认延期", "已延期", "延期原因", "为什么不能按时办完，市民会看到这段话"),
    Event.ANSWERED: StepWords("答复", "提交答复", "已答复", "答复内容", "处理到哪一步了，市民会看到这段话"),
    Event.CLOSED: StepWords("办结", "确认办结", "已办结", "办理结果", "做了什么、何时完成，市民会看到这段话"),
    Event.RECHECKED: StepWords(
        "复核", "提交复核结论", "复核结论已提交", "复核结论", "核查了什么、结果如何，市民会看到"
    ),
    Event.RETURNED: StepWords("退回", "确认退回", "已退回", "退回原因", "为什么办不了，应该派给谁，市民会看到这段话"),
}

OUTDATED = "这张工单刚刚有了新的进展，请看过最新记录再操作。"


def refusal_words(refusal: MoveRefused) -> str:
    """Why nothing was done, for the clerk."""
    match refusal:
        case IllegalMove(state=state, to=to):
            return f"工单现在是“{STATE_NAMES[state]}”，不能{STEPS[to].name}，什么也没有改动。"
        case TextRefused(field="clerk", longest=None):
            return "请选择由谁复核。"
        case TextRefused(field="solved"):
            return "请选择复核结论：问题是否确已解决。"
        case TextRefused(to=to, longest=None):
            return f"请填写{STEPS[to].field}。"
        case TextRefused(to=to, longest=longest):
            return f"{STEPS[to].field}太长了，最多 {longest} 个字。"
        case DateRefused(after=None):
            return "请选择新的办理期限，最多延后 90 天。"
        case DateRefused(after=datetime() as after):
            return f"新的办理期限要晚于 {after.astimezone(CITY_TIME):%Y-%m-%d %H:%M}。"
        case SamePerson(clerk=clerk):
            return f"这张工单由{clerk}办结，复核要换一名工作人员。"
        case Unchecked(missing=missing):
            return f"还有没核实的：{'、'.join(CHECK_NAMES[one] for one in missing)}。"
        case PictureRefused():
            return _picture_words(refusal)
        case Outdated():
            return OUTDATED
        case _:
            raise AssertionError(f"no words for {type(refusal).__name__}")


def _picture_words(refusal: PictureRefused) -> str:
    match refusal.reason:
        case "many":
            return f"一次最多 {MOST} 张照片，请去掉几张再提交。"
        case "large":
            return f"照片“{refusal.name}”太大了，每张最多 {LARGEST_BYTES // 1024 // 1024} MB。"
        case _:
            return f"“{refusal.name}”打不开，请换成 JPG、PNG 或 WebP 格式的照片。"
