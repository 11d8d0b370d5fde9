"""Distress is answered together with its being stored: whatever else is busy, away, or broken."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from integrations.bootstrap import Services
from integrations.services.caring import CARD, NUMBERS
from integrations.services.errors import TryLater
from integrations.services.records import Bubble, Hearing, Line, Said, Sender
from kb.feelings.distress import Distress, Kind
from kb.handover.desk import NEVER
from kb.handover.states import Reason
from tests.builders import conversation
from tests.fakes import FakeListener
from tests.services.desk_work import WANG, Desk, at
from tests.services.desk_work import desk as desk

HINT = "我不想活了"
BOTH = "楼上天天漏水没人管，我真的不想活了"


def say(services: Services, text: str, client_id: str = "message-1") -> Line:
    return services.conversing.accept(conversation(services).id, client_id, Said(text))


def cared(services: Services) -> list[Bubble]:
    lines = services.conversing.history(conversation(services).id)
    return [line.bubble for line in lines if line.sender is not Sender.CITIZEN
            and (line.bubble.card or {}).get("kind") == CARD]  # fmt: skip


def waiting(services: Services) -> list[Reason]:
    mine = conversation(services)
    with services.unit_of_work() as tx:
        found = tx.handovers.open_of(mine.id)
        return [found.reason] if found else []


def test_a_hint_is_answered_with_warm_words_the_number_and_a_person_before_anything_hears_it(
    services: Services, listener: FakeListener
) -> None:
    line = say(services, HINT)

    (answer,) = cared(services)
    assert "12356" in answer.text
    assert [row["value"] for row in (answer.card or {})["rows"]] == ["12356", "120", "110"]
    assert waiting(services) == [Reason.DISTRESS]
    assert line.state is Hearing.ANSWERED
    assert listener.texts == []


def test_nothing_but_a_hint_is_not_given_to_the_dialogue(
    services: Services, listener: FakeListener, run: Callable[..., Any]
) -> None:
    line = say(services, HINT)

    listener.away = True
    run(services.conversing.drive(conversation(services)))

    assert not services.conversing.is_pending(conversation(services).id, line.seq)
    assert len(cared(services)) == 1


def test_the_complaint_beside_it_is_heard_as_well_and_the_whole_of_it(
    services: Services, listener: FakeListener, run: Callable[..., Any]
) -> None:
    line = say(services, BOTH)
    assert line.state is Hearing.PENDING

    run(services.conversing.drive(conversation(services)))

    texts = [one.bubble.text for one in services.conversing.history(conversation(services).id, line.seq)]
    assert "接着帮您登记" in texts[0]
    assert len(texts) >= 2


def test_the_hint_is_answered_while_the_dialogue_is_away_and_the_complaint_waits(
    services: Services, listener: FakeListener, run: Callable[..., Any]
) -> None:
    line = say(services, BOTH)
    listener.away = True
    with pytest.raises(TryLater):
        run(services.conversing.drive(conversation(services)))

    assert len(cared(services)) == 1
    assert services.conversing.is_pending(conversation(services).id, line.seq)


def test_the_same_message_twice_is_answered_once_and_calls_one_person(services: Services) -> None:
    first, second = say(services, HINT), say(services, HINT)
    assert first.seq == second.seq
    assert len(cared(services)) == 1


def test_it_is_never_said_twice_in_the_same_words(services: Services) -> None:
    for n in range(4):
        say(services, f"{HINT}{'。' * n}", f"message-{n}")

    texts = [one.text for one in cared(services)]
    assert len(texts) == 4
    assert all(one != other for one, other in itertools.pairwise(texts))
    assert all("12356" in text for text in texts)


def test_what_is_done_now_is_answered_anew_even_after_a_hint(services: Services) -> None:
    say(services, "活着没意思", "message-1")
    say(services, "药我全都吃下去了，我站在楼顶", "message-2")

    assert "120" in cared(services)[1].text
    assert (cared(services)[1].card or {})["rows"][0]["value"] == "120"


def test_a_minor_and_a_woman_hear_of_their_own_numbers_too(services: Services) -> None:
    say(services, "我才13岁，不想活了", "message-1")
    assert "12355" in cared(services)[0].text
    other = services.conversing.open("web", "citizen-2")
    services.conversing.accept(other.id, "message-1", Said("老公又打我了"))
    answer = next(one.bubble for one in services.conversing.history(other.id) if one.bubble.card)
    assert "12338" in answer.text and "110" in answer.text


@pytest.mark.parametrize(("when", "said"), [((20, "10:00"), "请工作人员来"), ((20, "22:00"), "上班后会先来找您")])
def test_what_is_said_of_the_person_is_true_at_that_hour(
    services: Services, clock: Any, when: tuple[int, str], said: str
) -> None:
    clock.now = at(*when)
    say(services, HINT)
    assert said in cared(services)[0].text


def test_where_nobody_is_ever_at_the_desk_nobody_is_promised(services: Services) -> None:
    services.replacements["desk"] = NEVER
    say(services, HINT)
    assert "留了话" in cared(services)[0].text
    assert "上班" not in cared(services)[0].text


def test_a_clerk_who_has_the_conversation_reads_it_and_the_numbers_are_told_once(
    desk: Desk, services: Services
) -> None:
    desk.taken(WANG)

    line = say(services, HINT)
    again = say(services, "真的不想活了", "message-2")

    assert len(cared(services)) == 1
    assert "工作人员" not in cared(services)[0].text
    assert (line.state, again.state) == (Hearing.PENDING, Hearing.PENDING)
    assert waiting(services) == [Reason.DISTRESS]


@pytest.mark.parametrize(
    "text", ["吵死人了，广场舞天天跳", "跳楼价的喇叭从早放到晚", "路灯坏了", "要命，堵死了", "😭😭"]
)
def test_a_manner_of_speaking_gets_no_such_answer(services: Services, text: str) -> None:
    assert say(services, text).state is Hearing.PENDING
    assert cared(services) == []
    assert waiting(services) == []


def test_it_is_read_in_other_letters_and_spellings(services: Services) -> None:
    say(services, "我想結束自己的生命")
    assert len(cared(services)) == 1


def test_a_button_is_never_taken_for_it(services: Services) -> None:
    mine = conversation(services)
    line = services.conversing.accept(mine.id, "message-1", Said(HINT, "/start_report"))
    assert line.state is Hearing.PENDING
    assert cared(services) == []


def test_notices_are_kept_for_another_time(services: Services, run: Callable[..., Any]) -> None:
    told: list[str] = []

    def kept(_tx: object, conversation_id: str, _now: datetime) -> list[Bubble]:
        told.append(conversation_id)
        return []

    object.__setattr__(services.conversing, "kept", kept)
    say(services, BOTH)
    run(services.conversing.drive(conversation(services)))
    assert told == []


def test_every_kind_has_its_sentence_numbers_and_labels(services: Services) -> None:
    words = services.speech.words
    assert {key.removesuffix("_now").removesuffix("_other") for key in NUMBERS} == {*Kind}
    for key, numbers in NUMBERS.items():
        told = words.say(f"feelings.{key}")
        assert numbers[0][1] in told, key
        assert len(told) <= 60, key
        assert all(words.has(f"feelings.row_{who}") for who, _ in numbers)


class Model:
    """Finds what the rules miss."""

    def __init__(self, found: Distress | None) -> None:
        self.found, self.asked = found, list[tuple[str, bool]]()

    def find(self, text: str, *, command: bool = False) -> Distress | None:
        self.asked.append((text, command))
        return self.found


def test_what_only_the_model_finds_is_answered_later(services: Services) -> None:
    model = Model(Distress(Kind.DESPAIR, "灰的"))
    services.replacements["feelings"] = model
    mine = conversation(services)

    care = services.caring.later(mine.id, "看什么都是灰的")

    assert care is not None and care.whole
    assert "12356" in care.bubble.text
    assert waiting(services) == [Reason.DISTRESS]


def test_what_the_rules_have_answered_is_not_answered_again(services: Services) -> None:
    model = Model(Distress(Kind.OWN_LIFE, HINT))
    services.replacements["feelings"] = model
    assert services.caring.later(conversation(services).id, HINT) is None
    assert services.caring.later(conversation(services).id, "") is None
    assert model.asked == []
