"""The staff API: who may, what is shown, what is refused, and a whole talk through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.services.staff_access import Scope
from integrations.web import staff
from kb.handover.states import Reason
from tests.builders import conversation, filed
from tests.fakes import FakeClock, FakeListener
from tests.services.desk_work import PHONE
from tests.web.conftest import Browser, is_chinese, problem

HANDOVERS, CALLS = "/api/staff/handovers", "/api/staff/call-backs"


@dataclass
class Clerk:
    """One clerk's program."""

    client: TestClient
    token: str
    sent: int = 0

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.client.get(path, params=query, headers=self.headers)  # type: ignore[arg-type]

    def post(self, path: str, **body: object) -> httpx.Response:
        return self.client.post(path, json=body, headers=self.headers)

    def say(self, number: int, text: str, key: str | None = None) -> httpx.Response:
        self.sent += 1
        return self.post(f"{HANDOVERS}/{number}/messages", id=key or f"said-{self.sent:05}", text=text)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def new_clerk(app: FastAPI, services: Services) -> Callable[..., Clerk]:
    def make(name: str = "王芳", *may: Scope) -> Clerk:
        token = services.staff_access.issue(name, may=may or tuple(Scope))
        return Clerk(TestClient(app, raise_server_exceptions=False), token)

    return make


@pytest.fixture
def clerk(new_clerk: Callable[..., Clerk]) -> Clerk:
    return new_clerk()


def waiting(services: Services, address: str = "citizen-1") -> int:
    mine = conversation(services, address)
    services.handing_over.ask(mine.id, {"said": "转人工"})
    with services.unit_of_work() as tx:
        found = tx.handovers.open_of(mine.id)
    assert found is not None
    return found.id


# -- who may -------------------------------------------------------------------------------------------------------

DOORS = [
    ("GET", "/api/staff/me"),
    ("GET", HANDOVERS),
    ("GET", f"{HANDOVERS}/1"),
    ("GET", f"{HANDOVERS}/1/media/ab12"),
    *(("POST", f"{HANDOVERS}/1/{act}") for act in ("take", "renew", "messages", "notes")),
    *(("POST", f"{HANDOVERS}/1/{act}") for act in ("give-back", "end", "call-back")),
    ("GET", CALLS),
    ("POST", f"{CALLS}/1/take"),
    ("POST", f"{CALLS}/1/outcome"),
]


@pytest.mark.parametrize(("method", "path"), DOORS)
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer jst.a.b.c"])
def test_without_a_good_token_every_door_is_closed(app: FastAPI, method: str, path: str, header: str) -> None:
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.request(method, path, headers={"Authorization": header} if header else {}, content=b"{}")
    error = problem(answer, 401)
    assert error["code"] == "no_token" and is_chinese(error["message"])
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_citizens_cookie_opens_no_door_of_staff(browser: Browser) -> None:
    assert browser.client.get(HANDOVERS).status_code == 401


def test_a_token_is_good_only_for_what_it_says(services: Services, new_clerk: Callable[..., Clerk]) -> None:
    caller, talker = new_clerk("李强", Scope.CALL_BACKS), new_clerk("王芳", Scope.HANDOVERS)
    number = waiting(services)
    assert problem(caller.get(HANDOVERS), 403)["code"] == "not_allowed"
    assert problem(caller.post(f"{HANDOVERS}/{number}/take"), 403)["code"] == "not_allowed"
    assert problem(talker.get(CALLS), 403)["code"] == "not_allowed"
    assert caller.get(CALLS).json() == [] and talker.get(HANDOVERS).status_code == 200
    assert caller.get("/api/staff/me").json() == {"name": "李强", "may": ["call_backs"]}


def test_guessing_tokens_is_slowed_down_and_a_good_one_from_there_still_works(app: FastAPI, clerk: Clerk) -> None:
    stranger = TestClient(app, raise_server_exceptions=False)
    codes = [stranger.get(HANDOVERS, headers={"Authorization": "Bearer x"}).status_code for _ in range(25)]
    assert codes == [401] * staff.WRONG_A_MINUTE + [429] * (25 - staff.WRONG_A_MINUTE)
    assert clerk.get(HANDOVERS).status_code == 200


