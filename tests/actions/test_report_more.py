"""The report's later turns: questions of one kind, the lines of the card, corrections after filing, secrecy."""

from __future__ import annotations

import json

import pytest

from actions.report import HearReport, KeepSecret
from integrations.services.records import Bubble, Complaint, Task
from kb import questions
from kb.ticket_number import display
from tests.actions.conftest import Citizen, message
from tests.builders import LAMP, PHONE, conversation

COLD = "市北区合肥路688号翠湖小区3号楼暖气不热，上周三晚上开始的"


def words(citizen: Citizen, key: str, **gaps: object) -> tuple[str, ...]:
    return citizen.services.speech.words.ways(f"report.{key}", **gaps)


def rows(bubble: Bubble) -> dict[str, str]:
    assert bubble.card is not None
    return {row["label"]: row["value"] for row in bubble.card["rows"]}


def filed(citizen: Citizen) -> list[Complaint]:
    owner = conversation(citizen.services, citizen.address).citizen_id
    with citizen.services.unit_of_work() as tx:
        return list(tx.complaints.of_citizen(owner))


def titles(bubble: Bubble) -> list[str]:
    return [option.title for option in bubble.options]


@pytest.fixture
def asked(citizen: Citizen) -> Citizen:
    """A citizen of the real questions, to whom no known issue applies."""
    citizen.services.replacements |= {"questions": questions.shipped(), "known_issues": ()}
    return citizen


def test_a_report_of_cold_rooms_asks_the_temperature_and_shows_it_on_the_card(asked: Citizen) -> None:
    (how_cold,) = asked.say(COLD)
    assert how_cold.text == "现在家里大约多少度？"
    assert titles(how_cold) == ["不知道"]
    assert asked.asked == "report_more"
    (contact,) = asked.say("十五度吧", "inform")
    assert contact.text in words(asked, "ask_contact")
    (card,) = asked.say(PHONE, "inform")
    assert card.text == words(asked, "confirm_phone")[0]
    assert rows(card)["室温"] == "15度"
    assert rows(card)["时间"] == "11月11日（上周三）晚上"
    asked.tapped(card, "确认提交")
    (complaint,) = filed(asked)
    assert complaint.answers == (("室温", "15度"),)
    assert (complaint.since, complaint.began) == ("11月11日（上周三）晚上", "2026-11-11")


def test_the_buttons_of_a_choice_answer_it(asked: Citizen) -> None:
    (how_many,) = asked.say("市北区合肥路688号路灯坏了", "report")
    assert titles(how_many) == ["一两盏", "一整条路", "不知道"]
    (contact,) = asked.tapped(how_many, "一整条路")
    assert contact.text in words(asked, "ask_contact")
    assert asked.draft is not None and asked.draft.category == "410102"


def test_not_knowing_by_tap_asks_nothing_more_of_the_kind(asked: Citizen) -> None:
    (how_cold,) = asked.say(COLD)
    (contact,) = asked.tapped(how_cold, "不知道")
    assert contact.text in words(asked, "ask_contact")


def test_every_line_of_the_card_has_its_button(citizen: Citizen) -> None:
    citizen.say(LAMP)
    (card,) = citizen.tap("contact:anonymous")
    for line in ("problem", "category", "place", "since", "contact"):
        assert words(citizen, f"row_{line}")[0] in rows(card)
    for what in ("description", "category", "place", "since", "contact"):
        assert words(citizen, f"change_{what}")[0] in titles(card)


def test_a_time_line_is_changed_by_tap_and_words(citizen: Citizen) -> None:
    citizen.say(LAMP)
    (card,) = citizen.tap("contact:anonymous")
    (when,) = citizen.tapped(card, words(citizen, "change_since")[0])
    assert when.text in words(citizen, "ask_since")
    (again,) = citizen.say("昨天晚上十点多", "inform")
    assert rows(again)["时间"] == "11月20日（昨天）22点左右"


