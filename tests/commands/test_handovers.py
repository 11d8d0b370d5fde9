"""`jiesu handovers` and `jiesu staff`: what clerks see and do at a terminal, and what they never see."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.handover_errors import Refused
from integrations.services.records import Said
from tests.builders import conversation, notices
from tests.commands.test_jiesu import Jiesu
from tests.commands.test_jiesu import jiesu as jiesu

PHONE = "13812345678"
BY = ("--by", "王芳")


@pytest.fixture
def number(services: Services) -> str:
    mine = conversation(services)
    services.conversing.accept(mine.id, "message-1", Said("[bold]我姓王，找人工[/]"))
    services.handing_over.ask(mine.id, {"said": "找人工"})
    return str(services.attending.standing()[0].id)


def test_at_first_nobody_waits(jiesu: Jiesu) -> None:
    assert "nobody waits" in jiesu("handovers", "list").output
    assert "no call is to be made" in jiesu("handovers", "call-backs").output
    assert "no call was made" in jiesu("handovers", "call-backs", "--over").output
    assert "nothing was done" in jiesu("handovers", "acts").output
    assert "there is no token" in jiesu("staff", "list").output


def test_from_taking_to_giving_back(jiesu: Jiesu, services: Services, number: str) -> None:
    listed = jiesu("handovers", "list").output
    assert "waits, 0 ahead" in listed and "我姓王" not in listed
    assert isinstance(jiesu("handovers", "read", number, *BY).exception, Refused)
    assert "taken" in jiesu("handovers", "take", number, *BY).output
    assert isinstance(jiesu("handovers", "take", number, "--by", "李强").exception, Refused)
    assert "[bold]我姓王，找人工[/]" in jiesu("handovers", "read", number, *BY).output
    assert jiesu("handovers", "say", number, "您好，[i]我看到了[/]。", *BY).output.strip() == "sent"
    assert jiesu("handovers", "note", number, "老人", *BY).output.strip() == "noted"
    assert "note by clerk:王芳: 老人" in jiesu("handovers", "read", number, *BY).output
    assert jiesu("handovers", "give-back", number, *BY).exit_code == 0

    assert "您好，[i]我看到了[/]。" in notices(services)
    assert "nobody waits" in jiesu("handovers", "list").output
    trail = jiesu("handovers", "acts", number).output
    assert all(word in trail for word in ("take", "read", "say", "note", "give_back", "clerk:王芳"))
    assert "我姓王" not in trail and "老人" not in trail


def test_ending_it(jiesu: Jiesu, number: str) -> None:
    jiesu("handovers", "take", number, *BY)
    assert jiesu("handovers", "end", number, *BY).output.strip() == "ended"


def test_a_call_from_the_promise_to_the_tick(jiesu: Jiesu, services: Services, number: str) -> None:
    jiesu("handovers", "take", number, *BY)
    assert isinstance(jiesu("handovers", "call-back", number, *BY).exception, Refused)
    assert "is promised" in jiesu("handovers", "call-back", number, *BY, "--phone", PHONE).output
    listed = jiesu("handovers", "call-backs").output
    assert "138****5678" in listed and PHONE not in listed
    (call,) = services.calling_back.to_make()
    assert jiesu("handovers", "number", str(call.id), *BY).output.strip() == PHONE
    assert jiesu("handovers", "called", str(call.id), *BY).exit_code == 2, "reached or not must be said"
    assert "told" in jiesu("handovers", "called", str(call.id), *BY, "--not-reached", "--note", "没人接").output
    assert notices(services)[-1] == services.speech.words.say("handover.not_reached")
    assert "not_reached" in jiesu("handovers", "call-backs", "--over").output


@pytest.mark.parametrize(
    "arguments",
    [("take", "99"), ("read", "99"), ("say", "99", "您好"), ("note", "99", "x"), ("give-back", "99"), ("end", "99"),
     ("call-back", "99"), ("number", "99"), ("called", "99", "--reached")],
)  # fmt: skip
def test_a_number_that_there_is_not_is_said_so(jiesu: Jiesu, arguments: tuple[str, ...]) -> None:
    assert isinstance(jiesu("handovers", *arguments, *BY).exception, Refused)


def test_a_token_is_made_listed_and_revoked(jiesu: Jiesu, services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIESU_SESSION_SECRET", services.settings.secrets["session_secret"])
    token = jiesu("staff", "token", "王芳", "--may", "call_backs", "--days", "7").output.strip()
    clerk = services.staff_access.clerk(token)
    assert clerk is not None and clerk.name == "王芳"
    listed = jiesu("staff", "list").output
    assert "王芳" in listed and "call_backs" in listed and token.split(".")[2] not in listed
    assert "revoked" in jiesu("staff", "revoke", clerk.token_id).output
    assert services.staff_access.clerk(token) is None
    assert isinstance(jiesu("staff", "revoke", clerk.token_id).exception, Rejected)
    assert isinstance(jiesu("staff", "token", "").exception, Rejected)
    assert jiesu("staff", "token", "王芳", "--may", "everything").exit_code == 2
