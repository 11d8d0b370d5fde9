"""What each message and event means, and what it allows us to send."""

from __future__ import annotations

import pytest

from kb.wechat.pushes import EVENTS, MESSAGES, OPENS, PushKind, kind_of, opens
from kb.wechat.quota import Opens


@pytest.mark.parametrize("name", ["file", "", "TEXT", "event"])
def test_an_unknown_message_is_answered_and_an_unknown_event_is_not(name: str) -> None:
    assert kind_of(name) is (PushKind.SILENT if name == "event" else PushKind.OTHER)
    assert kind_of("event", name or "debug_demo") is PushKind.SILENT


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_events_are_known_however_they_are_written(name: str) -> None:
    assert kind_of("event", name) is kind_of("event", name.upper()) is EVENTS[name]


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_message_opens_the_long_window(name: str) -> None:
    assert opens(kind_of(name)) is Opens.MESSAGE


def test_a_message_that_we_do_not_know_opens_it_too() -> None:
    assert opens(PushKind.OTHER) is opens(PushKind.UNSUPPORTED) is Opens.MESSAGE


@pytest.mark.parametrize(
    ("event", "allows"),
    [
        ("subscribe", Opens.ACTION),
        ("SCAN", Opens.ACTION),
        ("CLICK", Opens.ACTION),
        ("scancode_waitmsg", Opens.ACTION),
        ("scancode_push", Opens.ACTION),
        ("unsubscribe", Opens.NOTHING),
        ("VIEW", Opens.NOTHING),
        ("LOCATION", Opens.NOTHING),
        ("location_select", Opens.NOTHING),
        ("TEMPLATESENDJOBFINISH", Opens.NOTHING),
        ("subscribe_msg_popup_event", Opens.NOTHING),
        ("subscribe_msg_sent_event", Opens.NOTHING),
    ],
)
def test_what_an_event_allows(event: str, allows: Opens) -> None:
    assert opens(kind_of("event", event), event=event) is allows


def test_a_tap_on_an_item_of_a_message_menu_is_no_message() -> None:
    assert opens(PushKind.TEXT, menu_id="1") is Opens.ACTION
    assert opens(PushKind.TEXT) is Opens.MESSAGE


def test_no_kind_is_forgotten() -> None:
    said = {*MESSAGES.values(), PushKind.UNSUPPORTED, PushKind.OTHER}
    assert said | set(OPENS) == set(PushKind) and not said & set(OPENS)
