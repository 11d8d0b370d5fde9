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

    assert citizen.client.get("/_faults").json() == [{"kind": "status", "times": 2, "status": 503}]
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
