"""Pictures in the dialogue: before, in the middle of and after a report."""

from __future__ import annotations

from typing import Any

from actions.memory import recall
from actions.report import HearReport
from integrations.services.records import Bubble
from tests.actions.conftest import Citizen, message, tracker
from tests.builders import LAMP, PHONE, filed
from tests.fakes import FakeClock

NOTED = {"lat": 36.1068, "lon": 120.4011, "taken_at": "2026-11-21T01:30:00+00:00"}


def show(citizen: Citizen, *photos: str, text: str = "", noted: dict[str, Any] | None = None) -> list[Bubble]:
    """As the gateway has Rasa hear pictures: the payload of a report, the caption as its title."""
    said = {**message("", "report", photos=list(photos), title=text, noted=noted), "text": "/report"}
    return citizen.take(HearReport, said)


def test_memory_reads_what_the_camera_had_noted() -> None:
    said = {**message("", "report", photos=["p1"], title="坏了", noted=NOTED), "text": "/report"}
    heard = recall(tracker(said)).utterance
    assert (heard.text, heard.photos) == ("坏了", ("p1",))
    assert heard.pin is None and heard.photo_pin and heard.photo_pin.lat == NOTED["lat"]
    assert heard.taken_at and heard.taken_at.isoformat() == NOTED["taken_at"]
    bare = recall(tracker(message("路灯坏了", noted={"taken_at": NOTED["taken_at"]}))).utterance
    assert bare.photo_pin is None


def test_a_picture_first_is_kept_and_the_words_are_asked_for(citizen: Citizen) -> None:
    kept, asks = show(citizen, "p1")
    assert kept.text == "照片收到了。" and asks.text
    assert citizen.asked == "report_description"
    assert citizen.draft and citizen.draft.photos == ("p1",)


def test_a_caption_tells_the_problem(citizen: Citizen) -> None:
    show(citizen, "p1", "p2", text=LAMP)
    assert citizen.draft and citizen.draft.photos == ("p1", "p2") and citizen.draft.category


def test_in_the_middle_it_is_kept_and_the_question_stays(citizen: Citizen) -> None:
    citizen.take(HearReport, message(LAMP))
    asked = citizen.asked
    show(citizen, "p1")
    assert citizen.asked == asked
    assert citizen.draft and citizen.draft.photos == ("p1",)


def test_right_after_filing_it_goes_to_that_ticket(citizen: Citizen) -> None:
    complaint = filed(citizen.services, LAMP)
    (said,) = show(citizen, "p1")
    assert "路灯" in said.text and PHONE not in said.text
    assert citizen.draft is None and citizen.asked is None
    with citizen.services.unit_of_work() as tx:
        assert [one.photos for one in tx.reports.of_complaint(complaint.id)] == [(), ("p1",)]


def test_with_other_words_or_much_later_it_is_another_report(citizen: Citizen, clock: FakeClock) -> None:
    filed(citizen.services, LAMP)
    show(citizen, "p1", text="小区门口的垃圾堆了一个星期没人收")
    assert citizen.draft and citizen.draft.photos == ("p1",)
    citizen.slots.clear()
    clock.move(hours=2)
    show(citizen, "p2")
    assert citizen.draft and citizen.draft.photos == ("p2",)
