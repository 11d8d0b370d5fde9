"""What the intent alone would mistake: questions heard as a chat, complaints heard as a command, cries for help."""

from __future__ import annotations

import pytest

from actions.repair import Undo
from actions.report import HearReport
from actions.smalltalk import Smalltalk
from integrations.services.answering import Answering
from kb.report import Ask
from tests.actions.conftest import Citizen, message
from tests.builders import LAMP


@pytest.mark.parametrize("intent", ["off_topic", "ask_menu"])
def test_a_sure_question_heard_as_a_chat_is_answered(
    citizen: Citizen, monkeypatch: pytest.MonkeyPatch, intent: str
) -> None:
    known = citizen.services.answering.reply("供暖室温标准是多少度？").answer
    assert known is not None
    monkeypatch.setattr(Answering, "surely", lambda _self, text: known if text.endswith("度？") else None)
    (said,) = citizen.take(Smalltalk, message("供暖室温标准是多少度？", intent))
    assert known.answer in said.text


def test_a_chat_stays_one(citizen: Citizen) -> None:
    (said,) = citizen.take(Smalltalk, message("给我讲个笑话吧", "off_topic"))
    assert said.text in citizen.services.speech.words.ways("smalltalk.off_topic")


def test_letters_that_nobody_here_reads_are_said_to_be_so(citizen: Citizen) -> None:
    (said,) = citizen.take(Smalltalk, message("가로등이 고장났어요", "off_topic", language="other"))
    assert said.text in citizen.services.speech.words.ways("repair.other_language")
    assert said.options


def test_a_complaint_heard_as_a_word_to_take_back_is_taken_in(citizen: Citizen) -> None:
    assert citizen.take(Undo, message("楼道里的路灯坏了三天了还没人来修，撤了又不换", "undo")) == []
    assert citizen.draft is not None
    assert "路灯" in citizen.draft.description


def test_with_nothing_told_a_word_to_take_back_takes_nothing_back(citizen: Citizen) -> None:
    (said,) = citizen.take(Undo, message("撤回刚才那句", "undo"))
    assert said.text in citizen.services.speech.words.ways("repair.nothing_to_take_back")
    assert citizen.draft is None


@pytest.mark.parametrize("intent", ["urge", "check_progress"])
def test_a_cry_for_help_in_danger_belongs_to_the_danger(citizen: Citizen, intent: str) -> None:
    citizen.say("楼道里煤气味特别大")
    assert citizen.asked == Ask.PLACE
    assert citizen.take(HearReport, message("快来人啊", intent))
    assert citizen.asked == Ask.PLACE
    citizen.say(LAMP[:16])
    assert citizen.draft is not None
    assert citizen.draft.place is not None


@pytest.mark.parametrize("said", ["催一下我的单子", "进度到哪了", "481720935561"])
def test_who_names_a_ticket_means_that_one(citizen: Citizen, said: str) -> None:
    citizen.say("楼道里煤气味特别大")
    assert citizen.take(HearReport, message(said, "urge")) == []


@pytest.mark.parametrize("said", ["对，快点", "赶紧的，对"])
def test_an_impatient_yes_files(citizen: Citizen, said: str) -> None:
    citizen.say(LAMP)
    citizen.tap("contact:anonymous")
    assert citizen.asked == Ask.CONFIRMATION
    assert any((one.card or {}).get("kind") == "ticket" for one in citizen.say(said, "urge"))
