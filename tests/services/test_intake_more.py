"""Questions about one kind of problem: asked where they help, answered by anything, never in the way of danger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.bootstrap import Services
from integrations.services.intake import Heard, Stance, Utterance, new_draft
from kb import questions
from kb.questions import UNKNOWN
from kb.report import Ask, Draft, next_ask
from tests.builders import PHONE, conversation, filed

COLD = "市北区合肥路688号暖气不热"
LAMP = "市北区合肥路688号路灯坏了"


@pytest.fixture
def asking(services: Services) -> Services:
    """The services with the real questions."""
    services.replacements["questions"] = questions.shipped()
    return services


def hear(services: Services, draft: Draft, text: str, stance: Stance = Stance.OTHER) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(text, stance=stance))


def tap(services: Services, draft: Draft, option: str) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(option=option))


def told(services: Services, text: str = COLD) -> Draft:
    draft = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(text)).draft
    return services.intake.hear(replace(draft, known_issue_answered=True), None, Utterance(option="edit:back")).draft


def test_the_question_comes_before_the_contact_and_its_answer_stands_in_the_draft(asking: Services) -> None:
    draft = told(asking)
    assert (next_ask(draft), draft.more) == (Ask.MORE, "room_temperature")
    heard = hear(asking, draft, "也就十五度吧")
    assert heard.draft.answers == {"room_temperature": "15度"}
    assert heard.remarks == ()
    assert "十五度" not in heard.draft.description


@pytest.mark.parametrize(
    ("said", "stance"),
    [("不知道", Stance.UNSURE), ("没温度计", Stance.OTHER), ("不", Stance.NO), ("不方便说", Stance.OTHER)],
)
def test_not_knowing_ends_the_questions(asking: Services, said: str, stance: Stance) -> None:
    draft = hear(asking, told(asking), said, stance).draft
    assert draft.answers == {"room_temperature": UNKNOWN}
    assert next_ask(draft) is Ask.CONTACT


def test_at_most_two_are_asked(asking: Services) -> None:
    draft, asked = told(asking), []
    while next_ask(draft) is Ask.MORE:
        asked.append(draft.more)
        draft = hear(asking, draft, "15度" if draft.more == "room_temperature" else "只有我家").draft
    assert asked == ["room_temperature", "heat_scope"]


def test_words_that_are_no_answer_are_kept_and_the_question_is_not_asked_again(asking: Services) -> None:
    heard = hear(asking, told(asking), "孩子都冻感冒了")
    assert heard.remarks == ("report.noted",)
    assert "冻感冒" in heard.draft.description
    assert next_ask(heard.draft) is Ask.CONTACT


def test_an_answer_that_tells_more_is_taken_in_whole(asking: Services) -> None:
    draft = hear(asking, told(asking), f"才14度，我电话{PHONE}，从上周三开始的").draft
    assert draft.answers["room_temperature"] == "14度"
    assert draft.phone == PHONE
    assert draft.since is not None and draft.since.began == "2026-11-11"


def test_nothing_is_asked_that_was_said(asking: Services) -> None:
    assert told(asking, f"{COLD}，才15度，整栋楼都这样").more != "room_temperature"


def test_who_is_in_danger_is_asked_nothing_of_the_kind(asking: Services) -> None:
    draft = told(asking, "市北区合肥路688号家里有燃气味")
    assert draft.more is None


def test_a_yes_that_means_danger_is_heard_as_danger(asking: Services) -> None:
    draft = replace(told(asking), category="110202", category_confidence=1.0, description="燃气管生锈", answers={})
    draft = asking.intake.more.next(draft)
    assert draft.more == "gas_smell"
    after = hear(asking, draft, "有，味道挺大", Stance.OTHER).draft
    assert asking.intake.danger(after) is not None
    assert after.more is None


def test_a_choice_may_move_the_category(asking: Services) -> None:
    draft = told(asking, LAMP)
    assert (draft.category, draft.more) == ("410102", "lamp_count")
    one = hear(asking, draft, "就一盏").draft
    assert (one.category, one.category_confidence) == ("410101", 1.0)
    tapped = tap(asking, draft, "more:lamp_count:1").draft
    assert (tapped.category, tapped.answers) == ("410102", {"lamp_count": "一整条路"})


@pytest.mark.parametrize("option", ["more:room_temperature:unknown", "more:gone:0", "more:lamp_count:7", "more:"])
def test_a_button_of_another_question_changes_nothing(asking: Services, option: str) -> None:
    draft = told(asking, LAMP)
    assert tap(asking, draft, option) == Heard(draft, remarks=("report.button_is_old",))


def test_since_when_is_the_reports_own(asking: Services) -> None:
    draft = replace(told(asking, "市北区合肥路688号垃圾没人收"), category="320101")
    draft = asking.intake.more.next(draft)
    assert draft.more == "rubbish_since"
    after = hear(asking, draft, "有三天了").draft
    assert after.since is not None and after.since.began == "2026-11-18"


def test_the_answers_go_into_the_ticket_by_their_labels(asking: Services) -> None:
    draft = hear(asking, told(asking), "15度").draft
    draft = hear(asking, draft, "不知道", Stance.UNSURE).draft
    draft = hear(asking, draft, PHONE).draft
    complaint = asking.filing.submit(draft, conversation(asking).id)
    assert complaint.answers == (("室温", "15度"),)
    with asking.unit_of_work() as tx:
        kept = tx.complaints.get(complaint.id)
    assert kept is not None and kept.answers == complaint.answers


def test_no_question_stands_in_the_way_of_joining(asking: Services) -> None:
    complaint = filed(asking, f"{LAMP}，北门那里")
    draft = told(asking, LAMP)
    assert next_ask(draft) is Ask.SIMILAR
    assert complaint.incident_id in draft.similar
