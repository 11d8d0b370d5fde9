"""Clerks' tokens: signed, kept as a digest, good for what they say and as long as they say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.staff_access import Scope
from integrations.store.handover_tables import staff_tokens
from tests.fakes import FakeClock
from tests.often import often


def test_a_token_says_who_it_is_and_what_it_is_good_for(services: Services) -> None:
    token = services.staff_access.issue(" 王芳 ", may=[Scope.CALL_BACKS], days=7)
    clerk = services.staff_access.clerk(token)
    assert clerk is not None
    assert (clerk.name, clerk.may) == ("王芳", {Scope.CALL_BACKS})


def test_two_tokens_of_one_clerk_are_two(services: Services) -> None:
    assert services.staff_access.issue("王芳") != services.staff_access.issue("王芳")


def test_nothing_from_which_it_could_be_made_is_kept(services: Services) -> None:
    token = services.staff_access.issue("王芳")
    with services.engine.connect() as db:
        row = db.execute(select(staff_tokens)).one()
    secret = token.split(".")[2]
    assert secret not in str(row) and token not in str(row)
    assert row.digest not in repr(services.staff_access.listed())


@pytest.mark.parametrize("days", [1, 90])
def test_it_is_over_when_its_days_are(services: Services, clock: FakeClock, days: int) -> None:
    token = services.staff_access.issue("王芳", days=days)
    clock.move(days=days, seconds=-1)
    assert services.staff_access.clerk(token) is not None
    clock.move(seconds=1)
    assert services.staff_access.clerk(token) is None


def test_revoked_it_is_good_for_nothing_at_once_and_only_once(services: Services) -> None:
    token = services.staff_access.issue("王芳")
    other = services.staff_access.issue("李强")
    token_id = token.split(".")[1]
    services.staff_access.revoke(token_id)
    assert services.staff_access.clerk(token) is None
    assert services.staff_access.clerk(other) is not None
    with pytest.raises(Rejected, match=token_id):
        services.staff_access.revoke(token_id)


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_a_changed_part_makes_it_worthless(services: Services, part: int) -> None:
    parts = services.staff_access.issue("王芳").split(".")
    parts[part] = parts[part][:-1] + ("x" if parts[part][-1] != "x" else "y")
    assert services.staff_access.clerk(".".join(parts)) is None


def test_signed_with_another_secret_it_is_worthless_without_asking_the_store(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = services.staff_access.issue("王芳")
    from dataclasses import replace

    other = replace(services.staff_access, key=lambda: "another secret", unit_of_work=_nobody)
    assert other.clerk(token) is None


def _nobody() -> Any:
    raise AssertionError("the store was asked")


@settings(max_examples=often(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=80))
def test_whatever_is_shown_as_a_token_is_none(services: Services, token: str) -> None:
    assert services.staff_access.clerk(token) is None
    assert services.staff_access.clerk(f"jst.{token}.{token}.{token}") is None


@pytest.mark.parametrize(
    ("name", "how", "said"),
    [
        ("", {}, "1 to 32"),
        ("  \u200b", {}, "1 to 32"),
        ("王" * 33, {}, "1 to 32"),
        ("a,b", {}, "comma"),
        ("clerk:王芳", {}, "colon"),
        ("王芳", {"may": []}, "handovers, call_backs"),
        ("王芳", {"days": 0}, "1 to 366"),
        ("王芳", {"days": 400}, "1 to 366"),
    ],
)
def test_what_makes_no_token_is_refused_with_what_would(
    services: Services, name: str, how: dict[str, Any], said: str
) -> None:
    with pytest.raises(Rejected, match=said):
        services.staff_access.issue(name, **how)
    assert services.staff_access.listed() == []


def test_when_it_was_last_used_is_known_to_the_minute(services: Services, clock: FakeClock) -> None:
    token = services.staff_access.issue("王芳")
    services.staff_access.clerk(token)
    first = services.staff_access.listed()[0].used_at
    clock.move(seconds=30)
    services.staff_access.clerk(token)
    assert services.staff_access.listed()[0].used_at == first
    clock.move(seconds=30)
    services.staff_access.clerk(token)
    assert services.staff_access.listed()[0].used_at == clock()
