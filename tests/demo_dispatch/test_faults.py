"""Backends that let one down, on order."""

import time

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.settings import Settings

from .conftest import KEY, Citizen, serving


def test_an_ordered_status_is_answered_as_often_as_ordered_and_stores_nothing(
    citizen: Citizen,
) -> None:
    citizen.client.post("/_faults", json={"status": 500, "times": 2})
    citizen.client.post("/_faults", json={"status": 429, "retry_after": 2, "times": 1})

    answers = [citizen.post() for _ in range(4)]

    assert [answer.status_code for answer in answers] == [500, 500, 429, 200]
    assert answers[0].json()[0]["code"] == 500
    assert "retry-after" not in answers[0].headers
    assert answers[2].headers["retry-after"] == "2"
    assert len(citizen.numbers()) == 1


def test_a_delayed_request_is_stored_and_answered_late(citizen: Citizen) -> None:
    citizen.client.post("/_faults", json={"delay_seconds": 0.2, "times": 1})
    started = time.monotonic()

    citizen.file()

    assert time.monotonic() - started >= 0.2


def test_a_dropped_answer_leaves_the_request_stored(app: FastAPI) -> None:
    with serving(app) as citizen:
        citizen.client.post("/_faults", json={"drop_answer": 1})

        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            citizen.post()

        assert citizen.numbers() == ["DC-20261121-0001"]
        assert citizen.file() == "DC-20261121-0002"


def test_a_hanging_request_is_never_answered_nor_stored(app: FastAPI) -> None:
    with serving(app) as citizen:
        citizen.client.post("/_faults", json={"hang": 1})
        citizen.client.timeout = httpx.Timeout(0.3)

        with pytest.raises(httpx.ReadTimeout):
            citizen.post()

        assert citizen.numbers() == []


def test_faults_strike_posted_requests_only(citizen: Citizen) -> None:
    citizen.client.post("/_faults", json={"status": 500})

    assert citizen.numbers() == []
    assert citizen.client.get("/health").status_code == 200


def test_faults_are_listed_and_cleared(citizen: Citizen) -> None:
    citizen.client.post("/_faults", json={"status": 503, "times": 3})
    citizen.post()

    assert citizen.client.get("/_faults").json() == [
        {"kind": "status", "times": 2, "on": "requests,updates", "status": 503}
    ]
    assert citizen.client.delete("/_faults").json() == []
    assert citizen.post().status_code == 200


@pytest.mark.parametrize("order", [{}, [], 5, {"status": 200}, {"hang": 0}, {"hang": True}, {"hang": 1, "status": 500}])
def test_an_order_that_makes_no_sense_is_refused(citizen: Citizen, order: object) -> None:
    assert citizen.client.post("/_faults", json=order).status_code == 400
    assert citizen.client.get("/_faults").json() == []


def test_an_order_that_is_not_json_is_refused(citizen: Citizen) -> None:
    assert citizen.client.post("/_faults", content=b"\xff{").status_code == 400


def test_there_are_no_faults_unless_the_department_was_started_with_them(
    settings: Settings,
) -> None:
    with TestClient(create_app(Settings(settings.database, KEY))) as client:
        assert client.get("/_faults").status_code == 404
        assert client.post("/_faults", json={"hang": 1}).status_code == 404


# -- what is struck ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "struck"),
    [
        ("posts", {"request", "update"}),
        ("requests", {"request"}),
        ("updates", {"update"}),
        ("reads", {"list", "one", "services"}),
        ("all", {"request", "update", "list", "one", "services"}),
    ],
)
def test_a_fault_strikes_what_it_was_ordered_for(citizen: Citizen, on: str, struck: set[str]) -> None:
    number = citizen.file()
    citizen.client.post("/_faults", json={"status": 503, "times": 1000, "on": on})

    answers = {
        "request": citizen.post().status_code,
        "update": citizen.tell(number, "urge").status_code,
        "list": citizen.client.get("/open311/v2/requests.json").status_code,
        "one": citizen.client.get(f"/open311/v2/requests/{number}.json").status_code,
        "services": citizen.client.get("/open311/v2/services.xml").status_code,
    }

    assert {name for name, status in answers.items() if status == 503} == struck
    assert {status for name, status in answers.items() if name not in struck} <= {200}
    assert citizen.client.get("/health").status_code == 200
    assert citizen.client.get(f"/requests/{number}").status_code == 200


def test_faults_of_different_scopes_do_not_wait_for_each_other(citizen: Citizen) -> None:
    citizen.client.post("/_faults", json={"status": 503, "on": "updates"})
    citizen.client.post("/_faults", json={"status": 500, "on": "reads"})

    assert citizen.client.get("/open311/v2/requests.json").status_code == 500
    assert citizen.numbers() == []
    assert [one["on"] for one in citizen.client.get("/_faults").json()] == ["updates"]


def test_a_dropped_answer_leaves_the_update_stored(app: FastAPI) -> None:
    with serving(app) as citizen:
        number = citizen.file()
        citizen.client.post("/_faults", json={"drop_answer": 1, "on": "updates"})

        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            citizen.tell(number, "urge")

        assert citizen.tell(number, "urge").json()[0]["repeated"] is True


def test_a_duplicated_request_is_stored_twice_and_the_second_is_told(citizen: Citizen) -> None:
    citizen.client.post("/_faults", json={"duplicate": 1})

    assert citizen.file() == "DC-20261121-0002"
    assert citizen.numbers() == ["DC-20261121-0002", "DC-20261121-0001"]
    assert citizen.file() == "DC-20261121-0003"


def test_a_duplicated_update_is_one(citizen: Citizen) -> None:
    number = citizen.file()
    citizen.client.post("/_faults", json={"duplicate": 1, "on": "updates"})

    citizen.tell(number, "urge")

    assert len(citizen.read(number)["extended_attributes"]["updates"]) == 1


@pytest.mark.parametrize(
    "order",
    [
        {"status": 500, "on": "everything"},
        {"status": 500, "on": 1},
        {"duplicate_hooks": 1},
        {"reorder_hooks": 1},
        {"lose_hooks": 0},
        {"lose_data": 0},
        {"lose_data": "all"},
        {"lose_data": True},
    ],
)
def test_orders_of_the_newer_kinds_are_read_as_strictly(citizen: Citizen, order: object) -> None:
    number = citizen.file()

    assert citizen.client.post("/_faults", json=order).status_code == 400
    assert citizen.client.get("/_faults").json() == []
    assert citizen.numbers() == [number]


# -- lost data ---------------------------------------------------------------------------------------------------


def test_the_newest_requests_are_lost_with_all_that_belongs_to_them(citizen: Citizen) -> None:
    kept, lost = citizen.file(), citizen.closed()
    citizen.tell(lost, "recheck")

    assert citizen.client.post("/_faults", json={"lose_data": 1}).json() == {"lost": 1}

    assert citizen.numbers() == [kept]
    assert citizen.client.get(f"/open311/v2/requests/{lost}.json").status_code == 404
    assert citizen.client.get("/health").json() == {"status": "ok", "requests": 1, "undelivered_events": 0}
    assert citizen.file() == "DC-20261121-0003"


def test_a_restored_backup_gives_lost_numbers_away_again(citizen: Citizen) -> None:
    for _ in range(3):
        citizen.file()

    citizen.client.post("/_faults", json={"lose_data": 2, "numbers_again": True})
    assert citizen.file() == "DC-20261121-0002"
    citizen.client.post("/_faults", json={"lose_data": 1_000_000, "numbers_again": True})
    assert citizen.file() == "DC-20261121-0001"