def test_secrecy_is_explained_and_shown(citizen: Citizen) -> None:
    citizen.say(LAMP)
    said, card = citizen.say(f"{PHONE}，别让物业知道是我", "inform")
    assert said.text in words(citizen, "kept_secret")
    assert rows(card)["联系"] == "138****5678（保密）"


def test_deleting_the_number_is_no_wish_to_stop_reporting(citizen: Citizen) -> None:
    citizen.say(f"{LAMP}，我电话{PHONE}")
    _, card = citizen.say("把电话删了", "cancel")
    assert rows(card)["联系"] == words(citizen, "anonymous")[0]


def test_the_address_goes_by_words_whatever_the_intent_is_taken_for(citizen: Citizen) -> None:
    citizen.say(LAMP)
    citizen.tap("contact:anonymous")
    (card,) = citizen.say("地址写错了，是李沧区书院路29号", "supplement")
    assert "书院路29号" in rows(card)["地点"]


# -- after filing ------------------------------------------------------------------------------------------------


def file(citizen: Citizen) -> Complaint:
    citizen.say(f"{LAMP}，我电话{PHONE}")
    citizen.say("对", "affirm")
    (complaint,) = filed(citizen)
    return complaint


@pytest.mark.parametrize("intent", ["correct", "report", "inform", "deny"])
def test_a_correction_after_filing_goes_to_the_ticket_and_is_told_so(citizen: Citizen, intent: str) -> None:
    complaint = file(citizen)
    (said,) = citizen.say("不是北门，是南门", intent)
    assert said.text in words(citizen, "added_correction", number=display(complaint.number))
    assert citizen.draft is None and citizen.asked is None
    assert len(filed(citizen)) == 1
    with citizen.services.unit_of_work() as tx:
        told = [row.payload["text"] for row in tx.outbox.of_complaint(complaint.id) if row.task is Task.UPDATE]
    assert len(told) == 1 and "南门" in told[0]


def test_what_is_wrong_without_what_is_right_is_asked(citizen: Citizen) -> None:
    complaint = file(citizen)
    (said,) = citizen.say("地址写错了", "correct")
    assert said.text in words(citizen, "correct_how", number=display(complaint.number))


def test_without_a_ticket_the_same_words_begin_a_report(citizen: Citizen) -> None:
    (said,) = citizen.say("不是我家，是邻居家门口的路灯坏了", "report")
    assert said.text in words(citizen, "ask_place")
    assert citizen.draft is not None


def test_another_problem_after_filing_is_another_report(citizen: Citizen) -> None:
    file(citizen)
    citizen.say("李沧区书院路29号门口垃圾没人收")
    assert citizen.draft is not None and "垃圾" in citizen.draft.description


def test_secrecy_after_filing_is_kept_and_without_a_ticket_explained(citizen: Citizen) -> None:
    (how,) = citizen.take(KeepSecret, message("能匿名吗", "keep_secret"))
    assert how.text in words(citizen, "secret_how")
    complaint = file(citizen)
    (kept,) = citizen.take(KeepSecret, message("我这个要保密", "keep_secret"))
    assert kept.text in words(citizen, "secret_added", number=display(complaint.number))


# -- memory ------------------------------------------------------------------------------------------------------


def test_the_draft_in_the_conversations_memory_stays_small(asked: Citizen) -> None:
    """It is written into the tracker with every turn."""
    asked.say(f"{COLD}，孩子冻感冒了，物业说找热力，热力说找物业，来回推")
    asked.say("才14度，整栋楼都这样", "inform")
    asked.say(PHONE, "inform")
    kept = json.dumps(asked.slots["report_draft"], ensure_ascii=False).encode()
    assert len(kept) < 1_600, len(kept)


def test_pictures_alone_are_kept_and_the_problem_is_asked_for(citizen: Citizen) -> None:
    said, what = citizen.take(HearReport, message("", "report", photos=["p1", "p2"]))
    assert said.text in words(citizen, "photo_kept")
    assert what.text in words(citizen, "ask_description")
    assert citizen.draft is not None and citizen.draft.photos == ("p1", "p2")
