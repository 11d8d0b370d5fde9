"""The checks of a conversation, with a citizen to whom everything is answered as the test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from integrations.commands.citizen import Message
from integrations.services.errors import Rejected
from kb import words
from tests.conversations import dialog
from tests.conversations.dialog import Played, World, verify
from tests.conversations.script import Conversation, Script

SAY = words.load().say
CONTACT = SAY("report.ask_contact")
AGAIN_CONTACT = SAY("repair.again_report_contact")
PLACE = SAY("report.ask_place")
TICKET = {"kind": "ticket", "number": "4817 2093 5562", "rows": [{"label": "地点", "value": "同安路"}]}
CARD = {"kind": "confirm", "rows": [{"label": "地点", "value": "市北区同安路"}, {"label": "联系", "value": "匿名"}]}


def bubble(text: str, *titles: str, card: dict[str, Any] | None = None) -> Message:
    options = [{"number": number, "title": title} for number, title in enumerate(titles, 1)]
    return {"seq": 1, "text": text, "options": options, "card": card}


@dataclass
class FakeCitizen:
    """Everything that is said, tapped and sent is kept; each gets the next of `answers`."""

    answers: list[Sequence[Message]]
    greeting: Sequence[Message] = ()
    coming: list[Sequence[Message]] = field(default_factory=list)
    did: list[Any] = field(default_factory=list)
    conversation: str = "web:1"

    def begin(self) -> Sequence[Message]:
        return self.greeting

    def say(self, text: str) -> Sequence[Message]:
        if text == "太长":
            raise Rejected("一次最多2000个字")
        return self._next(text)

    def tap(self, message: Message, number: int) -> Sequence[Message]:
        return self._next(message["options"][number - 1]["title"])

    def burst(self, texts: Sequence[str]) -> Sequence[Message]:
        return self._next(list(texts))

    def pin(self, location: Mapping[str, Any]) -> Sequence[Message]:
        return self._next((location["lat"], location["lon"]))

    def photos(self, count: int, lat: float | None, lon: float | None, text: str) -> Sequence[Message]:
        return self._next((count, lat, lon, text))

    def voice(self, words: str) -> Sequence[Message]:
        return self._next(("voice", words))

    def news(self) -> Sequence[Message]:
        return self.coming.pop(0) if self.coming else ()

    def _next(self, did: Any) -> Sequence[Message]:
        self.did.append(did)
        return self.answers.pop(0) if self.answers else ()


@dataclass
class Others:
    """What was asked of the others."""

    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def world(self) -> World:
        return World(self._keep, self._keep, self._keep)

    def _keep(self, *what: Any) -> None:
        self.asked.append(what)


def conversation(*turns: Mapping[str, Any], **more: Any) -> Conversation:
    script = Script.model_validate({"name": "一盏路灯", "turns": list(turns), **more})
    return Conversation(Path("happy/a_lamp.yml"), script)


def play(*answers: Sequence[Message], turns: Sequence[Mapping[str, Any]], **more: Any) -> Played:
    return verify(conversation(*turns, **more), FakeCitizen(list(answers)), FakeCitizen([]), Others().world())


# -- what a turn asks for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "answer", "complaint"),
    [
        ({"hears": "手机号"}, bubble("好的"), "'手机号' is missing"),
        ({"never": "没听懂"}, bubble("我没听懂"), "'没听懂' must not stand"),
        ({"says": "report.dropped"}, bubble("好的"), "report.dropped is not said"),
        ({"never_says": "report.ask_place"}, bubble(PLACE), "report.ask_place must not be said"),
        ({"asks": "contact"}, bubble(PLACE), "'contact' is not asked for"),
        ({"never_asks": "place"}, bubble(PLACE), "'place' must not be asked for"),
        ({"card": "confirm"}, bubble("好", card=TICKET), "no card 'confirm'"),
        ({"no_card": "danger"}, bubble("快跑", card={"kind": "danger"}), "must be no card 'danger'"),
        ({"offers": "匿名"}, bubble("好", "转人工"), "no button '匿名'"),
        ({"rows": {"地点": "闽江路"}}, bubble("好", card=CARD), "'市北区同安路', without '闽江路'"),
        ({"rows": {"时间": "昨天"}}, bubble("好", card=CARD), "no line '时间'"),
        ({"not_rows": {"地点": "同安路"}}, bubble("好", card=CARD), "with '同安路'"),
        ({"silent": True}, bubble("我也来说一句"), "was to say nothing"),
    ],
)
def test_what_is_missing_is_named_with_file_and_turn(check: Mapping[str, Any], answer: Message, complaint: str) -> None:
    with pytest.raises(AssertionError) as failed:
        play([bubble("您好")], [answer], turns=[{"say": "在吗"}, {"say": "路灯坏了", **check}])
    assert complaint in str(failed.value)
    assert "happy/a_lamp, turn 2 (路灯坏了)" in str(failed.value)


def test_what_is_right_passes() -> None:
    played = play(
        [bubble(CONTACT, "不留，匿名提交")],
        [bubble("请看", "确认提交", card=CARD)],
        [bubble("登记好了", card=TICKET)],
        turns=[
            {"say": "同安路路灯坏了", "asks": "contact", "never_asks": "place", "offers": "匿名"},
            {
                "tap": "匿名",
                "card": "confirm",
                "rows": {"地点": "同安路", "联系": "匿名"},
                "not_rows": {"地点": "闽江路"},
            },
            {"tap": "确认提交", "card": "ticket"},
        ],
        most_turns=3,
    )
    assert played == Played(turns_to_ticket=3, turns=3, details=0)


def test_every_way_of_a_sentence_is_that_sentence() -> None:
    for way in words.load().ways("repair.hold_on"):
        play([bubble(way)], turns=[{"say": "等一下", "says": "repair.hold_on"}])


def test_a_sentence_with_gaps_is_known_whatever_stands_in_them() -> None:
    said = SAY("report.phone_short", figures=1)
    play([bubble(said)], turns=[{"say": "1381234567", "says": "report.phone_short"}])


def test_the_ticket_comes_late() -> None:
    with pytest.raises(AssertionError, match="happy/a_lamp: 2 turns to a ticket, 1 at most"):
        play([bubble("嗯")], [bubble("好", card=TICKET)], turns=[{"say": "灯"}, {"say": "坏了"}], most_turns=1)


def test_the_ticket_never_comes() -> None:
    with pytest.raises(AssertionError, match="happy/a_lamp: no ticket was shown"):
        play([bubble("嗯")], turns=[{"say": "灯"}], most_turns=1)


# -- what holds of every answer ------------------------------------------------------------------------------------


def test_the_same_question_twice_in_a_row_in_the_same_words_is_caught() -> None:
    turns = [{"say": "路灯坏了"}, {"say": "暖气几号供"}]
    with pytest.raises(AssertionError, match=r"(?s)comes again in the same words.*happy/a_lamp, turn 2"):
        play([bubble(CONTACT)], [bubble("11月16日"), bubble(CONTACT)], turns=turns)
    play([bubble(CONTACT)], [bubble("11月16日"), bubble(AGAIN_CONTACT)], turns=turns)
    play([bubble(CONTACT)], [bubble(CONTACT)], turns=[turns[0], {**turns[1], "again": True}])
    play([bubble(CONTACT)], [bubble(CONTACT)], turns=turns, no_repeat=False)


def test_a_question_that_no_words_file_has_is_a_question_too() -> None:
    with pytest.raises(AssertionError, match="same words"):
        play([bubble("您再说一遍？")], [bubble("您再说一遍？")], turns=[{"say": "灯"}, {"say": "路灯"}])


def test_the_same_question_for_the_next_report_is_no_repetition() -> None:
    play(
        [bubble(CONTACT)],
        [bubble("好", card=TICKET)],
        [bubble(CONTACT)],
        turns=[{"say": "路灯坏了"}, {"say": "匿名"}, {"say": "还有垃圾"}],
    )


def test_two_questions_in_one_answer_are_caught() -> None:
    with pytest.raises(AssertionError, match="contact and place are asked at once"):
        play([bubble(PLACE), bubble(CONTACT)], turns=[{"say": "路灯坏了"}])


def test_a_whole_telephone_number_is_caught_wherever_it_stands() -> None:
    card = {"kind": "confirm", "rows": [{"label": "问题", "value": "路灯坏了13812345678"}]}
    with pytest.raises(AssertionError, match="telephone number stands whole"):
        play([bubble("请看", card=card)], turns=[{"say": "路灯坏了"}])


def test_an_apology_for_a_failure_is_caught() -> None:
    with pytest.raises(AssertionError, match="something went wrong"):
        play([bubble(words.load().ways("repair.sorry")[1])], turns=[{"say": "路灯坏了"}])


def test_being_told_to_wait_is_no_answer() -> None:
    wait = bubble(words.load().ways("chat.please_wait")[0])
    play([wait], turns=[{"say": "路灯坏了", "silent": True}])
    play([wait, bubble(CONTACT)], turns=[{"say": "路灯坏了", "asks": "contact"}])


# -- what the citizen does -----------------------------------------------------------------------------------------


def detail() -> Message:
    return bubble("有没有人摔倒或者车被硌坏？", "是", "不是", "不知道")


def test_details_that_the_file_does_not_speak_of_are_answered_with_not_known() -> None:
    citizen = FakeCitizen([[detail()], [bubble(CONTACT)]])
    played = verify(conversation({"say": "路上有坑", "asks": "contact"}), citizen, FakeCitizen([]), Others().world())
    assert citizen.did == ["路上有坑", "不知道"]
    assert (played.turns, played.details) == (2, 1)


def test_details_that_the_citizen_knows_are_told() -> None:
    citizen = FakeCitizen([[detail()], [bubble(CONTACT)]])
    one = conversation({"say": "路上有坑", "asks": "contact"}, knows={"摔倒": "摔了两个"})
    verify(one, citizen, FakeCitizen([]), Others().world())
    assert citizen.did == ["路上有坑", "摔了两个"]


def test_details_that_the_file_speaks_of_are_left_to_it() -> None:
    citizen = FakeCitizen([[detail()], [bubble(CONTACT)]])
    turns: list[dict[str, Any]] = [{"say": "路上有坑", "asks": "more"}, {"tap": "不是", "asks": "contact"}]
    verify(conversation(*turns), citizen, FakeCitizen([]), Others().world())
    assert citizen.did == ["路上有坑", "不是"]


def test_the_same_detail_asked_again_is_caught() -> None:
    with pytest.raises(AssertionError, match=r"(?s)same words.*turn 1 \(路上有坑\), asked for a detail"):
        play([detail()], [detail()], turns=[{"say": "路上有坑"}])


def test_the_latest_button_with_the_words_is_tapped() -> None:
    citizen = FakeCitizen([[bubble("一", "查进度")], [bubble("二", "查进度 2")], []])
    turns = [{"say": "一"}, {"say": "二"}, {"tap": "查进度"}]
    verify(conversation(*turns), citizen, FakeCitizen([]), Others().world())
    assert citizen.did[-1] == "查进度 2"


def test_a_button_that_is_not_there_is_named() -> None:
    with pytest.raises(AssertionError, match=r"no button '匿名' in happy/a_lamp, turn 1 \(匿名\)"):
        play(turns=[{"tap": "匿名"}])


def test_bursts_pins_and_long_texts_are_sent() -> None:
    citizen = FakeCitizen([[], [], []])
    turns: list[dict[str, Any]] = [
        {"burst": ["一", "二"]},
        {"pin": {"lat": 36.1, "lon": 120.4}},
        {"say": "长", "times": 3},
    ]
    assert verify(conversation(*turns), citizen, FakeCitizen([]), Others().world()).turns == 3
    assert citizen.did == [["一", "二"], (36.1, 120.4), "长长长"]


def test_photos_and_recordings_are_sent() -> None:
    citizen = FakeCitizen([[], [], []])
    turns: list[dict[str, Any]] = [
        {"photo": {"count": 2}},
        {"photo": {"lat": 36.1, "lon": 120.4}, "text": "坏了"},
        {"voice": "灯坏了"},
    ]
    verify(conversation(*turns), citizen, FakeCitizen([]), Others().world())
    assert citizen.did == [(2, None, None, ""), (1, 36.1, 120.4, "坏了"), ("voice", "灯坏了")]


def test_what_is_not_taken_in_can_be_checked() -> None:
    play(turns=[{"say": "太长", "hears": "最多2000个字"}])


def test_the_number_and_the_code_that_were_shown_can_be_said_on_another_device() -> None:
    code = SAY("linking.code", code="1234 5678", minutes=10)
    mine = FakeCitizen([[bubble("好", card=TICKET)], [bubble(code)]])
    other = FakeCitizen([[bubble("好")], [bubble("好")]], greeting=[bubble("您好")])
    turns: list[dict[str, Any]] = [
        {"say": "路灯坏了", "card": "ticket"},
        {"say": "要连接码"},
        {"device": "other", "say": "连接码 {code}"},
        {"device": "other", "say": "查进度 {ticket}"},
    ]
    verify(conversation(*turns), mine, other, Others().world())
    assert other.did == ["连接码 1234 5678", "查进度 481720935562"]


def test_a_number_that_nobody_has_shown_is_named() -> None:
    with pytest.raises(AssertionError, match="no ticket has been shown before happy/a_lamp, turn 1"):
        play(turns=[{"say": "查进度 {ticket}"}])


def test_another_citizen_comes_first_and_does_not_count() -> None:
    other = FakeCitizen([[bubble("好", card=TICKET)]])
    mine = FakeCitizen([[bubble("好", card=TICKET)]])
    one = conversation({"say": "我也是"}, before=[{"say": "路灯坏了", "card": "ticket"}], most_turns=1)
    assert verify(one, mine, other, Others().world()).turns_to_ticket == 1
    assert (mine.did, other.did) == (["我也是"], ["路灯坏了"])


# -- others --------------------------------------------------------------------------------------------------------


def test_the_department_the_desk_and_time_do_their_part() -> None:
    citizen = FakeCitizen([[bubble("好", card=TICKET)]], coming=[[], [bubble("办完了")], [bubble("我是小王")]])
    others = Others()
    turns: list[dict[str, Any]] = [
        {"say": "路灯坏了", "card": "ticket"},
        {"department": "closed", "text": "换了灯泡", "hears": "办完了"},
        {"clerk": "say", "text": "我是小王", "hears": "我是小王"},
        {"pause_hours": 20},
    ]
    assert verify(conversation(*turns), citizen, FakeCitizen([]), others.world()).turns == 1
    assert others.asked == [
        ("481720935562", "closed", "换了灯泡"),
        ("web:1", "say", "我是小王"),
        ("web:1", 20.0),
    ]


def test_a_notice_that_does_not_come_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog, "NOTICE_SECONDS", 0.1)
    turns = [{"say": "路灯坏了"}, {"department": "closed", "hears": "办完了"}]
    with pytest.raises(AssertionError, match=r"'办完了' is missing in happy/a_lamp, turn 2 \(closed\)"):
        play([bubble("好", card=TICKET)], turns=turns)
