"""The door through which Rasa calls: who may, and what is answered when something is away."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from actions.server import STEPS, create_app
from integrations.bootstrap import Services
from integrations.services.errors import Conflict, NeedsPerson, Rejected, TryLater
from integrations.services.intake import Heard
from tests.actions.conftest import message, tracker_dict
from tests.conftest import SECRETS

TOKEN = SECRETS["internal_token"]


class Away:
    """An intake whose store is away, or broken, as the test says."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def hear(self, *_told: object) -> Heard:
        raise self.error

    def submit(self, *_told: object) -> None:
        raise self.error


def server(services: Services, error: Exception | None = None) -> TestClient:
    """The action server; with an `error`, over an intake that is away."""
    if error:
        services.__dict__ |= {"intake": Away(error), "filing": Away(error)}
    return TestClient(create_app(services), raise_server_exceptions=False)


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


def test_a_step_is_taken_and_answered_with_its_bubbles_and_events(services: Services) -> None:
    answer = post(server(services), call())
    assert answer.status_code == 200
    body = answer.json()
    assert [one["custom"]["text"] for one in body["responses"]] == [services.speech.words.say("report.ask_place")]
    slots = {one["name"]: one["value"] for one in body["events"]}
    assert slots["requested_slot"] == "report_place"
    assert slots["report_draft"]["description"] == "路灯坏了"


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + " ", "口令"])
def test_who_does_not_know_the_token_is_turned_away(services: Services, token: str | None) -> None:
    answer = post(server(services), call(), token)
    assert answer.status_code == 403
    assert "responses" not in answer.json()


def test_an_unknown_action_is_named(services: Services) -> None:
    answer = post(server(services), call("action_of_last_year"))
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
    services: Services, error: Exception, action: str, slots: dict[str, Any]
) -> None:
    answer = post(server(services, error), call(action, slots))
    assert answer.status_code == 200
    body = answer.json()
    assert body["events"] == []
    (said,) = body["responses"]
    assert said["custom"]["text"] == services.speech.words.say("repair.sorry")
    assert str(error) not in answer.text


def test_a_fault_of_the_program_is_not_hidden_behind_kind_words(services: Services) -> None:
    assert post(server(services, RuntimeError("a fault")), call()).status_code == 500


def test_health_says_how_many_steps_there_are(services: Services) -> None:
    answer = server(services).get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "actions": len(STEPS)})


def test_nothing_else_is_served(services: Services) -> None:
    client = server(services)
    assert [client.get(path).status_code for path in ("/", "/docs", "/openapi.json", "/actions")] == [404] * 4
