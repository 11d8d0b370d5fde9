"""The laws of the channel, kept by a real gateway and a real worker against the emulator of WeChat, in safe mode."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

import pytest

from kb import words as words_of
from tests.fake_wechat import Phone
from tests.media_files import photo
from tests.wechat.processes import HEARD, System

# Real processes, which need time of their own.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SEND, TYPING, TOKEN = (
    "/cgi-bin/message/custom/send",
    "/cgi-bin/message/custom/typing",
    "/cgi-bin/stable_token",
)
LONG = "路" * 682 + "灯坏"  # 2,052 bytes of UTF-8


def lawful(system: System, *phones: Phone, refused: Sequence[int] = ()) -> None:
    """Nothing was heard twice, nobody saw the fault text, and no message was sent in vain."""
    assert system.rasa.twice == {}
    for phone in phones:
        assert phone.faults == 0, phone.shown()
    mine = {phone.openid for phone in phones}
    vain = [one.code for one in system.fake.counters.calls if one.path == SEND and one.code and one.who in mine]
    assert set(vain) <= set(refused)


def told(phone: Phone, words: str) -> int:
    """How often the phone shows these words of the account's."""
    return sum(text.count(words) for text in phone.texts())


def test_the_console_takes_the_address(system: System) -> None:
    assert system.fake.check_hook()


def test_what_is_ready_goes_in_the_push_s_own_answer_and_what_is_not_by_customer_service(system: System) -> None:
    """Rasa takes 0.1, 3 and 6 seconds, for three citizens at a time."""
    waits = {"很快的。": 0.1, "三秒的。": 3.0, "六秒的。": 6.0}
    system.rasa.delays = dict(waits)
    phones = {words: system.fake.citizen(words) for words in waits}
    pushed = {words: phone.say(words) for words, phone in phones.items()}
    records = {words: one.wait() for words, one in pushed.items()}

    assert [records[words].result for words in waits] == ["reply", "reply", "nothing"]
    assert all(len(one.tries) == 1 for one in records.values())
    phones["六秒的。"].wait_for(lambda phone: phone.typing, 2)
    for words, phone in phones.items():
        phone.wait_for(HEARD + words, 10)
    assert phones["六秒的。"].heard()[-1].how == "customer_service"
    assert not phones["六秒的。"].typing
    time.sleep(1.0)  # long enough for a second message to show
    for words, phone in phones.items():
        assert (told(phone, HEARD + words), system.rasa.times(words)) == (1, 1), phone.shown()
    assert system.fake.counters.count(SEND) == 1
    assert system.fake.counters.refused() == {}
    lawful(system, *phones.values())


def test_a_command_of_rasa_s_typed_by_a_citizen_is_only_words(system: System) -> None:
    phone = system.fake.citizen()
    for words in ("/restart", "/session_start", '/inform{"phone":"1"}'):
        assert phone.say(words).wait().result == "reply"
    assert len(system.rasa.texts) == 3
    assert not [text for text in system.rasa.texts if text.startswith("/")]
    lawful(system, phone)


@pytest.mark.parametrize(
    "words",
    [
        "]]></Content><MsgType>news</MsgType><Content><![CDATA[",
        "👩‍👩‍👧‍👦🇨🇳👍🏽 路灯",
        "a<b>&amp;\"'</b>",
        "行一\n行二",
    ],
)
def test_what_rasa_says_is_read_to_the_letter(system: System, words: str) -> None:
    """Whether it is told in the push's own answer or by customer service."""
    system.rasa.answer = lambda text: [{"text": words}]
    phone = system.fake.citizen()
    assert phone.say(words).wait().result == "reply"
    assert phone.last.raw == words
    lawful(system, phone)


@pytest.mark.parametrize("bad", ["\x00", "\x0b", "\ufffe", "\ud83d"])
def test_a_letter_that_xml_cannot_carry_spoils_no_answer(system: System, bad: str) -> None:
    system.rasa.answer = lambda text: [{"text": f"前{bad}后"}]
    phone = system.fake.citizen()
    assert phone.say("路灯").wait().result == "reply"
    assert (phone.last.raw[0], phone.last.raw[-1]) == ("前", "后")
    lawful(system, phone)


