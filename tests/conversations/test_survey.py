"""A survey from the operator's command to the citizen's words, through the whole running system."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from integrations.commands.citizen import Citizen, Message
from tests.conftest import wait_until
from tests.conversations.fuzzing import filing
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(240)]


def test_a_survey_is_sent_answered_in_words_and_counted(system: RunningSystem, tmp_path: Path) -> None:
    citizen = Citizen(system.url)
    citizen.begin()
    filed = filing.file(citizen.say, citizen.tap, "胶州市澳门路300号门口的公交站牌歪了", "胶州市澳门路300号")
    number = re.sub(r"\D", "", filed.number)
    people, results = tmp_path / "people.csv", tmp_path / "results.csv"
    people.write_text(f"ticket\n{number}\n481720935561\n", encoding="utf-8")

    made = system.jiesu(
        *("survey", "create", "--title", "公交站回访", "--people", str(people), "--by", "孙丽"),
        *("--ask", "yes_no:站牌扶正了吗？", "--ask", "levels:您满意吗？", "--ask", "words:还想说什么？"),
    )
    survey = re.search(r"survey (\d+): 1 people.*1 lines name nobody that we know: 3", made)
    assert survey, made
    system.jiesu("survey", "send", survey[1])
    news: list[Message] = []
    wait_until(lambda: news.extend(citizen.news()) or any("站牌扶正了吗" in one["text"] for one in news), seconds=40)

    (told,) = [one for one in news if "站牌扶正了吗" in one["text"]]
    assert "您满意吗" in citizen.tap(told, 1)[-1]["text"]
    assert "还想说什么" in citizen.say("还行吧")[-1]["text"]
    assert "问完了" in citizen.say("站牌旁边再装个凳子")[-1]["text"]

    said = system.jiesu("survey", "results", survey[1], "--out", str(results))
    assert "1 of 1 people answered" in said and "基本满意" in said
    written = results.read_text(encoding="utf-8-sig")
    assert "站牌旁边再装个凳子" in written and number not in written
