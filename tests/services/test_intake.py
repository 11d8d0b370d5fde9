"""Taking a complaint in, from the first sentence to the ticket."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from integrations.bootstrap import Services
from integrations.services.comparing import Offer
from integrations.services.errors import Rejected
from integrations.services.intake import Heard, Outcome, Stance, Utterance, new_draft
from integrations.services.records import Complaint
from kb import known_issues, ticket_number
from kb.deadlines import CITY_TIME
from kb.lifecycle import Status
from kb.places import Place
from kb.report import MAX_DESCRIPTION, Ask, Contact, Draft, next_ask
from kb.times import When
from tests.builders import LAMP, LAMP_AGAIN, PHONE, RUBBISH, conversation, filed, outbox, read, relay_all, told
from tests.fakes import FakeClock


def hear(services: Services, draft: Draft, text: str, stance: Stance = Stance.OTHER) -> Heard:
    """The citizen says something in answer to whatever would be asked now."""
    asked = services.intake.next_question(draft)
    return services.intake.hear(draft, asked, Utterance(text, stance=stance))


def tap(services: Services, draft: Draft, option: str) -> Heard:
    return services.intake.hear(draft, services.intake.next_question(draft), Utterance(option=option))


def first(services: Services, text: str = LAMP) -> Draft:
    return hear(services, new_draft(), text).draft


def offers(services: Services, draft: Draft) -> tuple[Offer, ...]:
    return services.intake.offers(draft, conversation(services, "citizen-2").id)


# -- the first message -------------------------------------------------------------------------------------------


def test_one_message_fills_in_everything_that_it_says(services: Services) -> None:
    draft = first(services, f"{LAMP}，我电话{PHONE}")

    assert draft.category == "410102"
    assert draft.place is not None
    assert (draft.place.district, draft.place.road) == ("市北区", "合肥路")
    assert draft.since is not None and (draft.since.words, draft.since.began) == ("三天了", "2026-11-18")
    assert (draft.contact, draft.phone) == (Contact.PHONE, PHONE)
    assert next_ask(draft) is Ask.CONFIRMATION


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("路灯坏了", [Ask.PLACE, Ask.CONTACT, Ask.CONFIRMATION]),
        (LAMP, [Ask.CONTACT, Ask.CONFIRMATION]),
        (f"{LAMP} {PHONE}", [Ask.CONFIRMATION]),
        ("说不准是什么坏了，在市北区合肥路688号", [Ask.CATEGORY, Ask.CONTACT, Ask.CONFIRMATION]),
    ],
)
def test_only_what_is_missing_is_asked(services: Services, text: str, missing: list[Ask]) -> None:
    answers = {
        Ask.PLACE: Utterance("市北区合肥路688号"),
        Ask.CONTACT: Utterance(PHONE),
        Ask.CATEGORY: Utterance(option="category:410101"),
    }
    draft, asked = first(services, text), []
    while (ask := services.intake.next_question(draft)) is not None:
        asked.append(ask)
        if ask is Ask.CONFIRMATION:
            break
        draft = services.intake.hear(draft, ask, answers[ask]).draft

    assert asked == missing


def test_two_categories_of_one_unit_are_not_worth_a_question(services: Services) -> None:
    assert first(services, "不知道是哪盏灯，市北区合肥路688号").category_options == ()


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "？！。", "\u200b\u200b"])
def test_a_message_that_says_nothing_changes_nothing(services: Services, text: str) -> None:
    draft = new_draft()

    assert hear(services, draft, text) == Heard(draft, remarks=("report.nothing_said",))


def test_a_long_story_is_cut_at_the_limit(services: Services) -> None:
    assert len(first(services, "路灯坏了，" + "很黑" * 3_000).description) == MAX_DESCRIPTION


def test_the_same_words_twice_stand_in_the_description_once(services: Services) -> None:
    draft = first(services)

    assert services.intake.hear(draft, Ask.DESCRIPTION, Utterance(LAMP)).draft.description == LAMP


# -- the place ---------------------------------------------------------------------------------------------------


def test_a_place_that_stays_unknown_after_two_questions_is_not_asked_a_third_time(services: Services) -> None:
    draft = first(services, "李沧区路灯坏了")
    asked = []
    while services.intake.next_question(draft) is Ask.PLACE:
        asked.append(Ask.PLACE)
        draft = hear(services, draft.counted(Ask.PLACE), "就在李沧区").draft

    assert asked == [Ask.PLACE, Ask.PLACE]
    assert services.intake.next_question(draft) is Ask.CONTACT


@pytest.mark.parametrize("stance", [Stance.UNSURE, Stance.NO])
def test_a_citizen_who_cannot_say_where_is_not_asked_again(services: Services, stance: Stance) -> None:
    assert next_ask(hear(services, first(services, "路灯坏了"), "说不清", stance).draft) is Ask.CONTACT


def test_the_button_for_an_unknown_place_goes_on(services: Services) -> None:
    assert next_ask(tap(services, first(services, "路灯坏了"), "place:unknown").draft) is Ask.CONTACT


def test_a_place_that_no_list_knows_is_kept_in_the_citizens_words(services: Services) -> None:
    draft = hear(services, first(services, "路灯坏了"), "老槐树东头大坑旁边").draft

    assert draft.place is not None
    assert draft.place.text == "老槐树东头大坑旁边"
    assert next_ask(draft) is Ask.CONTACT


def test_below_my_house_is_asked_once_for_the_compound(services: Services) -> None:
    hinted = hear(services, first(services, "路灯坏了"), "就在我家楼下").draft
    assert next_ask(hinted) is Ask.PLACE
    assert (hinted.place_hint, hinted.place and hinted.place.text) == ("就在我家楼下", "就在我家楼下")

    told = hear(services, hinted, "百通馨苑").draft
    assert told.place is not None
    assert (told.place.district, told.place.spot) == ("李沧区", "百通馨苑")
    assert told.place.text == "百通馨苑（就在我家楼下）"
    assert next_ask(told) is Ask.CONTACT

    again = hear(services, hinted, "就我家楼下啊").draft
    assert again.place is not None and again.place.precise
    assert next_ask(again) is Ask.CONTACT


def test_more_of_what_is_wrong_instead_of_the_place_is_no_place(services: Services) -> None:
    draft = hear(services, first(services, "路灯坏了"), "是那一长排灯都不亮，黑得吓人").draft

    assert draft.place is None
    assert "吓人" in draft.description
    assert next_ask(draft) is Ask.PLACE


@pytest.mark.parametrize(
    "said",
    ["公园里跳广场舞的那个地方旁边", "加油站对面那个卖水果的摊", "老王家烧烤店，就在桥头", "我家后面3号楼都看得见"],
)
def test_words_that_no_list_knows_are_a_place_still(services: Services, said: str) -> None:
    assert hear(services, first(services, "路灯坏了"), said).draft.place is not None


def test_a_phone_number_told_with_the_place_is_no_part_of_the_place(services: Services) -> None:
    draft = hear(services, first(services, "路灯坏了"), f"就我家楼下那个大坑旁边{PHONE}").draft

    assert draft.phone == PHONE
    assert draft.place is not None
    assert PHONE not in str(draft.as_dict() | {"phone": ""})


def test_one_name_in_several_districts_is_asked_with_a_button_for_each(services: Services) -> None:
    asked = first(services, "合肥路的路灯坏了")
    assert next_ask(asked) is Ask.PLACE
    assert [place.district for place in asked.place_options] == ["市北区", "崂山区"]

    tapped = tap(services, asked, "at:1").draft
    assert tapped.place is not None
    assert (tapped.place.district, tapped.place.road, tapped.place_options) == ("崂山区", "合肥路", ())
    assert next_ask(tapped) is Ask.CONTACT

    said = hear(services, asked, "市北区的").draft
    assert said.place is not None
    assert (said.place.district, said.place.road) == ("市北区", "合肥路")

    neither = tap(services, asked, "at:none").draft
    assert next_ask(neither) is Ask.PLACE
    assert neither.place is not None and neither.place.district is None

    assert tap(services, tapped, "at:1").remarks == ("report.button_is_old",)


def test_a_place_in_another_city_is_said_and_asked_again(services: Services) -> None:
    elsewhere = first(services, "济南泉城路的路灯坏了")
    assert (elsewhere.elsewhere, elsewhere.place) == ("济南", None)
    assert next_ask(elsewhere) is Ask.PLACE

    assert tap(services, elsewhere, "elsewhere:enough").outcome is Outcome.DROP
    here = hear(services, elsewhere, "说错了，是市南区香港中路").draft
    assert (here.elsewhere, here.place and here.place.road) == (None, "香港中路")


def test_a_pin_outside_the_city_is_said_and_changes_nothing(services: Services) -> None:
    before = first(services, "路灯坏了")
    pin = Place("地图上的定位", lat=39.9, lon=116.4, crs="GCJ-02", confidence=0.6)

    heard = services.intake.hear(before, Ask.PLACE, Utterance(pin=pin))

    assert heard.remarks == ("report.pin_outside",)
    assert heard.draft.place is None


def test_words_and_pin_that_disagree_are_asked_about(services: Services) -> None:
    before = first(services, "五四广场的路灯坏了")
    pin = Place("地图上的定位", lat=36.10, lon=120.47, crs="GCJ-02", confidence=0.6)

    asked = services.intake.hear(before, Ask.PLACE, Utterance(pin=pin)).draft
    assert next_ask(asked) is Ask.PLACE
    said, shown = asked.place_options
    assert (said.spot, shown.lat, shown.crs) == ("五四广场", 36.10, "GCJ-02")

    assert tap(services, asked, "at:1").draft.place == shown


def test_a_district_told_before_stays_when_the_street_follows(services: Services) -> None:
    draft = hear(services, first(services, "李沧区路灯坏了"), "书院路29号").draft

    assert draft.place is not None
    assert (draft.place.district, draft.place.road) == ("李沧区", "书院路")


def test_a_pin_adds_coordinates_to_the_words(services: Services) -> None:
    pin = Place("地图上的定位", lat=36.1, lon=120.4, crs="GCJ-02", confidence=0.6)
    draft = first(services)

    draft = services.intake.hear(draft, Ask.PLACE, Utterance(pin=pin)).draft

    assert draft.place is not None
    assert (draft.place.road, draft.place.lat, draft.place.crs) == ("合肥路", 36.1, "GCJ-02")


# -- the phone ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "remark", "figures"),
    [
        ("138123456", "report.phone_short", 2),
        ("1381234567890", "report.phone_long", 2),
        ("12812345678", "report.phone_prefix", 0),
        ("8501234", "report.phone_landline", 0),
    ],
)
def test_a_number_that_is_no_phone_is_asked_for_again_with_what_is_wrong(
    services: Services, text: str, remark: str, figures: int
) -> None:
    heard = hear(services, first(services), text)

    assert heard.remarks == (remark,)
    assert not figures or heard.gaps["figures"] == figures
    assert next_ask(heard.draft) is Ask.CONTACT


@pytest.mark.parametrize(
    ("text", "phone"), [("138-1234-5678", PHONE), ("１３８１２３４５６７８", PHONE), ("0532-85012345", "053285012345")]
)
def test_a_phone_is_understood_in_every_spelling(services: Services, text: str, phone: str) -> None:
    assert hear(services, first(services), text).draft.phone == phone


@pytest.mark.parametrize(("text", "stance"), [("不留了", Stance.NO), ("匿名吧", Stance.OTHER), ("随便", Stance.UNSURE)])
def test_a_citizen_may_stay_anonymous(services: Services, text: str, stance: Stance) -> None:
    assert hear(services, first(services), text, stance).draft.contact is Contact.ANONYMOUS


def test_yes_to_a_phone_asks_for_the_number(services: Services) -> None:
    assert hear(services, first(services), "好的", Stance.YES).remarks == ("report.phone_please",)


def test_more_about_the_problem_instead_of_a_phone_is_noted(services: Services) -> None:
    heard = hear(services, first(services), "昨天有个老人摔了一跤")

    assert heard.remarks == ("report.noted",)
    assert "老人摔了一跤" in heard.draft.description
    assert next_ask(heard.draft) is Ask.CONTACT


# -- the category ------------------------------------------------------------------------------------------------


def test_a_chosen_category_stays_whatever_is_said_later(services: Services) -> None:
    draft = tap(services, first(services, "说不准是什么，市北区合肥路688号"), "category:410101").draft

    draft = hear(services, draft, "旁边还有垃圾").draft

    assert (draft.category, draft.category_confidence, draft.category_options) == ("410101", 1.0, ())


def test_a_citizen_who_cannot_choose_a_category_is_asked_no_more(services: Services) -> None:
    draft = first(services, "说不准是什么，市北区合肥路688号")

    assert next_ask(hear(services, draft, "我也不知道", Stance.UNSURE).draft) is Ask.CONTACT


def test_a_category_that_does_not_exist_cannot_be_chosen(services: Services) -> None:
    draft = first(services)

    assert tap(services, draft, "category:999999") == Heard(draft, remarks=("report.button_is_old",))


# -- the card ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [("电话是13900001111", "phone", "13900001111"), ("是从昨天晚上开始的", "since", "昨天晚上")],
)
def test_the_card_is_corrected_in_words(services: Services, said: str, name: str, value: str) -> None:
    draft = hear(services, told(services), said).draft

    found = getattr(draft, name)
    assert (found.words if isinstance(found, When) else found) == value
    assert next_ask(draft) is Ask.CONFIRMATION


def test_a_corrected_place_replaces_the_old_one(services: Services) -> None:
    draft = hear(services, told(services), "不对，在崂山区海尔路61号").draft

    assert draft.place is not None
    assert (draft.place.district, draft.place.road) == ("崂山区", "海尔路")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (Ask.PLACE, "崂山区海尔路61号"),
        (Ask.CONTACT, "13900001111"),
        (Ask.DESCRIPTION, "其实是垃圾没人收"),
    ],
)
def test_each_line_of_the_card_can_be_changed_and_then_the_card_comes_back(
    services: Services, what: Ask, said: str
) -> None:
    draft = tap(services, told(services), f"edit:{what}").draft
    assert services.intake.next_question(draft) is what

    draft = hear(services, draft, said).draft

    assert services.intake.next_question(draft) is Ask.CONFIRMATION


def test_a_new_description_replaces_the_old_one_and_its_category(services: Services) -> None:
    draft = tap(services, told(services), "edit:report_description").draft

    draft = hear(services, draft, "其实是垃圾没人收").draft

    assert (draft.description, draft.category) == ("其实是垃圾没人收", "310101")


def test_a_wrong_phone_while_changing_it_keeps_asking_for_it(services: Services) -> None:
    draft = tap(services, told(services), "edit:report_contact").draft

    heard = hear(services, draft, "1390000111")

    assert heard.remarks == ("report.phone_short",)
    assert services.intake.next_question(heard.draft) is Ask.CONTACT


def test_no_to_the_card_asks_what_is_wrong(services: Services) -> None:
    heard = hear(services, told(services), "不对", Stance.NO)

    assert (heard.outcome, heard.remarks) == (Outcome.ASK, ("report.say_what_is_wrong",))


@pytest.mark.parametrize("by", ["button", "word"])
def test_confirming_the_card_files_it(services: Services, by: str) -> None:
    draft = told(services)

    heard = tap(services, draft, f"confirm:{draft.id}") if by == "button" else hear(services, draft, "对", Stance.YES)

    assert heard.outcome is Outcome.FILE


@pytest.mark.parametrize("option", ["confirm:another-draft", "similar:gone", "known:?", "nonsense", "edit:x", ":"])
def test_an_old_button_changes_nothing(services: Services, option: str) -> None:
    draft = told(services)

    assert tap(services, draft, option) == Heard(draft, remarks=("report.button_is_old",))


def test_confirming_before_everything_was_asked_does_not_file(services: Services) -> None:
    draft = first(services, "路灯坏了")

    assert tap(services, draft, f"confirm:{draft.id}").outcome is Outcome.ASK


# -- known issues ------------------------------------------------------------------------------------------------


def test_a_known_issue_is_told_before_a_place_can_hide_it(services: Services) -> None:
    draft = first(services, "市南区香港中路100号家里暖气不热")

    assert draft.known_issue == "KI-2026-001"
    assert next_ask(draft) is Ask.KNOWN_ISSUE


def test_who_has_heard_enough_of_a_known_issue_files_nothing(services: Services) -> None:
    heard = tap(services, first(services, "市南区香港中路100号家里暖气不热"), "known:enough")

    assert (heard.outcome, heard.remarks) == (Outcome.DROP, ("report.known_issue_enough",))


def test_who_still_wants_to_file_is_not_told_of_the_known_issue_again(services: Services) -> None:
    draft = tap(services, first(services, "市南区香港中路100号家里暖气不热"), "known:file").draft

    assert next_ask(draft) is Ask.CONTACT


def test_a_known_issue_holds_from_the_first_minute_of_its_first_day_in_the_city(
    services: Services, clock: FakeClock
) -> None:
    clock.now = datetime(2026, 11, 16, 0, 30, tzinfo=CITY_TIME).astimezone(clock.now.tzinfo)

    assert first(services, "市南区香港中路100号家里暖气不热").known_issue == "KI-2026-001"


def test_every_known_issue_can_be_shown(services: Services) -> None:
    for issue in known_issues.load(services.taxonomy):
        shown = services.report_speech.question(Ask.KNOWN_ISSUE, told(services), issue=issue)
        assert issue.say in shown.text
        assert len(shown.options) == 1 + issue.still_file


# -- incidents ---------------------------------------------------------------------------------------------------


def test_the_same_problem_told_by_another_citizen_is_offered_for_joining(services: Services) -> None:
    complaint = filed(services)

    draft = first(services, LAMP_AGAIN)

    assert draft.similar == (complaint.incident_id,)
    assert next_ask(draft) is Ask.SIMILAR
    assert [one.match.incident.people for one in offers(services, draft)] == [1]


def test_another_problem_elsewhere_is_not_offered(services: Services) -> None:
    filed(services, RUBBISH)

    assert first(services, LAMP).similar == ()


def test_joining_gives_a_number_of_ones_own_and_no_incident_more(services: Services) -> None:
    complaint = filed(services)
    heard = hear(services, first(services, LAMP_AGAIN), "是的", Stance.YES)
    draft = heard.draft
    assert heard.outcome is Outcome.FILE
    assert draft.join == complaint.incident_id

    joined = services.filing.submit(replace(draft, contact=Contact.ANONYMOUS), conversation(services, "citizen-2").id)

    assert joined.joined
    assert joined.incident_id == complaint.incident_id
    assert joined.number != complaint.number
    with services.unit_of_work() as tx:
        incident = tx.incidents.get(complaint.incident_id)
    assert incident is not None
    assert incident.people == 2


@pytest.mark.parametrize("by", ["button", "word"])
def test_who_says_it_is_not_the_same_is_not_asked_again(services: Services, by: str) -> None:
    filed(services)
    draft = first(services, LAMP_AGAIN)

    heard = tap(services, draft, "similar:none") if by == "button" else hear(services, draft, "不是", Stance.NO)

    assert heard.draft.join is None
    assert next_ask(heard.draft) is Ask.CONTACT


def test_an_incident_that_was_closed_lately_is_offered_as_one_that_may_be_back(
    services: Services, clock: FakeClock
) -> None:
    complaint = filed(services)
    _close(services, complaint)
    clock.now += timedelta(days=2)

    draft = first(services, LAMP_AGAIN)
    (offer,) = offers(services, draft)
    offered = offer.match
    assert offered.incident.id == complaint.incident_id
    assert any("办结" in reason for reason in offered.reasons)


def test_an_incident_that_was_closed_long_ago_is_not_offered(services: Services, clock: FakeClock) -> None:
    _close(services, filed(services))
    clock.now += timedelta(days=400)

    assert first(services, LAMP_AGAIN).similar == ()


def test_who_joins_an_incident_that_was_closed_meanwhile_gets_a_request_of_ones_own(services: Services) -> None:
    """Nothing more is ever heard of a closed request: whoever is only linked to it would wait for ever."""
    complaint = filed(services)
    draft = tap(services, first(services, LAMP_AGAIN), f"similar:{complaint.incident_id}").draft
    _close(services, complaint)

    late = services.filing.submit(replace(draft, contact=Contact.ANONYMOUS), conversation(services, "citizen-2").id)

    assert not late.joined
    assert late.incident_id != complaint.incident_id


def _close(services: Services, complaint: Complaint) -> None:
    with services.unit_of_work() as tx:
        tx.incidents.close(complaint.incident_id, services.clock())


# -- filing ------------------------------------------------------------------------------------------------------


def test_filing_writes_the_complaint_its_first_status_and_one_row_for_the_worker(services: Services) -> None:
    complaint = filed(services)

    stored = read(services, complaint)
    assert stored == complaint
    assert stored.status is Status.FILED
    assert ticket_number.is_valid(stored.number)
    assert stored.due_at > stored.filed_at
    assert outbox(services) == {"ready": 1}


def test_a_draft_submitted_twice_is_one_complaint(services: Services) -> None:
    assert filed(services).id == filed(services).id
    assert outbox(services) == {"ready": 1}


def test_a_draft_submitted_by_many_threads_at_once_is_one_complaint(services: Services) -> None:
    draft, mine = told(services), conversation(services)
    barrier, numbers, errors = threading.Barrier(6), set(), []

    def submit() -> None:
        barrier.wait()
        try:
            numbers.add(services.filing.submit(draft, mine.id).number)
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=submit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert len(numbers) == 1
    assert outbox(services) == {"ready": 1}


def test_a_draft_that_says_nothing_cannot_be_filed(services: Services) -> None:
    with pytest.raises(Rejected):
        services.filing.submit(new_draft(), conversation(services).id)


def test_a_draft_of_nobody_cannot_be_filed_and_leaves_nothing(services: Services) -> None:
    with pytest.raises(Rejected):
        services.filing.submit(told(services), "no-such-conversation")

    assert outbox(services) == {}


def test_the_phone_of_an_anonymous_citizen_is_not_kept(services: Services) -> None:
    draft = replace(told(services), contact=Contact.ANONYMOUS)

    complaint = services.filing.submit(draft, conversation(services).id)

    with services.unit_of_work() as tx:
        assert tx.complaints.phone(complaint.id) is None
    assert complaint.anonymous


def test_the_summary_that_other_citizens_see_names_no_phone(services: Services) -> None:
    complaint = filed(services, f"{LAMP}，电话{PHONE}")

    with services.unit_of_work() as tx:
        incident = tx.incidents.get(complaint.incident_id)
    assert incident is not None
    assert PHONE not in incident.summary


def test_a_filed_complaint_reaches_the_department(services: Services) -> None:
    complaint = filed(services)

    relay_all(services)

    assert read(services, complaint).status is Status.DISPATCHED


@pytest.mark.parametrize("name", ["城阳区流亭小学", "崂山区流清河水库", "平度市灰埠卫生院"])
def test_the_name_of_a_place_is_no_problem_of_its_own(services: Services, name: str) -> None:
    heard = hear(services, new_draft(), f"{name}门口有一盏路灯坏了三天了，晚上黑得吓人。")
    assert heard.draft.later == ()
    assert heard.draft.category == "410102"


def test_problems_of_one_message_are_not_offered_as_each_other(services: Services) -> None:
    draft = first(services, LAMP)
    draft = replace(draft, contact=Contact.ANONYMOUS, later=(LAMP_AGAIN,))
    filed_now = services.filing.submit(draft, conversation(services, "citizen-1").id)
    after = services.intake.next_problem(draft)
    assert after is not None
    assert after.category and after.place
    assert after.similar == ()
    # told by anybody else, in a message of its own, it would be
    assert first(services, LAMP_AGAIN).similar == (filed_now.incident_id,)


def test_grief_beside_a_matter_leaves_the_matter_to_be_taken_in(services: Services) -> None:
    draft = first(services, "我老伴上个月走了，剩我一个人掉眼泪，家里暖气也不热，没人管我")
    assert draft.refer_to is None
    assert draft.category is not None
    assert services.taxonomy.leaf(draft.category).level1_code[:1] == "2"
