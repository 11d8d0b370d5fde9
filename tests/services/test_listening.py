"""Recordings: kept whatever happens, made words of where that can be, and the citizen is told kindly."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.records import Hearing, Line, Sender
from kb.media_types import Kind
from tests.builders import conversation
from tests.fakes import FakeListener
from tests.media_files import VOICE, FakeTranscriber

Run = Callable[..., Any]
LAMP, PHONE = "海尔路的路灯不亮", "13812345678"


def listens(services: Services, *answers: str | Exception, **more: Any) -> FakeTranscriber:
    made = FakeTranscriber(*answers, **more)
    services.replacements["transcriber"] = made
    return made


def speak(services: Services, key: str = "message-1") -> Line:
    return services.receiving.take(conversation(services).id, key, [VOICE])


def drive(services: Services, run: Run) -> list[str]:
    run(services.conversing.drive(conversation(services)))
    return [line.bubble.text for line in services.conversing.history(conversation(services).id, after=1)
            if line.sender is not Sender.CITIZEN]  # fmt: skip


def kept(services: Services, line: Line) -> Any:
    with services.unit_of_work() as tx:
        return tx.media.get(str(line.said.voice))


def test_what_was_said_is_shown_back_and_heard(services: Services, listener: FakeListener, run: Run) -> None:
    service = listens(services, LAMP)
    line = speak(services)
    assert drive(services, run) == [f"我听到的是：“{LAMP}”。不对的话，您再说一遍或者打字改。", f"听到了：{LAMP}"]
    assert service.heard == [(VOICE, "audio/webm")]
    assert listener.texts == [LAMP]
    assert kept(services, line).words == LAMP


def test_it_is_asked_once_though_the_turn_is_tried_twice(services: Services, listener: FakeListener, run: Run) -> None:
    service = listens(services, LAMP)
    speak(services)
    listener.fail()
    with pytest.raises(TryLater):
        drive(services, run)
    said = drive(services, run)
    assert len(service.heard) == 1
    assert sum(text.startswith("我听到的是") for text in said) == 1
    assert listener.texts == [LAMP]


FAULTS = [TryLater("slow"), NeedsPerson("key"), Rejected("no"), "", " 。 "]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_whatever_fails_the_citizen_is_asked_to_type_and_the_recording_stays(
    services: Services, listener: FakeListener, run: Run, fault: str | Exception
) -> None:
    listens(services, fault)
    line = speak(services)
    (said,) = drive(services, run)
    assert "打几个字" in said and "语音收下了" in said
    assert listener.said == []
    assert kept(services, line).body == VOICE and kept(services, line).words is None
    assert not services.conversing.is_pending(conversation(services).id)


def test_a_fault_that_nobody_foresaw_leaves_the_message_for_the_next_try(
    services: Services, listener: FakeListener, run: Run
) -> None:
    listens(services, ZeroDivisionError("?"), LAMP)
    speak(services)
    with pytest.raises(ZeroDivisionError):
        drive(services, run)
    drive(services, run)
    assert listener.texts == [LAMP]


def test_without_a_service_it_is_said_once_and_shorter_then(services: Services, run: Run) -> None:
    speak(services)
    drive(services, run)
    speak(services, "message-2")
    first, second = drive(services, run)
    assert len(second) < len(first) / 2
    mine = conversation(services)
    with services.unit_of_work() as tx:
        assert tx.media.voices(mine.id) == 2


def test_a_service_that_hung_keeps_nobody_else_waiting(services: Services, run: Run) -> None:
    service = listens(services, TryLater("hung"))
    for key in ("message-1", "message-2", "message-3"):
        speak(services, key)
    assert len(drive(services, run)) == 3
    assert len(service.heard) == 1
    object.__setattr__(services.listening, "rest_seconds", 0.0)
    services.listening._rests[0] = 0.0
    service.answers = [LAMP]
    speak(services, "message-4")
    assert f"听到了：{LAMP}" in drive(services, run)


def test_only_a_few_are_with_the_service_at_a_time(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.services import listening

    monkeypatch.setattr(listening, "ROOM_SECONDS", 0.05)
    gate, most = threading.Event(), []
    service = listens(services, LAMP, before=lambda: (most.append(1), gate.wait(5)))
    mediums = [kept(services, speak(services, f"message-{n}")) for n in range(7)]
    hearing = services.listening
    threads = [threading.Thread(target=hearing._words, args=(one,)) for one in mediums]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert len(most) == listening.AT_ONCE == len(service.heard)
    gate.set()
    for thread in threads:
        thread.join()


def test_distress_in_spoken_words_is_answered_at_once(services: Services, listener: FakeListener, run: Run) -> None:
    listens(services, "我不想活了")
    speak(services)
    said = drive(services, run)
    lines = services.conversing.history(conversation(services).id)
    assert [line.bubble.card["kind"] for line in lines if line.bubble.card] == ["care"]
    assert len(said) == 2 and listener.said == [], "that was the whole of it"


def test_phones_are_masked_where_they_are_kept(services: Services, listener: FakeListener, run: Run) -> None:
    listens(services, f"路灯不亮，打{PHONE}")
    line = speak(services)
    said = drive(services, run)
    assert listener.texts == [f"路灯不亮，打{PHONE}"], "the report needs it whole"
    assert PHONE not in said[0]
    assert PHONE not in kept(services, line).words
    mine = conversation(services)
    with services.unit_of_work() as tx:
        stored = tx.conversations.line(mine.id, line.seq)
    assert stored and PHONE not in stored.body["text"] and stored.state is Hearing.ANSWERED


def test_nothing_of_the_words_is_in_a_log(services: Services, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="integrations")
    listens(services, LAMP)
    speak(services)
    drive(services, run)
    assert LAMP not in caplog.text


def test_who_speaks_with_a_clerk_is_not_asked_to_type(services: Services, run: Run) -> None:
    listens(services, TryLater("slow"))
    object.__setattr__(services.conversing, "person", lambda *_: [])
    speak(services)
    assert drive(services, run) == []


def test_staff_have_the_rest_heard_later(services: Services, run: Run) -> None:
    service = listens(services, TryLater("slow"))
    lines = [speak(services, f"message-{n}") for n in range(2)]
    drive(services, run)
    service.answers = [f"打{PHONE}", Rejected("too long")]
    assert services.listening.again() == (1, 1)
    assert kept(services, lines[0]).words == "打138****5678"
    assert kept(services, lines[1]).kind is Kind.VOICE


def test_without_a_service_staff_are_told_the_setting(services: Services) -> None:
    with pytest.raises(NeedsPerson, match="JIESU_TRANSCRIBE_URL"):
        services.listening.again()
