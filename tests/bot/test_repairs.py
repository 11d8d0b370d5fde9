"""Every repair fits the Rasa that is installed, refuses another one loudly, and can be taken out again."""

from __future__ import annotations

import logging
from typing import Any

import pytest

pytest.importorskip("rasa", reason="Rasa is installed in bot/'s environment only")

from components import repairs
from components.repairs import repair as repair_module
from components.repairs.repair import Repair, digest


class Clock:
    """Something of somebody else's."""

    def hour(self) -> int:
        return 3

    @staticmethod
    def zone() -> str:
        return "east"


class Alarm(Clock):
    """What inherits it."""


def later(own: Any) -> Any:
    def hour(self: Clock) -> int:
        return int(own(self)) + 1

    return hour


def made(**changes: Any) -> Repair:
    fields = {"owner": Clock, "name": "hour", "digest": digest(Clock.hour), "made": later}
    return Repair(**{**fields, **changes})


@pytest.fixture(autouse=True)
def as_it_came() -> Any:
    hour, zone = vars(Clock)["hour"], vars(Clock)["zone"]
    yield
    Clock.hour, Clock.zone = hour, zone  # type: ignore[method-assign]


@pytest.mark.parametrize("one", repairs.repairs(), ids=lambda one: one.where)
def test_each_is_written_for_the_rasa_that_is_installed(one: Repair) -> None:
    assert one.why_not() == ""


def test_what_is_put_in_works_and_what_is_taken_out_is_gone() -> None:
    own = vars(Clock)["hour"]
    one = made()

    assert one.put_in()
    assert Clock().hour() == 4
    assert one.put_in(), "twice is once"
    assert Clock().hour() == 4
    one.take_out()
    assert vars(Clock)["hour"] is own
    one.take_out()
    assert Clock().hour() == 3


def test_a_static_one_stays_static() -> None:
    one = made(name="zone", digest=digest(Clock.zone), made=lambda _own: lambda: "west")

    assert one.put_in()
    assert (Clock.zone(), Clock().zone()) == ("west", "west")
    one.take_out()
    assert isinstance(vars(Clock)["zone"], staticmethod)
    assert Clock.zone() == "east"


def test_what_is_inherited_is_changed_for_the_heir_alone() -> None:
    one = made(owner=Alarm)

    assert one.put_in()
    assert (Clock().hour(), Alarm().hour()) == (3, 4)
    one.take_out()
    assert "hour" not in vars(Alarm)
    assert Alarm().hour() == 3


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"digest": "0" * 16}, "digest of its source is"),
        ({"name": "minute"}, "cannot be read"),
        ({"source": 7}, "cannot be read"),
    ],
)
def test_what_does_not_fit_is_left_and_said_as_an_error(
    changes: dict[str, Any], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert not made(**changes).put_in()

    assert Clock().hour() == 3
    assert "Rasa's own code runs" in caplog.text
    assert why in caplog.text


def test_another_version_of_rasa_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(repair_module.rasa, "__version__", "3.6.22")

    left_out = repairs.install()

    assert len(left_out) == len(repairs.repairs())
    assert all("this is 3.6.22" in record.getMessage() for record in caplog.records)
    assert not any(one.is_in for one in left_out)


@pytest.mark.parametrize("switch", ["off", "0", "FALSE", "no"])
def test_all_can_be_switched_off(
    switch: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(repairs.SWITCH, switch)

    assert repairs.install() == []
    assert not any(one.is_in for one in repairs.repairs())
    assert "off" in caplog.text


def test_all_are_in_place_and_gone_again(repaired: None) -> None:
    assert all(one.is_in for one in repairs.repairs())
    for one in repairs.repairs():
        one.take_out()
    assert all(one.why_not() == "" for one in repairs.repairs())
