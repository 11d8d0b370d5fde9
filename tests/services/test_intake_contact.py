"""How the citizen wants to be reached: told exactly what is wrong with a number, unknown, in secret, or right here."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.intake import Heard, Stance, Utterance, new_draft
from kb.report import Ask, Contact, Draft, next_ask
from tests.builders import LAMP, PHONE, conversation, told

OTHER = "13987654321"


def hear(services: Services, draft: Draft, text: str, stance: Stance = Stance.OTHER) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(text, stance=stance))


def tap(services: Services, draft: Draft, option: str) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(option=option))


def first(services: Services, text: str = LAMP) -> Draft:
    return services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(text)).draft


@pytest.mark.parametrize(
    ("said", "phone", "other"),
    [
        ("85012345", "053285012345", None),
        ("幺三八幺二三四五六七八", PHONE, None),
        (f"{PHONE}，打不通打{OTHER}", PHONE, OTHER),
        (f"0532-85012345或者{PHONE}", PHONE, "053285012345"),
    ],
)
def test_numbers_are_understood_as_people_write_them(
    services: Services, said: str, phone: str, other: str | None
) -> None:
    draft = hear(services, first(services), said).draft
    assert (draft.contact, draft.phone, draft.other_phone) == (Contact.PHONE, phone, other)


def test_a_right_number_beside_a_wrong_one_is_enough(services: Services) -> None:
    assert hear(services, first(services), f"1381234567，不对，{PHONE}").draft.phone == PHONE


def test_bare_figures_in_a_description_are_no_telephone(services: Services) -> None:
    assert first(services, f"{LAMP}，灯杆编号85012345").contact is None


@pytest.mark.parametrize(
    ("said", "contact", "remark"),
    [
        ("匿名吧", Contact.ANONYMOUS, "report.stays_unknown"),
        ("不想留电话", Contact.ANONYMOUS, "report.stays_unknown"),
        ("就用这个微信联系", Contact.HERE, "report.reached_here"),
        ("在这儿回我就行", Contact.HERE, "report.reached_here"),
    ],
)
def test_a_wish_is_explained_in_one_sentence(services: Services, said: str, contact: Contact, remark: str) -> None:
    heard = hear(services, first(services), said)
    assert (heard.draft.contact, heard.remarks) == (contact, (remark,))
    assert next_ask(heard.draft) is Ask.CONFIRMATION


def test_secrecy_keeps_the_number_from_everybody_else(services: Services) -> None:
    heard = hear(services, first(services), f"电话{PHONE}，千万别让物业知道是我")
    assert (heard.draft.phone, heard.draft.confidential) == (PHONE, True)
    assert heard.remarks == ("report.kept_secret",)


def test_secrecy_without_a_number_still_asks_for_one(services: Services) -> None:
    heard = hear(services, first(services), "能保密吗")
    assert heard.draft.confidential and heard.remarks == ("report.kept_secret",)
    assert next_ask(heard.draft) is Ask.CONTACT
    assert hear(services, heard.draft, PHONE).draft.phone == PHONE


def test_the_button_for_secrecy_asks_for_the_number(services: Services) -> None:
    heard = tap(services, first(services), "contact:secret")
    assert heard.draft.confidential and heard.remarks == ("report.phone_please",)
    assert next_ask(heard.draft) is Ask.CONTACT


def test_a_wish_at_another_question_is_heard_and_the_question_stays(services: Services) -> None:
    draft = first(services, "路灯坏了")
    heard = hear(services, draft, "匿名吧")
    assert heard.draft.contact is Contact.ANONYMOUS
    assert next_ask(heard.draft) is Ask.PLACE
    assert heard.draft.description == draft.description


def test_a_wish_in_the_first_message_is_not_asked_about(services: Services) -> None:
    draft = first(services, "李沧区书院路29号路灯坏了，匿名")
    assert draft.contact is Contact.ANONYMOUS


def test_the_number_is_deleted_at_the_card(services: Services) -> None:
    heard = hear(services, told(services), "把电话删了")
    assert (heard.draft.contact, heard.draft.phone) == (Contact.ANONYMOUS, None)
    assert heard.remarks == ("report.phone_deleted",)
    assert next_ask(heard.draft) is Ask.CONFIRMATION


def test_the_second_number_stands_only_in_what_those_read_who_may_see_numbers(services: Services) -> None:
    draft = hear(services, first(services), f"{PHONE}，打不通打{OTHER}").draft
    complaint = services.filing.submit(draft, conversation(services).id)
    with services.unit_of_work() as tx:
        kept, whole = tx.complaints.get(complaint.id), tx.contacts.words(complaint.id)
    assert kept is not None and OTHER not in kept.description
    assert whole is not None and OTHER in whole


def test_secrecy_is_kept_with_the_ticket(services: Services) -> None:
    draft = hear(services, first(services), f"{PHONE}，要保密").draft
    complaint = services.filing.submit(draft, conversation(services).id)
    with services.unit_of_work() as tx:
        kept = tx.complaints.get(complaint.id)
    assert kept is not None and kept.confidential and not kept.anonymous


@pytest.mark.parametrize(
    "said",
    ["不用", "不对", "不留", "不方便", "不用了", "不，不留", "不对，不用留", "不对，没有电话", "不是，我没有手机"],
)
@pytest.mark.parametrize("stance", [Stance.NO, Stance.OTHER])
def test_a_plain_no_leaves_no_number(services: Services, said: str, stance: Stance) -> None:
    draft = first(services)
    heard = hear(services, draft, said, stance).draft
    assert (heard.contact, next_ask(heard)) == (Contact.ANONYMOUS, Ask.CONFIRMATION)
    assert heard.description == draft.description


@pytest.mark.parametrize("said", [f"不对，是{OTHER}", f"1381234567，不对，{OTHER}", f"不是，{OTHER}"])
def test_a_number_after_a_no_is_the_number(services: Services, said: str) -> None:
    draft = first(services)
    heard = hear(services, draft, said, Stance.NO).draft
    assert (heard.phone, heard.description) == (OTHER, draft.description)


@pytest.mark.parametrize("said", ["不知道", "不方便说", "不想说", "算了"])
def test_not_wanting_to_say_is_an_answer_and_never_a_loop(services: Services, said: str) -> None:
    draft = first(services, "路灯坏了")
    for _ in range(6):
        if services.intake.next_question(draft) is Ask.CONFIRMATION:
            break
        draft = hear(services, draft, said, Stance.UNSURE).draft
    assert services.intake.next_question(draft) is Ask.CONFIRMATION