def test_a_program_that_runs_wild_is_slowed_down_and_the_other_clerks_are_not(
    clerk: Clerk, new_clerk: Callable[..., Clerk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff, "CALLS_A_MINUTE", 5)
    codes = [clerk.get(HANDOVERS).status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2
    assert new_clerk("李强").get(HANDOVERS).status_code == 200


def test_a_revoked_token_is_closed_at_once(services: Services, clerk: Clerk) -> None:
    assert clerk.get(HANDOVERS).status_code == 200
    services.staff_access.revoke(clerk.token.split(".")[1])
    assert clerk.get(HANDOVERS).status_code == 401


def test_nothing_of_an_answer_is_kept_on_the_way(services: Services, clerk: Clerk) -> None:
    number = waiting(services)
    clerk.post(f"{HANDOVERS}/{number}/take")
    assert clerk.get(f"{HANDOVERS}/{number}").headers["cache-control"] == "no-store"


# -- a whole talk --------------------------------------------------------------------------------------------------


def test_a_talk_from_asking_to_giving_back(
    services: Services, browser: Browser, clerk: Clerk, listener: FakeListener
) -> None:
    browser.say("路灯坏了")
    mine = services.conversing.open("web", _address(services, browser))
    services.handing_over.ask(mine.id, {"said": "转人工"}, reason=Reason.ASKED)
    (row,) = clerk.get(HANDOVERS).json()
    assert (row["state"], row["ahead"], row["channel"]) == ("waiting", 0, "web")
    number = row["number"]

    taken = clerk.post(f"{HANDOVERS}/{number}/take").json()
    assert (taken["state"], taken["taken_by"]) == ("taken", "王芳")
    heard = len(listener.said)
    said = browser.post(text=f"我在合肥路，电话{PHONE}").json()
    assert said["state"] == "answered" and [one["from"] for one in said["messages"]] == ["citizen"]
    assert len(listener.said) == heard
    view = clerk.get(f"{HANDOVERS}/{number}").json()
    assert view["lines"][-1]["text"] == f"我在合肥路，电话{PHONE}"
    assert not view["more"] and view["handover"]["lease_until"]

    assert clerk.say(number, "请问几号楼？", "said-00001").json() == {"again": False}
    assert clerk.say(number, "请问几号楼？", "said-00001").json() == {"again": True}
    assert browser.messages()[-1]["text"] == "请问几号楼？"
    later = clerk.get(f"{HANDOVERS}/{number}", after=view["lines"][-1]["seq"]).json()
    assert [one["sender"] for one in later["lines"]] == ["staff"]
    assert clerk.post(f"{HANDOVERS}/{number}/notes", id="note-00001", text="老人").json() == {"again": False}
    assert clerk.get(f"{HANDOVERS}/{number}").json()["notes"][0]["text"] == "老人"

    assert clerk.post(f"{HANDOVERS}/{number}/give-back").json()["state"] == "given_back"
    assert clerk.post(f"{HANDOVERS}/{number}/give-back").json()["state"] == "given_back"
    assert browser.messages()[-1]["text"] == services.speech.words.say("handover.given_back")
    browser.say("谢谢")
    assert listener.texts[-1] == "谢谢"
    assert problem(clerk.get(f"{HANDOVERS}/{number}"), 409)["code"] == "over"


def _address(services: Services, browser: Browser) -> str:
    from integrations.web.sessions import COOKIE

    return str(browser.client.cookies[COOKIE]).partition(".")[0]


def test_the_second_of_two_clerks_is_told_and_sees_nothing(
    services: Services, clerk: Clerk, new_clerk: Callable[..., Clerk]
) -> None:
    number, other = waiting(services), new_clerk("李强")
    clerk.post(f"{HANDOVERS}/{number}/take")
    error = problem(other.post(f"{HANDOVERS}/{number}/take"), 409)
    assert error["code"] == "taken" and is_chinese(error["message"])
    assert problem(other.get(f"{HANDOVERS}/{number}"), 409)["code"] == "taken"
    assert problem(other.say(number, "您好"), 409)["code"] == "taken"
    assert other.get(HANDOVERS).json()[0]["taken_by"] == "王芳"


def test_who_has_not_taken_it_reads_nothing(services: Services, clerk: Clerk) -> None:
    number = waiting(services)
    assert problem(clerk.get(f"{HANDOVERS}/{number}"), 409)["code"] == "not_taken"
    assert problem(clerk.get(f"{HANDOVERS}/99"), 404)["code"] == "unknown"


def test_a_clerk_who_was_silent_for_too_long_has_lost_it(services: Services, clerk: Clerk, clock: FakeClock) -> None:
    number = waiting(services)
    clerk.post(f"{HANDOVERS}/{number}/take")
    clock.move(seconds=200)
    assert clerk.post(f"{HANDOVERS}/{number}/renew").status_code == 200
    clock.move(seconds=301)
    assert problem(clerk.say(number, "还在吗"), 409)["code"] == "not_taken"
    assert clerk.get(HANDOVERS).json()[0]["interrupted"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "short", "text": "您好"},
        {"id": "with blank 1", "text": "您好"},
        {"id": "said-00001"},
        {"id": "said-00001", "text": None},
        {"id": "said-00001", "text": "您好", "more": 1},
        [],
    ],
)
def test_what_is_no_message_is_refused(services: Services, clerk: Clerk, body: Any) -> None:
    number = waiting(services)
    clerk.post(f"{HANDOVERS}/{number}/take")
    answer = clerk.client.post(f"{HANDOVERS}/{number}/messages", json=body, headers=clerk.headers)
    assert answer.status_code == 422


