"""The story of `tests.wechat.story` came to what it should: by the phones, the department, and WeChat's own count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from kb import ticket_number
from kb.satisfaction.levels import Level
from tests.wechat.story import Story, Told, told

pytestmark = [pytest.mark.conversation, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Story, Told]]:
    with told(tmp_path_factory.mktemp("story") / "system", lambda _line: None) as played:
        yield played


def test_nobody_read_that_the_service_is_out_of_order(over: tuple[Story, Told]) -> None:
    assert over[0].fake.shown_faults == 0, over[0].aunt.shown() + over[0].uncle.shown()


def test_no_call_was_refused_and_no_message_wasted(over: tuple[Story, Told]) -> None:
    counters = over[0].fake.counters
    assert counters.calls and counters.refused() == {}
    assert (counters.wasted, counters.tokens_issued) == (0, 1)


def test_every_push_was_answered_at_its_first_try(over: tuple[Story, Told]) -> None:
    assert {tuple(record.outcomes) for record in over[0].fake.pushes.log} <= {("reply",), ("nothing",)}


def test_nothing_was_said_twice(over: tuple[Story, Told]) -> None:
    for phone in (over[0].aunt, over[0].uncle):
        assert [text for text, times in Counter(phone.texts()).items() if times > 1] == []


def test_each_has_a_number_of_their_own_and_one_request_in_the_department(over: tuple[Story, Told]) -> None:
    played = over[1]
    numbers = [played.first, played.second]
    assert len(set(numbers)) == 2 and all(map(ticket_number.is_valid, numbers))
    assert [len(played.requests[number]) for number in numbers] == [1, 1]


def test_the_second_was_told_that_it_is_known_and_joined(over: tuple[Story, Told]) -> None:
    story, _ = over
    asked = next(text for text in story.uncle.texts() if "是不是同一件" in text)
    assert "138" not in asked and "王" not in asked
    assert any("和前面反映的是同一件事" in text for text in story.uncle.texts())
    assert any("一起反映：2人" in text for text in story.aunt.texts())


def test_what_was_corrected_and_sent_stands_on_the_card(over: tuple[Story, Told]) -> None:
    cards = [text for text in over[0].aunt.texts() if "联系：" in text]
    assert "三天前" in cards[-1] and "照片：1张" in cards[-1] and "138****5678" in cards[-1]
    assert not any("13812345678" in text for text in over[0].aunt.texts())


def test_both_were_told_of_every_step_though_they_said_nothing(over: tuple[Story, Told]) -> None:
    for phone in (over[0].aunt, over[0].uncle):
        told = "\n".join(phone.texts("customer_service"))
        assert [told.count(step) for step in ("已经签收", "已经安排维修三班", "有答复了", "办完了")] == [1, 1, 1, 1]


def test_the_rating_by_number_is_kept(over: tuple[Story, Told]) -> None:
    assert over[1].rated == (True, Level.SATISFIED, True)


def test_a_person_spoke_and_the_assistant_went_on(over: tuple[Story, Told]) -> None:
    told = "\n".join(over[0].uncle.texts())
    steps = ("排在第一位", "工作人员来了", "李师傅您好", "让他们一起修", "工作人员先离开了")
    places = [told.find(step) for step in steps]
    assert -1 not in places and places == sorted(places)


def test_a_slow_answer_showed_typing_and_came_once(over: tuple[Story, Told]) -> None:
    story, played = over
    assert played.typing
    assert story.uncle.last.how == "customer_service"
    assert "已办结" in story.uncle.last.text and "编号" in story.uncle.last.text


def test_no_phone_speaks_of_buttons_or_shows_what_only_programs_read(over: tuple[Story, Told]) -> None:
    for phone in (over[0].aunt, over[0].uncle):
        whole = "\n".join(one.raw for one in phone.heard())
        assert not [word for word in ("按钮", "点“", "点一下", "页面", "{", "</", "\n\n\n") if word in whole]
