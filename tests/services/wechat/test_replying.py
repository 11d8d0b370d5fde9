"""The passive reply: in time, the same however often it is asked for, and never instead of an answer that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.services.records import Bubble, Option, Said
from integrations.services.wechat.records import Stage
from kb.wechat.pushes import PushKind
from tests.fakes import FakeClock, FakeListener
from tests.media_files import photo
from tests.services.wechat.citizen import OPENID, FakeWechatApi, push, said
from tests.services.wechat.conftest import Ask

Run = Callable[..., Any]
LAMP = "合肥路的路灯坏了，三天了没人管。"


def stage(services: Services, key: str) -> Stage:
    with services.unit_of_work() as tx:
        found = tx.wechat.find(key)
    assert found is not None
    return found.stage


# -- in time -----------------------------------------------------------------------------------------------------


def test_what_is_ready_in_time_is_answered_passively_and_uses_no_quota(
    services: Services, api: FakeWechatApi, ask: Ask
) -> None:
    one = said(LAMP)

    assert ask(one) == f"听到了：{LAMP}"
    assert stage(services, one.key) is Stage.DONE
    with services.unit_of_work() as tx:
        reader = tx.wechat.reader(OPENID)
    assert reader is not None and reader.budget.left(services.clock()) == 5
    assert services.wechat.delivering.run_due() == 0
    assert api.sent == []


def test_a_push_that_comes_again_gets_the_same_reply_and_is_heard_once(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask
) -> None:
    one = said(LAMP)
    replies = [ask(one) for _ in range(3)]

    assert replies == [f"听到了：{LAMP}"] * 3
    assert listener.texts == [LAMP]


def test_a_retry_while_the_first_try_is_still_heard_waits_for_the_same_turn(
    services: Services, listener: FakeListener, run: Run
) -> None:
    listener.seconds = 0.4
    one = said(LAMP)

    async def both() -> list[str]:
        replying, began = services.wechat.replying, asyncio.get_running_loop().time()
        tries = [asyncio.create_task(replying.reply(one, began)) for _ in range(2)]
        return [(await task).text for task in tries]

    assert run(both()) == [f"听到了：{LAMP}"] * 2
    assert listener.texts == [LAMP]


def test_two_gateways_take_one_push_once(services: Services, listener: FakeListener, run: Run) -> None:
    other = bootstrap.build(services.settings, **services.replacements)
    one = said(LAMP)

    async def both() -> list[str]:
        began = asyncio.get_running_loop().time()
        tries = [each.wechat.replying.reply(one, began) for each in (services, other)]
        return [reply.text for reply in await asyncio.gather(*tries)]

    assert run(both()) == [f"听到了：{LAMP}"] * 2
    assert listener.texts == [LAMP]


def test_all_bubbles_go_together_and_choices_are_numbered(services: Services, listener: FakeListener, ask: Ask) -> None:
    options = (Option("是的，提交", "/confirm"), Option("要改", "/change"))
    rows = [{"label": "地点", "value": "合肥路"}, {"label": "电话", "value": ""}]
    listener.answers = lambda said: [
        Bubble("收到了。"),
        Bubble("这样对吗？", options, {"kind": "confirm", "title": "核对一下", "rows": rows}),
    ]

    assert ask(said(LAMP)) == ("收到了。\n\n这样对吗？\n\n地点：合肥路\n\n1. 是的，提交\n2. 要改\n回复前面的数字就行。")
    for typed in ("1", "是的，提交"):
        ask(said(typed))
        assert listener.said[-1].payload == "/confirm"


def test_choices_can_be_tapped_and_show_no_payload(services: Services, listener: FakeListener, ask: Ask) -> None:
    services.settings = services.settings.model_copy(update={"wechat_links": True})
    listener.answers = lambda said: [Bubble("这样对吗？", (Option('对"<&>', "/confirm"),))]
    shown = ask(said(LAMP))

    assert shown.endswith('<a href="weixin://bizmsgmenu?msgmenucontent=对&msgmenuid=3.1">对</a>')
    assert "/confirm" not in shown
    ask(push(PushKind.TEXT, "对", menu_id="3.1"))
    assert listener.said[-1] == Said('对"<&>', "/confirm")


@pytest.mark.parametrize("menu_id", ["3.9", "99.1", "abc", "0.0", "999999999.999"])
def test_a_tap_on_a_choice_that_is_none_is_heard_as_its_words(
    services: Services, listener: FakeListener, ask: Ask, menu_id: str
) -> None:
    ask(said(LAMP))
    ask(push(PushKind.TEXT, "说别的", menu_id=menu_id))

    assert (listener.said[-1].text, listener.said[-1].payload) == ("说别的", None)


def test_a_command_of_rasas_is_only_words(services: Services, listener: FakeListener, ask: Ask) -> None:
    ask(said('/inform{"phone": "1"}'))

    assert listener.said[-1].payload is None
    assert not listener.said[-1].text.startswith("/")


# -- too late ----------------------------------------------------------------------------------------------------


def test_what_is_not_ready_in_time_is_told_by_the_other_way_once(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask, clock: FakeClock
) -> None:
    listener.seconds = 0.3
    one = said(LAMP)

    assert ask(one, late=4.15) == ""
    assert api.typed == [OPENID]
    assert api.texts == [f"听到了：{LAMP}"]
    assert ask(one) == "", "a late retry gets nothing more"
    clock.move(seconds=60)
    services.wechat.delivering.run_due()
    assert api.texts == [f"听到了：{LAMP}"]
    with services.unit_of_work() as tx:
        reader = tx.wechat.reader(OPENID)
    assert reader is not None and reader.budget.left(clock()) == 4


def test_typing_is_shown_once_in_a_while(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask
) -> None:
    listener.seconds = 0.3
    ask(said(LAMP), late=4.15)
    ask(said("还有，旁边的井盖也坏了。"), late=4.15)

    assert api.typed == [OPENID]


def test_rasa_away_leaves_the_message_for_later_and_the_worker_tells_the_answer(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask, clock: FakeClock, run: Run
) -> None:
    listener.away = True
    assert ask(said(LAMP), late=4.1) == ""
    assert api.sent == []

    listener.away = False
    clock.move(seconds=10)
    (left,) = services.conversing.stale()
    services.conversing.please_wait(left.id)
    run(services.conversing.drive(left))
    assert services.wechat.delivering.run_due() == 1
    assert api.texts == [f"听到了：{LAMP}"], "and no line that only says 'wait'"


def test_a_reply_that_nobody_saw_leave_is_told_once_more(
    services: Services, api: FakeWechatApi, run: Run, clock: FakeClock
) -> None:
    one = said(LAMP)

    async def dies() -> None:
        await services.wechat.replying.reply(one, asyncio.get_running_loop().time())

    run(dies())
    assert stage(services, one.key) is Stage.HANDED
    assert services.wechat.delivering.recover() == 0, "WeChat may still ask again"
    clock.move(seconds=21)
    assert services.wechat.delivering.recover() == 1
    services.wechat.delivering.run_due()
    assert api.texts == [f"听到了：{LAMP}"]
    assert services.wechat.delivering.recover() == 0


def test_a_reply_that_leaves_too_late_is_not_taken_for_told(
    services: Services, run: Run, clock: FakeClock, api: FakeWechatApi
) -> None:
    one = said(LAMP)

    async def slow() -> None:
        replying, now = services.wechat.replying, asyncio.get_running_loop().time()
        reply = await replying.reply(one, now)
        await replying.confirm(reply, now - 5)

    run(slow())
    assert stage(services, one.key) is Stage.HANDED


# -- an account without another way ------------------------------------------------------------------------------


@pytest.fixture
def passive(services: Services) -> Services:
    services.settings = services.settings.model_copy(update={"wechat_verified": False})

    async def at_once(_seconds: float) -> None: ...

    services.replacements["wechat_replying"] = {"sleep": at_once}
    return services


def test_without_another_way_the_third_try_says_how_to_get_the_answer(
    passive: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask
) -> None:
    listener.seconds = 0.3
    one = said(LAMP)
    first = [ask(one, late=4.19)]
    with passive.unit_of_work() as tx:  # the answer came after the first try was given up
        assert tx.wechat.find(one.key).reply is None  # type: ignore[union-attr]
    assert first == [""]

    assert ask(one) == f"听到了：{LAMP}", "at the second try it is ready"
    assert api.sent == [] and api.typed == []


def test_who_was_asked_to_come_back_gets_the_answer_for_any_word(
    passive: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask, run: Run, clock: FakeClock
) -> None:
    one = said(LAMP)
    listener.away = True
    assert [ask(one, late=4.1) for _ in range(3)] == ["", "", passive.speech.words.say("wechat.come_back")]

    listener.away = False
    clock.move(seconds=10)
    for left in passive.conversing.stale():
        run(passive.conversing.drive(left))
    assert ask(said("好")) == f"听到了：{LAMP}"
    assert listener.texts == [LAMP], "the word itself is not heard"
    assert ask(said("好")) == "听到了：好", "the next one is"
    assert api.sent == []


def test_something_of_substance_is_heard_although_any_word_would_do(
    passive: Services, listener: FakeListener, ask: Ask, run: Run, clock: FakeClock
) -> None:
    one = said(LAMP)
    listener.away = True
    for _ in range(3):
        ask(one, late=4.1)
    listener.away = False
    clock.move(seconds=10)

    reply = ask(said("还有，井盖也坏了，很危险。"))
    assert listener.texts == [LAMP, "还有，井盖也坏了，很危险。"] or len(listener.texts) == 1
    assert LAMP in reply


# -- every kind --------------------------------------------------------------------------------------------------


def test_following_is_greeted_and_following_again_too(services: Services, ask: Ask, listener: FakeListener) -> None:
    assert "接诉" in ask(push(PushKind.FOLLOW, event="subscribe"))
    assert ask(push(PushKind.UNFOLLOW, event="unsubscribe")) == ""
    assert ask(push(PushKind.FOLLOW, event="subscribe")) == services.speech.words.say("wechat.welcome_back")
    assert listener.said == []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (PushKind.UNSUPPORTED, "wechat.sticker"),
        (PushKind.VIDEO, "wechat.video"),
        (PushKind.OTHER, "wechat.other"),
        (PushKind.CLICK, "wechat.other"),
    ],
)
def test_what_we_cannot_hear_is_answered_kindly(
    services: Services, listener: FakeListener, ask: Ask, kind: PushKind, words: str
) -> None:
    one = push(kind, event_key="unknown" if kind is PushKind.CLICK else "")
    assert [ask(one), ask(one)] == [services.speech.words.say(words)] * 2
    assert listener.said == []


@pytest.mark.parametrize("kind", [PushKind.SILENT, PushKind.CONSENT, PushKind.NOTICE_SENT, PushKind.UNFOLLOW])
def test_what_needs_no_answer_gets_none(services: Services, listener: FakeListener, ask: Ask, kind: PushKind) -> None:
    assert ask(push(kind)) == ""
    assert listener.said == []


def test_a_pin_is_a_place_in_gcj_02(services: Services, listener: FakeListener, ask: Ask) -> None:
    ask(push(PushKind.LOCATION, lat=36.1, lon=120.4, label="合肥路"))

    assert listener.said[-1].location == {"lat": 36.1, "lon": 120.4, "crs": "GCJ-02", "label": "合肥路"}


@pytest.mark.parametrize(("key", "payload"), [("say:check_progress", "/check_progress"), ("words:连接码", None)])
def test_a_tap_on_the_menu_is_what_its_button_says(
    services: Services, listener: FakeListener, ask: Ask, key: str, payload: str | None
) -> None:
    ask(push(PushKind.CLICK, event="CLICK", event_key=key))

    assert [one.payload for one in listener.said] == ([payload] if payload else [])


def test_an_empty_or_endless_text_is_answered_and_nothing_is_lost(services: Services, ask: Ask) -> None:
    assert "2000" in ask(said("坏" * 2001))
    assert ask(said("路灯坏了三天了没人管。")) == "听到了：路灯坏了三天了没人管。"


# -- pictures ----------------------------------------------------------------------------------------------------


def picture(media_id: str = "media-1") -> Any:
    return push(PushKind.IMAGE, media_id=media_id, picture_url="https://mmbiz.qpic.cn/1")


def test_a_picture_is_fetched_once_kept_and_answered(
    services: Services, api: FakeWechatApi, listener: FakeListener, ask: Ask
) -> None:
    api.files["media-1"] = photo()
    one = picture()

    assert ask(one).startswith("听到了")
    assert ask(one).startswith("听到了")
    assert api.asked == ["media-1"]
    (heard,) = listener.said
    assert len(heard.photos) == 1


def test_a_burst_of_pictures_is_one_turn_with_one_answer(
    services: Services, api: FakeWechatApi, listener: FakeListener, run: Run
) -> None:
    services.settings = services.settings.model_copy(update={"burst_seconds": 0.5})
    api.files = {f"media-{n}": photo() for n in range(4)}

    async def burst() -> list[str]:
        replying, began = services.wechat.replying, asyncio.get_running_loop().time()
        replies = await asyncio.gather(*(replying.reply(picture(f"media-{n}"), began) for n in range(4)))
        return [one.text for one in replies]

    replies = run(burst())
    assert len([one for one in replies if one]) == 1
    assert [len(one.photos) for one in listener.said] == [4]
    assert api.sent == []


def test_a_picture_that_is_gone_is_told_and_nothing_waits_for_it(
    services: Services, api: FakeWechatApi, ask: Ask
) -> None:
    assert ask(picture()) == services.speech.words.say("wechat.picture_lost")
    assert api.asked == ["media-1", "https://mmbiz.qpic.cn/1"]


def test_something_that_is_no_picture_is_told(services: Services, api: FakeWechatApi, ask: Ask) -> None:
    api.files["media-1"] = b"<svg onload=alert(1)>"

    assert ask(picture()) == services.speech.words.say("attached.kind")