@pytest.mark.parametrize(("text", "code"), [(" ", "empty"), ("长" * 1001, "too_long")])
def test_an_empty_or_endless_sentence_is_refused_in_words(
    services: Services, clerk: Clerk, text: str, code: str
) -> None:
    number = waiting(services)
    clerk.post(f"{HANDOVERS}/{number}/take")
    assert problem(clerk.say(number, text), 422)["code"] == code


@pytest.mark.parametrize("number", ["0", "-1", "x", str(10**20)])
def test_a_number_that_cannot_be_is_refused(clerk: Clerk, number: str) -> None:
    assert clerk.get(f"{HANDOVERS}/{number}").status_code in (404, 422)
    assert clerk.post(f"{HANDOVERS}/{number}/take").status_code in (404, 422)


# -- calls ---------------------------------------------------------------------------------------------------------


def test_a_call_from_the_chat_to_its_tick(services: Services, clerk: Clerk, new_clerk: Callable[..., Clerk]) -> None:
    number = waiting(services)
    clerk.post(f"{HANDOVERS}/{number}/take")
    assert problem(clerk.post(f"{HANDOVERS}/{number}/call-back"), 422)["code"] == "no_phone"
    assert problem(clerk.post(f"{HANDOVERS}/{number}/call-back", phone=PHONE, wanted="半夜三点"), 422)["code"]
    made = clerk.post(f"{HANDOVERS}/{number}/call-back", phone=PHONE, wanted="今天下午")
    assert made.status_code == 200, made.text

    (call,) = clerk.get(CALLS).json()
    assert call["shown"] == "138****5678" and PHONE not in clerk.get(CALLS).text
    taken = clerk.post(f"{CALLS}/{call['number']}/take").json()
    assert taken["phone"] == PHONE
    assert problem(new_clerk("李强").post(f"{CALLS}/{call['number']}/take"), 409)["code"] == "taken"
    done = clerk.post(f"{CALLS}/{call['number']}/outcome", reached=True, note="说清楚了").json()
    assert (done["state"], done["done_by"]) == ("reached", "王芳")
    assert clerk.get(CALLS).json() == [] and len(clerk.get(CALLS, over=True).json()) == 1


def test_what_a_clerk_is_shown_of_a_report_has_the_phone_and_the_list_has_not(services: Services, clerk: Clerk) -> None:
    filed(services, phone=PHONE)
    mine = conversation(services)
    draft = {"id": "d", "description": "路灯坏了", "phone": PHONE, "contact": "phone"}
    services.handing_over.ask(mine.id, {"draft": draft})
    (row,) = clerk.get(HANDOVERS).json()
    assert "路灯坏了" not in str(row)
    clerk.post(f"{HANDOVERS}/{row['number']}/take")
    view = clerk.get(f"{HANDOVERS}/{row['number']}").json()
    assert view["filled"]["description"] == "路灯坏了"
    assert len(view["tickets"]) == 1


def test_the_document_describes_every_door_with_words(app: FastAPI) -> None:
    paths = TestClient(app).get("/api/openapi.json").json()["paths"]
    ours = {path: on for path, on in paths.items() if path.startswith("/api/staff")}
    doors = {f"{method.upper()} {path}": one for path, on in ours.items() for method, one in on.items()}
    assert len(doors) == 14
    assert all(one["summary"] and len(one["description"]) > 30 for one in doors.values())
