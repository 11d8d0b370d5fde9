"""The words clerks and senders read, by state and by step."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.demo_dispatch.casework import (
    IllegalMove,
    MoveRefused,
    Outdated,
    State,
    TextRefused,
)

STATE_NAMES: Mapping[State, str] = {
    State.RECEIVED: "待签收",
    State.ACCEPTED: "已签收",
    State.ASSIGNED: "处理中",
    State.ANSWERED: "已答复",
    State.CLOSED: "已办结",
    State.RETURNED: "已退回",
}

SERVICE_NOTICES: Mapping[State, str] = {
    State.RECEIVED: "已收到，将在工作时间内签收。",
    State.ACCEPTED: "已签收，正在安排班组。",
    State.ASSIGNED: "已派给班组处理。",
    State.ANSWERED: "已有答复，尚未办结。",
    State.CLOSED: "已办结。",
    State.RETURNED: "已退回，请按退回原因另行转办。",
}


@dataclass(frozen=True, slots=True)
class StepWords:
    """``field`` labels the text the step needs, None where it needs none."""

    name: str
    button: str
    done: str
    field: str | None = None
    hint: str = ""


STEPS: Mapping[State, StepWords] = {
    State.ACCEPTED: StepWords("签收", "签收工单", "已签收"),
    State.ASSIGNED: StepWords("派给班组", "派出", "已派给班组", "班组名称", "例如：照明设施维护二班"),
    State.ANSWERED: StepWords("答复", "提交答复", "已答复", "答复内容", "处理到哪一步了，市民会看到这段话"),
    State.CLOSED: StepWords("办结", "确认办结", "已办结", "办理结果", "做了什么、何时完成，市民会看到这段话"),
    State.RETURNED: StepWords("退回", "确认退回", "已退回来件单位", "退回原因", "为什么不归本部门办理，应转给谁"),
}

OUTDATED = "这张工单刚刚有了新的进展，请看过最新记录再操作。"


def refusal_words(refusal: MoveRefused) -> str:
    """Why nothing was done, for the clerk."""
    match refusal:
        case IllegalMove(state=state, to=to):
            return f"工单现在是“{STATE_NAMES[state]}”，不能{STEPS[to].name}，什么也没有改动。"
        case TextRefused(to=to, longest=None):
            return f"请填写{STEPS[to].field}。"
        case TextRefused(to=to, longest=longest):
            return f"{STEPS[to].field}太长了，最多 {longest} 个字。"
        case Outdated():
            return OUTDATED
        case _:
            raise AssertionError(f"no words for {type(refusal).__name__}")
