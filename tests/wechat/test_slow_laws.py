"""Answers that take much longer than anybody waits. Everything waits at the same time, so that it takes two minutes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fake_wechat import Account
from tests.wechat.conftest import Make
from tests.wechat.processes import HEARD, echo

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def answers(text: str) -> list[dict[str, Any]]:
    """Some with choices."""
    if "有选项" in text:
        return [{"text": HEARD + text, "buttons": [{"title": "七十秒的选项", "payload": "七十秒的选项"}]}]
    return echo(text)


def test_answers_after_20_70_and_90_seconds_are_told_once_and_no_call_is_wasted(make: Make) -> None:
    """Turns that take so long outlive every time-out; a tap's minute is over before its answer is there."""
    system = make(Account(), environment={"JIESU_WECHAT_LINKS": "true"})
    fake, rasa = system.fake, system.rasa
    rasa.answer = answers
    rasa.delays = {"二十秒": 20.0, "七十秒": 70.0, "九十秒": 90.0, "start_report": 70.0}
    slow, slower, tapping, clicking = (fake.citizen(name) for name in ("二十", "九十", "点选项", "点菜单"))
    tapping.say("有选项").wait()
    told = [slow.say("等二十秒。"), slower.say("等九十秒。"), tapping.tap(), clicking.click_menu("say:start_report")]
    for one in told:
        assert not isinstance(one, str)
        assert one.wait().result == "nothing"

    slow.wait_for(HEARD + "等二十秒。", 40)
    tapping.wait_for(HEARD + "七十秒的选项", 100)
    slower.wait_for(HEARD + "等九十秒。", 60)
    assert clicking.texts() == []  # its minute is over: nothing was tried
    clicking.say("还在吗？").wait()
    clicking.wait_for("还在吗", 60)

    assert sum("start_report" in text for text in clicking.texts()) == 1, clicking.shown()
    assert sum("还在吗" in text for text in clicking.texts()) == 1, clicking.shown()
    for phone, words in ((slow, "等二十秒。"), (slower, "等九十秒。"), (tapping, "七十秒的选项")):
        assert sum(HEARD + words in text for text in phone.texts()) == 1, phone.shown()
    assert rasa.twice == {}
    assert fake.shown_faults == 0
    assert fake.counters.wasted == 0, fake.counters.refused()
    assert set(fake.counters.refused("/cgi-bin/message/custom/send")) == set()
    assert fake.counters.tokens_issued == 1
