"""Corrections and secrecy after filing: added to the ticket of just now, once, and told to who deals with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.records import Complaint, Task
from integrations.services.supplementing import Kept
from kb.lifecycle import Status
from tests.builders import PHONE, conversation, filed, read, relay_all
from tests.fakes import FakeClock

OTHER = "13987654321"
FIX = "不是3号楼，是5号楼"


def told_department(services: Services, complaint: Complaint) -> list[str]:
    with services.unit_of_work() as tx:
        rows = tx.outbox.of_complaint(complaint.id)
    return [row.payload["text"] for row in rows if row.task is Task.UPDATE]


def mine(services: Services) -> str:
    return conversation(services).id


def test_a_correction_is_added_to_the_latest_ticket_and_told_on(services: Services) -> None:
    complaint = filed(services)
    added = services.after_filing.correct(mine(services), FIX, key="m1")
    assert added is not None
    assert (added.kept, added.complaint.number) == (Kept.SENT, complaint.number)
    (text,) = told_department(services, complaint)
    assert FIX in text and text != FIX


def test_said_twice_it_is_added_once(services: Services) -> None:
    complaint = filed(services)
    for _ in range(3):
        services.after_filing.correct(mine(services), FIX, key="m1")
    assert len(told_department(services, complaint)) == 1


def test_of_several_tickets_the_latest_is_meant(services: Services, clock: FakeClock) -> None:
    filed(services)
    clock.move(minutes=5)
    latest = filed(services, "李沧区书院路29号门口垃圾没人收", draft_id="draft-2")
    added = services.after_filing.correct(mine(services), FIX, key="m1")
    assert added is not None and added.complaint.number == latest.number


def test_a_new_number_takes_the_place_of_the_old_one(services: Services) -> None:
    complaint = filed(services)
    services.after_filing.correct(mine(services), f"电话换成{OTHER}", key="m1")
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(complaint.id) == OTHER


def test_a_new_number_of_somebody_unknown_makes_them_known(services: Services) -> None:
    complaint = filed(services, phone=None)
    assert read(services, complaint).anonymous
    services.after_filing.correct(mine(services), f"电话换成{OTHER}", key="m1")
    assert not read(services, complaint).anonymous


def test_nobody_elses_ticket_is_touched(services: Services) -> None:
    complaint = filed(services)
    stranger = conversation(services, "citizen-2").id
    assert services.after_filing.correct(stranger, FIX, key="m1") is None
    assert services.after_filing.guard(stranger, "要保密") is None
    assert told_department(services, complaint) == []


def test_after_a_day_a_correction_names_no_ticket_any_more(services: Services, clock: FakeClock) -> None:
    filed(services)
    clock.move(hours=25)
    assert services.after_filing.correct(mine(services), FIX, key="m1") is None


def test_a_ticket_that_was_withdrawn_is_told_as_such(services: Services) -> None:
    complaint = filed(services)
    services.withdrawing.withdraw(mine(services), complaint.number, key="w1")
    assert read(services, complaint).status is Status.WITHDRAWN
    added = services.after_filing.correct(mine(services), FIX, key="m1")
    assert added is not None and added.kept is Kept.WITHDRAWN


@pytest.mark.parametrize(
    ("said", "is_one"),
    [
        (FIX, True),
        ("时间不对，昨天开始的", True),
        ("地址写错了", True),
        ("垃圾没人收，物业不管", False),
        ("对", False),
        ("不是我家，是邻居家漏水，" + "水一直往下淌，" * 12, False),
    ],
)
def test_a_correction_is_told_from_a_new_report(services: Services, said: str, is_one: bool) -> None:
    assert services.after_filing.is_correction(said) is is_one


def test_a_correction_without_what_is_right_is_known(services: Services) -> None:
    assert not services.after_filing.says_what_is_right("地址写错了")
    assert services.after_filing.says_what_is_right(FIX)


# -- secrecy -----------------------------------------------------------------------------------------------------


def test_secrecy_afterwards_keeps_the_number_and_tells_the_unit(services: Services) -> None:
    complaint = filed(services)
    guarded = services.after_filing.guard(mine(services), "能不能帮我保密")
    assert guarded is not None and not guarded.deleted
    kept = read(services, complaint)
    assert kept.confidential and not kept.anonymous
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(complaint.id) == PHONE
    assert len(told_department(services, complaint)) == 1


def test_anonymous_afterwards_deletes_the_number(services: Services) -> None:
    complaint = filed(services)
    guarded = services.after_filing.guard(mine(services), "改成匿名吧")
    assert guarded is not None and guarded.deleted
    kept = read(services, complaint)
    assert kept.confidential and kept.anonymous
    with services.unit_of_work() as tx:
        assert tx.contacts.phone(complaint.id) is None


def test_a_wish_said_twice_is_told_once(services: Services) -> None:
    complaint = filed(services)
    for _ in range(3):
        services.after_filing.guard(mine(services), "要保密")
    assert len(told_department(services, complaint)) == 1


def test_the_department_hears_it_as_an_attribute(services: Services) -> None:
    from integrations.clients.open311.forms import Forms
    from integrations.clients.open311.mapping import load_mapping

    complaint = replace(
        filed(services), confidential=True, since="三天了（大约从11月18日起）", began="2026-11-18",
        answers=(("室温", "15度"),),
    )  # fmt: skip
    relay_all(services)
    form = Forms(services.taxonomy, load_mapping()).complaint(complaint, phone=PHONE)
    assert form["attribute[CONFIDENTIAL]"] == "true"
    assert form["attribute[BEGAN]"] == "2026-11-18"
    assert form["attribute[DETAILS]"] == "室温 15度"
    assert "室温：15度" in form["description"] and "保密" in form["description"]