def test_a_letter_that_xml_cannot_carry_spoils_no_customer_service_message(system: System) -> None:
    system.rasa.seconds = 4.5
    system.rasa.answer = lambda text: [{"text": "前\x00\ud83d后"}]
    phone = system.fake.citizen()
    assert phone.say("路灯").wait().result == "nothing"
    phone.wait_for(1)
    assert (phone.last.text[0], phone.last.text[-1]) == ("前", "后")
    lawful(system, phone)


def test_a_long_answer_comes_in_parts_that_wechat_carries(system: System) -> None:
    system.rasa.answer = lambda text: [{"text": LONG}]
    phone = system.fake.citizen()
    assert phone.say("说长一点").wait().result == "reply"
    phone.wait_for(2)
    assert "".join(phone.texts()) == LONG
    assert max(len(text.encode()) for text in phone.texts()) <= 2048
    lawful(system, phone)


def test_a_very_long_answer_takes_no_more_messages_than_there_are_and_the_rest_comes_on_demand(
    system: System,
) -> None:
    whole = "".join(f"第{number}句话在这里。" for number in range(1500))
    system.rasa.answer = lambda text: [{"text": whole if "长" in text else HEARD + text}]
    phone = system.fake.citizen()
    assert phone.say("说很长").wait().result == "reply"
    phone.wait_for(6, 10)
    for _ in range(4):
        if told(phone, "第1499句话"):
            break
        phone.say("好").wait()
        time.sleep(1.5)
    shown = "".join(phone.texts())
    assert [number for number in range(1500) if shown.count(f"第{number}句话在这里。") != 1] == []
    assert max(len(text.encode()) for text in phone.texts()) <= 2048
    lawful(system, phone)


def test_answers_to_choices_by_number_title_and_menu_id(system: System) -> None:
    buttons = [{"title": "我要反映", "payload": "/start_report"}, {"title": "查进度", "payload": "/check_progress"}]
    system.rasa.answer = lambda text: [{"text": "请选", "buttons": buttons}]
    phone = system.fake.citizen()
    phone.say("你好").wait()
    assert "/start_report" not in phone.shown() and "1. 我要反映" in phone.last.text
    phone.say("1").wait()
    phone.say("查进度").wait()
    assert system.rasa.texts[1:] == ["/start_report", "/check_progress"]
    lawful(system, phone)


COME_AGAIN = words_of.load().say("wechat.shed")


# -- pushes that come twice, late, not at all ------------------------------------------------------------------------


def test_a_push_whose_answer_was_lost_gets_the_same_answer_again(system: System) -> None:
    system.fake.pushes.apart = 0.2
    system.fake.push_faults.order("dropped", times=2)
    phone = system.fake.citizen()
    record = phone.say("丢了两次。").wait()
    assert record.outcomes == ["lost", "lost", "reply"]
    assert (system.rasa.times("丢了两次。"), told(phone, HEARD + "丢了两次。")) == (1, 1)
    lawful(system, phone)


def test_a_push_that_comes_twice_at_once_is_one_turn(system: System) -> None:
    system.rasa.seconds = 0.5
    system.fake.push_faults.order("doubled")
    phone = system.fake.citizen()
    phone.say("同时两次。").wait()
    phone.wait_for(HEARD + "同时两次。")
    time.sleep(1.0)
    assert (system.rasa.times("同时两次。"), told(phone, HEARD + "同时两次。")) == (1, 1)
    lawful(system, phone)


def test_an_event_that_comes_three_times_is_one_turn(system: System) -> None:
    system.fake.pushes.apart = 0.2
    system.fake.push_faults.order("dropped", times=2)
    phone = system.fake.citizen()
    record = phone.click_menu("say:check_progress")
    assert not isinstance(record, str)
    assert record.wait().outcomes == ["lost", "lost", "reply"]
    assert system.rasa.texts == ["/check_progress"]
    lawful(system, phone)


