"""The door through which Rasa calls: who may, and what is answered when something is away."""

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from actions.server import STEPS, create_app
from integrations.services.errors import Conflict, NeedsPerson, Rejected, TryLater
from integrations.services.intake import Heard
from integrations.services.locating import Locating
from integrations.services.speech import Speech
from kb.report import Ask, Draft
from tests.actions.conftest import message, tracker_dict

TOKEN = "the parts' token"


class Away:
    """An intake whose store is away, or broken, as the test says."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def hear(self, *_told: object) -> Heard:
        raise self.error

    def submit(self, *_told: object) -> None:
        raise self.error


class Simple:
    """An intake that keeps what it hears and asks where."""

    def hear(self, draft: Draft, _asked: object, said: Any) -> Heard:
        return Heard(draft.told(said.text))

    def category(self, _draft: Draft) -> None: ...

    def issue(self, _issue: str | None) -> None: ...

    def duty(self, _draft: Draft) -> None: ...

    def next_question(self, _draft: Draft) -> Ask:
        return Ask.PLACE


def server(knowledge: dict[str, Any], intake: object) -> TestClient:
    services = SimpleNamespace(
        settings=SimpleNamespace(secrets={"internal_token": TOKEN}),
        speech=Speech(knowledge["words"], knowledge["taxonomy"]),
        locating=Locating(places=knowledge["places"]),
        intake=intake,
        answering=SimpleNamespace(surely=lambda _text: None),
        filing=intake,
    )
    return TestClient(create_app(services), raise_server_exceptions=False)  # type: ignore[arg-type]


def call(action: str = "validate_report_form", slots: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "next_action": action,
        "sender_id": "web:v1",
        "tracker": tracker_dict(message("路灯坏了"), slots),
        "domain": {},
        "version": "3.6.21",
    }


def post(client: TestClient, body: Any, token: str | None = TOKEN) -> Any:
    return client.post("/webhook", params={"token": token} if token is not None else {}, json=body)


def test_a_step_is_taken_and_answered_with_its_bubbles_and_events(knowledge: dict[str, Any]) -> None:
    answer = post(server(knowledge, Simple()), call())
    assert answer.status_code == 200
    body = answer.json()
    assert [one["custom"]["text"] for one in body["responses"]] == [knowledge["words"].say("report.ask_place")]
    slots = {one["name"]: one["value"] for one in body["events"]}
    assert slots["requested_slot"] == "report_place"
    assert slots["report_draft"]["description"] == "路灯坏了"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + " ", "口令"])
def test_who_does_not_know_the_token_is_turned_away(knowledge: dict[str, Any], token: str | None) -> None:
    answer = post(server(knowledge, Simple()), call(), token)
    assert answer.status_code == 403
    assert "responses" not in answer.json()


def test_an_unknown_action_is_named(knowledge: dict[str, Any]) -> None:
    answer = post(server(knowledge, Simple()), call("action_of_last_year"))
    assert answer.status_code == 404
    assert answer.json()["action_name"] == "action_of_last_year"


@pytest.mark.parametrize("error", [TryLater("away"), Rejected("no"), NeedsPerson("odd"), Conflict("twice")])
@pytest.mark.parametrize(
    ("action", "slots"),
    [
        ("validate_report_form", {}),
        ("action_submit_report", {"report_draft": {"id": "d1", "description": "路灯坏了", "category": "410102"}}),
    ],
)
def test_a_failing_store_is_answered_with_words_and_nothing_is_remembered(
    knowledge: dict[str, Any], error: Exception, action: str, slots: dict[str, Any]
) -> None:
    answer = post(server(knowledge, Away(error)), call(action, slots))
    assert answer.status_code == 200
    body = answer.json()
    assert body["events"] == []
    (said,) = body["responses"]
    assert said["custom"]["text"] == knowledge["words"].say("repair.sorry")
    assert str(error) not in answer.text


def test_a_fault_of_the_program_is_not_hidden_behind_kind_words(knowledge: dict[str, Any]) -> None:
    assert post(server(knowledge, Away(RuntimeError("a fault"))), call()).status_code == 500


def test_health_says_how_many_steps_there_are(knowledge: dict[str, Any]) -> None:
    answer = server(knowledge, Simple()).get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "actions": len(STEPS)})


def test_nothing_else_is_served(knowledge: dict[str, Any]) -> None:
    client = server(knowledge, Simple())
    assert [client.get(path).status_code for path in ("/", "/docs", "/openapi.json", "/actions")] == [404] * 4
