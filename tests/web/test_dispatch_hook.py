"""The department's hook: signed, fresh, each update once and in order."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from integrations.bootstrap import Services
from integrations.services.records import Complaint
from integrations.web.dispatch_hook import FRESH_SECONDS
from kb.lifecycle import Status
from tests.builders import dispatched, read
from tests.conftest import SECRETS
from tests.web.conftest import problem

SECRET = SECRETS["hook_secret"]


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def filed(services: Services) -> tuple[Complaint, str]:
    """A complaint and its number at the department."""
    return dispatched(services)


def event(number: str, sequence: int = 1, what: str = "accepted", **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"event-{sequence}",
        "service_request_id": number,
        "sequence": sequence,
        "event": what,
        "at": "2026-11-21T12:00:00+08:00",
        "unit": None,
        "note": None,
        **more,
    }


def post(client: TestClient, body: object, *, secret: str = SECRET, age: float = 0, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    timestamp = str(int(time.time() - age))
    signature = hmac.new(secret.encode(), timestamp.encode() + b"." + content, hashlib.sha256).hexdigest()
    signed = {"X-Dispatch-Timestamp": timestamp, "X-Dispatch-Signature": f"sha256={signature}"}
    return client.post("/hooks/dispatch", content=content, headers={**signed, **headers})


def test_an_update_is_applied(services: Services, client: TestClient, filed: tuple[Complaint, str]) -> None:
    complaint, number = filed

    answer = post(client, event(number, note="收到了"))

    assert (answer.status_code, answer.json()) == (200, {"applied": True})
    assert read(services, complaint).status is Status.ACCEPTED


def test_an_update_that_comes_twice_is_taken_and_changes_nothing(
    services: Services, client: TestClient, filed: tuple[Complaint, str]
) -> None:
    complaint, number = filed
    post(client, event(number))

    answer = post(client, event(number))

    assert (answer.status_code, answer.json()) == (200, {"applied": False})
    assert len(read(services, complaint).history) == 3


def test_an_update_out_of_order_is_to_come_again(
    services: Services, client: TestClient, filed: tuple[Complaint, str]
) -> None:
    complaint, number = filed

    answer = post(client, event(number, 2, "assigned", unit="照明三班"))

    assert problem(answer, 409)["code"] == "come_again"
    assert answer.headers["retry-after"]
    assert read(services, complaint).status is Status.DISPATCHED


def test_an_update_of_an_unknown_request_is_to_come_again(client: TestClient) -> None:
    problem(post(client, event("DC-9999")), 409)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Dispatch-Signature": "sha256=" + "0" * 64},
        {"X-Dispatch-Signature": ""},
        {"X-Dispatch-Timestamp": "0"},
        {"X-Dispatch-Timestamp": ""},
    ],
    ids=str,
)
def test_a_signature_that_does_not_fit_is_refused(
    services: Services, client: TestClient, filed: tuple[Complaint, str], headers: dict[str, str]
) -> None:
    complaint, number = filed

    answer = post(client, event(number), **headers)

    assert problem(answer, 403)["code"] == "bad_signature"
    assert read(services, complaint).status is Status.DISPATCHED


def test_a_signature_in_other_letters_is_refused(client: TestClient) -> None:
    headers = {b"x-dispatch-timestamp": b"1", b"x-dispatch-signature": "签名".encode()}

    problem(client.post("/hooks/dispatch", content=b"{}", headers=headers), 403)


def test_another_secret_is_refused(client: TestClient, filed: tuple[Complaint, str]) -> None:
    assert problem(post(client, event(filed[1]), secret="guessed"), 403)["code"] == "bad_signature"


@pytest.mark.parametrize("age", [FRESH_SECONDS + 5, -FRESH_SECONDS - 5])
def test_an_old_message_is_refused_although_its_signature_fits(
    services: Services, client: TestClient, filed: tuple[Complaint, str], age: float
) -> None:
    complaint, number = filed

    assert problem(post(client, event(number), age=age), 403)["code"] == "stale"
    assert read(services, complaint).status is Status.DISPATCHED


def test_a_body_that_was_changed_on_its_way_is_refused(client: TestClient, filed: tuple[Complaint, str]) -> None:
    good = post(client, event(filed[1], 9)).request

    answer = client.post("/hooks/dispatch", content=good.content.replace(b"9", b"1"), headers=dict(good.headers))

    problem(answer, 403)


@pytest.mark.parametrize(
    "change",
    [
        {"event": "paused"},
        {"sequence": 0},
        {"sequence": "x"},
        {"at": "2026-11-21T12:00:00"},
        {"at": "yesterday"},
        {"service_request_id": ""},
        {"note": "x" * 4001},
        {"unit": "x" * 129},
    ],
    ids=lambda change: str(change)[:40],
)
def test_an_update_that_can_never_be_taken_is_refused_by_name(
    services: Services, client: TestClient, filed: tuple[Complaint, str], change: dict[str, Any]
) -> None:
    complaint, number = filed

    answer = post(client, {**event(number), **change})

    assert problem(answer, 422)["code"] == "bad_event"
    assert read(services, complaint).status is Status.DISPATCHED


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff"])
def test_a_signed_body_that_is_no_update_is_refused(client: TestClient, body: bytes) -> None:
    assert problem(post(client, body), 422)["code"] == "bad_event"


def test_what_the_department_writes_is_stored_as_text(
    services: Services, client: TestClient, filed: tuple[Complaint, str]
) -> None:
    complaint, number = filed
    note = "<b>修好了</b>'; DROP TABLE lines; --\u0000{note}"

    answer = post(client, event(number, 1, "closed", note=note, unit="照明\u0000三班"))

    assert answer.status_code == 200
    latest = read(services, complaint).latest
    assert latest is not None
    assert "DROP TABLE lines" in (latest.note or "")
    # PostgreSQL takes no NUL in a text: the update would fail, and come again, for ever
    assert "\x00" not in f"{latest.note}{latest.unit}"


def test_fields_that_a_later_version_adds_are_ignored(client: TestClient, filed: tuple[Complaint, str]) -> None:
    assert post(client, event(filed[1], photo="https://x/1.jpg")).status_code == 200


def test_a_very_large_body_is_refused_before_it_is_checked(client: TestClient) -> None:
    problem(post(client, b"x" * 100_000), 413)


def test_a_very_large_body_of_unknown_length_is_refused_too(client: TestClient) -> None:
    def pieces():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield b"x" * 1024

    problem(client.post("/hooks/dispatch", content=pieces()), 413)


def test_an_extension_brings_its_date_and_its_reason(
    services: Services, client: TestClient, filed: tuple[Complaint, str]
) -> None:
    complaint, number = filed
    later = complaint.due_at + timedelta(days=3)

    answer = post(client, event(number, what="extended", note="等材料", due_at=later.isoformat()))

    assert answer.status_code == 200
    assert read(services, complaint).due_at == later


def test_an_answer_brings_its_photos_and_who_gave_it(
    services: Services, client: TestClient, filed: tuple[Complaint, str]
) -> None:
    complaint, number = filed

    post(client, event(number, what="answered", note="修好了", photos=["a.jpg", "b.jpg"], by="李工"))

    last = read(services, complaint).history[-1]
    assert (last.photos, last.name) == (("a.jpg", "b.jpg"), "李工")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("due_at", "2026-12-01T12:00:00"),
        ("due_at", "soon"),
        ("photos", ["x" * 501]),
        ("photos", ["x"] * 13),
        ("photos", "a.jpg"),
        ("solved", "maybe"),
        ("by", "名" * 65),
    ],
)
def test_what_an_update_brings_is_checked(
    services: Services, client: TestClient, filed: tuple[Complaint, str], name: str, value: object
) -> None:
    complaint, number = filed

    answer = post(client, event(number, what="extended", note="等材料", **{name: value}))

    assert answer.status_code == 422
    assert name in answer.text
    assert len(read(services, complaint).history) == 2


def test_an_unknown_event_is_refused_and_the_next_one_is_taken(
    services: Services, client: TestClient, filed: tuple[Complaint, str]
) -> None:
    complaint, number = filed

    assert post(client, event(number, 1, "paused")).status_code == 422
    assert post(client, event(number, 2, "closed", note="修好了")).status_code == 200
    assert read(services, complaint).status is Status.CLOSED