@pytest.mark.timeout(180)
def test_forty_citizens_whose_pushes_are_lost_doubled_late_and_out_of_order(system: System) -> None:
    """By chance with a seed; every citizen says five things, some before the answer to the last has come."""
    fake, rasa, dice = system.fake, system.rasa, random.Random(8)
    rasa.seconds = 0.03
    fake.pushes.apart = 0.5
    fake.push_faults.by_chance(
        seed=8, dropped=0.08, unheard=0.05, doubled=0.08, delayed=0.1, reordered=0.05, seconds=0.3
    )
    phones = [fake.citizen(f"第{number}位") for number in range(40)]
    words = {
        phone.openid: [f"市民{number:02}说的第{count}句。" for count in range(5)] for number, phone in enumerate(phones)
    }
    under_way: list[Any] = []
    for count in range(5):
        for phone in phones:
            under_way.append(phone.say(words[phone.openid][count]))
            time.sleep(dice.random() * 0.08)  # no more at once than a gateway takes in
    records = [one.wait(60) for one in under_way]
    said = [(phone, words[phone.openid][count]) for count in range(5) for phone in phones]
    # on a machine that is too busy some are asked to send it again, and those are not heard
    shed = [one.reply == COME_AGAIN for one in records]
    assert sum(shed) < len(said) / 2
    for (phone, text), was_shed in zip(said, shed, strict=True):
        if not was_shed:
            phone.wait_for(HEARD + text, 30)
    time.sleep(1.0)

    for (phone, text), was_shed in zip(said, shed, strict=True):
        assert rasa.times(text) == (not was_shed), text
        assert told(phone, HEARD + text) == (not was_shed), phone.shown()
    assert {one.result for one in records} <= {"reply", "nothing"}
    assert {outcome for one in records for outcome in one.outcomes} >= {"lost"}
    lawful(system, *phones)


# -- the API is away -------------------------------------------------------------------------------------------------


def late(system: System, words: str, seconds: float = 4.5) -> Phone:
    """A citizen whose answer is too late for the push's own."""
    system.rasa.delays[words] = seconds
    phone = system.fake.citizen()
    assert phone.say(words).wait().result == "nothing"
    return phone


def test_a_token_that_is_refused_is_fetched_again_once(system: System) -> None:
    code = 40001
    before = system.fake.counters.tokens_issued
    system.fake.faults.order(SEND, code)
    phone = late(system, f"票据{code}。")
    phone.wait_for(HEARD + f"票据{code}。")
    time.sleep(0.7)
    assert told(phone, HEARD + f"票据{code}。") == 1
    assert system.fake.counters.refused(SEND) == {code: 1}
    assert system.fake.counters.tokens_issued <= before + 1
    lawful(system, phone, refused=[code])


def test_a_token_that_is_void_in_the_middle_costs_one_call(system: System) -> None:
    system.fake.tokens.kill()
    phone = late(system, "票据作废。")
    phone.wait_for(HEARD + "票据作废。")
    assert told(phone, HEARD + "票据作废。") == 1
    assert system.fake.counters.count(TOKEN) <= 2
    assert sum(system.fake.counters.refused().values()) <= 2


@pytest.mark.parametrize("kind", [-1, "http_500", "cut", "garbage"])
def test_what_wechat_did_not_take_is_sent_again(system: System, kind: Any) -> None:
    system.fake.faults.order(SEND, kind)
    words = f"没收下{kind}。"
    phone = late(system, words)
    phone.wait_for(HEARD + words, 15)
    time.sleep(0.7)
    assert told(phone, HEARD + words) in ((1,) if kind == -1 else (1, 2))
    lawful(system, phone, refused=[-1, 500, 502, -2, 200])


def test_what_wechat_may_have_taken_is_told_at_most_twice(system: System) -> None:
    system.fake.faults.order(SEND, "lost")
    phone = late(system, "回执丢了。")
    phone.wait_for(HEARD + "回执丢了。")
    time.sleep(4.0)
    assert 1 <= told(phone, HEARD + "回执丢了。") <= 2
    assert system.rasa.times("回执丢了。") == 1


def test_a_slow_api_makes_no_push_late(system: System) -> None:
    """Neither the showing of 'typing' nor the sending keeps a push waiting."""
    system.fake.faults.order(TYPING, "slow", seconds=4)
    phone = system.fake.citizen()
    system.rasa.delays["打字慢。"] = 5.0
    record = phone.say("打字慢。").wait()
    assert record.outcomes == ["nothing"], record
    phone.wait_for(HEARD + "打字慢。", 15)
    lawful(system, phone)


def test_who_leaves_in_the_middle_is_sent_nothing_and_no_call_is_wasted(system: System) -> None:
    system.rasa.delays["我走了。"] = 5.5
    phone = system.fake.citizen()
    phone.say("我走了。").wait()
    phone.unfollow().wait()
    time.sleep(3.0)
    assert phone.texts() == []
    assert [one for one in system.fake.counters.calls if one.path == SEND and one.who == phone.openid] == []
    phone.follow().wait()
    phone.wait_for(HEARD + "我走了。")
    assert told(phone, HEARD + "我走了。") == 1
    lawful(system, phone)


# -- other kinds of messages -----------------------------------------------------------------------------------------


def test_a_place_is_heard_as_it_was_sent(system: System) -> None:
    phone = system.fake.citizen()
    assert phone.send_pin(36.067, 120.383, "翠湖小区北门").wait().result == "reply"
    (_, _, metadata) = system.rasa.heard[-1]
    assert metadata["location"]["crs"] == "GCJ-02"
    assert (metadata["location"]["lat"], metadata["location"]["lon"]) == (36.067, 120.383)
    lawful(system, phone)


def test_pictures_in_a_burst_are_fetched_and_each_is_heard_once(system: System) -> None:
    phone = system.fake.citizen()
    pushed = [phone.send_picture(photo(colour)) for colour in ("red", "green", "blue")]
    for one in pushed:
        assert one.wait().result in ("reply", "nothing")
    phone.wait_for(lambda _: sum(len(metadata["photos"]) for _, _, metadata in system.rasa.heard) == 3)
    assert system.fake.counters.count("/cgi-bin/media/get", 0) == 3
    lawful(system, phone)


def test_a_picture_whose_media_is_gone_is_fetched_by_its_address(system: System) -> None:
    system.fake.faults.order("/cgi-bin/media/get", 40007)
    phone = system.fake.citizen()
    phone.send_picture(photo()).wait()
    phone.wait_for(1)
    assert [len(metadata["photos"]) for _, _, metadata in system.rasa.heard] == [1]
    lawful(system, phone)


@pytest.mark.parametrize("recognition", [None, ""])
def test_a_recording_that_nobody_can_transcribe_is_answered_kindly_and_never_heard_empty(
    system: System, recognition: str | None
) -> None:
    phone = system.fake.citizen()
    phone.send_voice(b"#!AMR\n" + bytes(40), b"#!AMR-WB\n" + bytes(40), recognition=recognition).wait()
    phone.wait_for(1)
    assert all(text.strip() for text in system.rasa.texts)
    lawful(system, phone)


def test_stickers_videos_and_unknown_kinds_are_answered_and_not_heard(system: System) -> None:
    phone = system.fake.citizen()
    for pushed in (phone.send_sticker(), phone.send_video(), phone.send_video(short=True), phone.send_other("file")):
        assert pushed.wait().result == "reply"
    assert phone.send_event("never_heard_of", EventKey="x").wait().result == "nothing"
    assert phone.auto_location(36.0, 120.3).wait().result == "nothing"
    assert system.rasa.heard == []
    lawful(system, phone)


def test_a_follow_is_greeted_once_and_a_menu_click_is_heard(system: System) -> None:
    phone = system.fake.citizen(follows=False)
    assert phone.follow().wait().result == "reply"
    assert len(phone.texts()) == 1
    pushed = phone.click_menu("say:start_report")
    assert not isinstance(pushed, str)
    assert pushed.wait().result == "reply"
    assert system.rasa.texts == ["/start_report"]
    lawful(system, phone)


def test_nothing_that_a_citizen_said_and_no_openid_stands_in_a_log(system: System) -> None:
    phone = system.fake.citizen()
    phone.say("这句话不许进日志。").wait()
    system.fake.faults.order(SEND, "http_500")
    late(system, "这句也不许进。").wait_for(HEARD)
    logs = system.logs()
    assert "不许进" not in logs
    assert [one for one in system.fake.citizens if one in logs] == []
    assert system.fake.account.secret not in logs
