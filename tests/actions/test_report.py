"""A report, turn by turn, through the steps that Rasa calls, into a real store."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from actions.repair import OldButton
from actions.report import DropReport, HearReport, RestartReport, ResumeReport, SubmitReport
from integrations.bootstrap import Services
from integrations.services.records import Bubble, Complaint
from kb.deadlines import CITY_TIME
from kb.known_issues import KnownIssue
from kb.ticket_number import display
from tests.actions.conftest import Citizen, message
from tests.builders import LAMP, LAMP_AGAIN, PHONE, conversation, outbox
from tests.builders import filed as with_builders
from tests.fakes import FakeClock

PLACE = "市北区合肥路688号翠湖小区北门"


def words(citizen: Citizen, key: str, **gaps: object) -> str:
    return citizen.services.speech.words.say(key, **gaps)


def ways(citizen: Citizen, key: str, **gaps: object) -> tuple[str, ...]:
    """Every way in which the sentence may be said."""
    return citizen.services.speech.words.ways(key, **gaps)


def titles(bubble: Bubble) -> list[str]:
    return [option.title for option in bubble.options]


def rows(bubble: Bubble) -> dict[str, str]:
    assert bubble.card is not None
    return {row["label"]: row["value"] for row in bubble.card["rows"]}


def filed(citizen: Citizen) -> list[Complaint]:
    owner = conversation(citizen.services, citizen.address).citizen_id
    with citizen.services.unit_of_work() as tx:
        return list(tx.complaints.of_citizen(owner))


def card(citizen: Citizen) -> Bubble:
    """The confirmation card of a lamp told anonymously."""
    citizen.say(LAMP)
    (shown,) = citizen.tap("contact:anonymous")
    return shown


def test_a_whole_report_asks_one_thing_at_a_time_and_ends_with_a_ticket(citizen: Citizen) -> None:
    (where,) = citizen.say("路灯坏了三天了")
    assert where.text in ways(citizen, "report.ask_place")
    assert citizen.asked == "report_place"

    (contact,) = citizen.say(PLACE)
    assert contact.text in ways(citizen, "report.ask_contact")
    assert citizen.asked == "report_contact"

    (shown,) = citizen.say(PHONE)
    assert shown.text == words(citizen, "report.confirm_phone")
    assert rows(shown)["问题"] == "路灯坏了三天了"
    assert rows(shown)["时间"] == "三天了（大约从11月18日起）"
    assert rows(shown)["联系"] == "138****5678"
    assert "合肥路" in rows(shown)["地点"]

    (ticket,) = citizen.tapped(shown, "确认提交")
    (complaint,) = filed(citizen)
    assert ticket.card is not None
    assert ticket.card["number"] == display(complaint.number)
    assert (complaint.category, complaint.began, complaint.anonymous) == ("410102", "2026-11-18", False)
    assert complaint.since == "三天了（大约从11月18日起）"
    assert outbox(citizen.services) == {"ready": 1}
    assert citizen.draft is None and citizen.asked is None


def test_everything_in_one_breath_asks_only_for_the_contact(citizen: Citizen) -> None:
    (contact,) = citizen.say(LAMP)
    assert contact.text in ways(citizen, "report.ask_contact")
    (shown,) = citizen.tap("contact:anonymous")
    assert rows(shown)["联系"] == words(citizen, "report.anonymous")


def test_a_phone_told_with_the_problem_is_not_asked_for(citizen: Citizen) -> None:
    (shown,) = citizen.say(f"{LAMP}，我电话{PHONE}")
    assert rows(shown)["联系"] == "138****5678"


def test_yes_in_words_files_as_the_button_does(citizen: Citizen) -> None:
    card(citizen)
    (ticket,) = citizen.say("对", "affirm")
    assert ticket.card is not None and ticket.card["kind"] == "ticket"
    assert len(filed(citizen)) == 1


def test_a_long_yes_is_more_to_tell_and_files_nothing(citizen: Citizen) -> None:
    card(citizen)
    (shown,) = citizen.say("对，灯杆上还贴满了小广告", "affirm")
    assert "贴满了小广告" in rows(shown)["问题"]
    assert filed(citizen) == []


def test_a_submit_that_rasa_calls_twice_files_once(citizen: Citizen) -> None:
    card(citizen)
    kept = dict(citizen.slots)
    (first,) = citizen.say("对", "affirm")
    citizen.slots = {**kept, "requested_slot": None}
    (second,) = citizen.take(SubmitReport)
    assert first == second
    assert len(filed(citizen)) == 1
    assert outbox(citizen.services) == {"ready": 1}


def test_a_second_tap_on_submit_files_nothing_and_tells_the_number(citizen: Citizen, neighbour: Citizen) -> None:
    shown = card(citizen)
    citizen.tapped(shown, "确认提交")
    (complaint,) = filed(citizen)
    button = shown.options[0].payload.split('"')[3]
    (told,) = citizen.take(OldButton, message("确认提交", "choose", option=button))
    assert told.text == words(citizen, "repair.old_submit", number=display(complaint.number))
    (other,) = neighbour.take(OldButton, message("确认提交", "choose", option=button))
    assert other.text in ways(citizen, "repair.old_button"), "somebody else's button gives nothing away"
    assert len(filed(citizen)) == 1 and filed(neighbour) == []


def test_a_button_of_another_draft_files_nothing(citizen: Citizen) -> None:
    card(citizen)
    said = citizen.tap("confirm:another-draft", "确认提交")
    assert said[0].text in ways(citizen, "report.button_is_old")
    assert filed(citizen) == []


def test_the_place_can_be_changed_on_the_card(citizen: Citizen) -> None:
    shown = card(citizen)
    (where,) = citizen.tapped(shown, words(citizen, "report.change_place"))
    assert citizen.asked == "report_place"
    assert where.options, "whoever cannot say it better has a button"
    (again,) = citizen.say("李沧区书院路29号门口")
    assert "书院路29号" in rows(again)["地点"]
    assert "合肥路" not in rows(again)["地点"]


def test_the_problem_can_be_told_anew_on_the_card(citizen: Citizen) -> None:
    shown = card(citizen)
    citizen.tapped(shown, words(citizen, "report.change_description"))
    (again,) = citizen.say("垃圾没人收")
    assert rows(again)["问题"] == "垃圾没人收"
    assert citizen.draft is not None and citizen.draft.category == "310101"


def test_the_contact_can_be_changed_on_the_card(citizen: Citizen) -> None:
    shown = card(citizen)
    citizen.tapped(shown, words(citizen, "report.change_contact"))
    (again,) = citizen.say(PHONE)
    assert rows(again)["联系"] == "138****5678"


def test_a_correction_in_words_needs_no_button(citizen: Citizen) -> None:
    card(citizen)
    (again,) = citizen.say("不是翠湖小区，是李沧区书院路29号", "correct")
    assert "书院路" in rows(again)["地点"]


def test_no_asks_what_is_wrong_with_the_buttons_of_the_card(citizen: Citizen) -> None:
    card(citizen)
    (remark,) = citizen.say("不对", "deny")
    assert remark.text == words(citizen, "report.say_what_is_wrong")
    assert remark.card is None and words(citizen, "report.change_place") in titles(remark)


def test_danger_to_life_is_answered_before_anything_is_asked_and_only_once(citizen: Citizen) -> None:
    danger, where = citizen.say("家里有燃气味")
    assert danger.card is not None and danger.card["kind"] == "danger"
    assert "119" in danger.text
    assert where.text in ways(citizen, "report.ask_place")
    assert [one.card["kind"] for one in citizen.say(PLACE) if one.card] == ["confirm"]


def test_a_place_is_asked_for_twice_and_then_left_to_a_person(citizen: Citizen) -> None:
    (first,) = citizen.say("路灯坏了")
    _, second = citizen.say("😀", "nlu_fallback")
    assert first.text in ways(citizen, "report.ask_place")
    assert second.text in ways(citizen, "report.ask_place_again")
    (contact,) = citizen.say("说不清", "unsure")
    assert contact.text in ways(citizen, "report.ask_contact")
    (shown,) = citizen.tap("contact:anonymous")
    assert rows(shown)["地点"] == words(citizen, "report.place_not_said")


def test_the_button_for_not_knowing_where_ends_the_question(citizen: Citizen) -> None:
    (where,) = citizen.say("路灯坏了")
    (contact,) = citizen.tapped(where, words(citizen, "report.place_unknown"))
    assert contact.text in ways(citizen, "report.ask_contact")


def test_a_pin_is_a_place(citizen: Citizen) -> None:
    citizen.say("路灯坏了")
    (contact,) = citizen.say("", location={"lat": 36.1, "lon": 120.4, "crs": "WGS-84", "label": ""})
    assert contact.text in ways(citizen, "report.ask_contact")
    assert citizen.draft is not None and citizen.draft.place is not None
    assert (citizen.draft.place.lat, citizen.draft.place.crs) == (36.1, "WGS-84")


def test_words_that_no_list_knows_are_a_place_without_flat_and_phone(citizen: Citizen) -> None:
    """They are shown to neighbours when they report the same."""
    citizen.say("路灯坏了")
    citizen.say(f"老槐树东头3号楼2单元501室，电话{PHONE}")
    assert citizen.draft is not None and citizen.draft.place is not None
    told = str(citizen.draft.place.as_dict())
    assert PHONE not in told
    assert "501" not in told
    assert citizen.draft.phone == PHONE


def test_a_phone_with_a_digit_missing_is_asked_for_again(citizen: Citizen) -> None:
    citizen.say(LAMP)
    (wrong,) = citizen.say("1381234567")
    assert wrong.text == words(citizen, "report.phone_short", figures=1)
    assert words(citizen, "report.submit_without") in titles(wrong)


def test_yes_to_the_contact_asks_for_the_number(citizen: Citizen) -> None:
    citizen.say(LAMP)
    (please,) = citizen.say("好", "affirm")
    assert please.text == words(citizen, "report.phone_please")


def test_more_about_the_problem_is_kept_while_the_contact_is_asked(citizen: Citizen) -> None:
    citizen.say(LAMP)
    noted, again = citizen.say("晚上路都看不见")
    assert noted.text in ways(citizen, "report.noted")
    assert again.text in ways(citizen, "repair.again_report_contact")
    assert citizen.draft is not None and "看不见" in citizen.draft.description


def test_two_kinds_for_two_units_are_offered_and_the_choice_is_kept(citizen: Citizen) -> None:
    (which,) = citizen.say(f"说不准是什么，{PLACE}")
    leaves = citizen.services.taxonomy
    assert titles(which) == [
        *(leaves.leaf(code).entry.plain for code in ("410101", "310101")),
        words(citizen, "report.category_none"),
    ]
    citizen.tapped(which, titles(which)[1])
    assert citizen.draft is not None
    assert (citizen.draft.category, citizen.draft.category_confidence) == ("310101", 1.0)


def test_a_greeting_in_between_is_left_to_its_rule(citizen: Citizen) -> None:
    citizen.say("路灯坏了")
    before = dict(citizen.slots)
    assert citizen.take(HearReport, message("你好", "greet")) == []
    assert citizen.slots == before and citizen.happened == []
    citizen.events.append({"event": "action", "name": "utter_greet"})
    (where,) = citizen.take(HearReport)
    assert where.text in ways(citizen, "repair.again_report_place")


@pytest.mark.parametrize(("said", "intent"), [(PLACE, "greet"), ("合肥路688号，谢谢", "thanks")])
def test_a_place_is_an_answer_whatever_else_it_sounds_like(citizen: Citizen, said: str, intent: str) -> None:
    citizen.say("市北区的路灯坏了")
    (contact,) = citizen.say(said, intent)
    assert contact.text in ways(citizen, "report.ask_contact")


def test_a_form_that_is_come_back_to_asks_again_and_hears_nothing_twice(citizen: Citizen) -> None:
    citizen.say("路灯坏了")
    draft = citizen.draft
    citizen.take(HearReport, message("我要找人工", "ask_person"))
    citizen.events.append({"event": "action", "name": "action_ask_person"})
    (where,) = citizen.take(HearReport)
    assert where.text in ways(citizen, "repair.again_report_place")
    assert citizen.draft is not None and draft is not None
    assert citizen.draft.description == draft.description


@pytest.mark.parametrize("intent", ["start_report", "report_again", "start_over"])
def test_an_opening_word_is_not_the_problem(citizen: Citizen, intent: str) -> None:
    (what,) = citizen.say("我要反映问题", intent)
    assert what.text in ways(citizen, "report.ask_description")
    assert citizen.draft is not None and citizen.draft.description == ""


def test_what_was_said_before_is_never_said_twice(citizen: Citizen) -> None:
    citizen.slots["said_before"] = LAMP
    (contact,) = citizen.tap("said_before", "就反映这件事", "start_report")
    assert contact.text in ways(citizen, "report.ask_contact")
    assert citizen.draft is not None and citizen.draft.description == LAMP


def test_signs_alone_are_asked_about(citizen: Citizen) -> None:
    citizen.say("我要反映问题", "start_report")
    (said,) = citizen.say("？？？", "nlu_fallback")
    assert said.text in ways(citizen, "report.nothing_said")


HEATING = KnownIssue(
    id="KI-1",
    title="换热站改造",
    category="2101",
    starts=date(2026, 11, 1),
    ends=date(2026, 11, 30),
    lead_unit="市北区城市管理局",
    say="正在换换热器。",
    source="演示",
)
COLD = "市北区合肥路688号翠湖小区家里暖气不热"


def test_a_known_issue_is_told_before_any_form_and_may_be_enough(citizen: Citizen) -> None:
    citizen.services.replacements["known_issues"] = (HEATING,)
    (known,) = citizen.say(COLD)
    assert "正在换换热器。" in known.text
    assert rows(known) == {"负责单位": "市北区城市管理局", "时间": "2026年11月1日到2026年11月30日", "来源": "演示"}
    (enough,) = citizen.tapped(known, words(citizen, "report.known_issue_fine"))
    assert enough.text == words(citizen, "report.known_issue_enough")
    assert citizen.draft is None and filed(citizen) == []


def test_a_known_issue_ends_at_the_citys_midnight(citizen: Citizen, clock: FakeClock) -> None:
    citizen.services.replacements["known_issues"] = (HEATING,)
    clock.now = datetime(2026, 12, 1, 0, 30, tzinfo=CITY_TIME).astimezone(UTC)
    (contact,) = citizen.say(COLD)
    assert contact.text in ways(citizen, "report.ask_contact")


def test_a_known_issue_can_be_reported_all_the_same(citizen: Citizen) -> None:
    citizen.services.replacements["known_issues"] = (HEATING,)
    (known,) = citizen.say(COLD)
    (contact,) = citizen.tapped(known, words(citizen, "report.known_issue_file"))
    assert contact.text in ways(citizen, "report.ask_contact")


def test_what_is_of_interest_but_no_answer_is_told_with_the_ticket(citizen: Citizen) -> None:
    citizen.services.replacements["known_issues"] = (HEATING.model_copy(update={"with_ticket": True}),)
    (contact,) = citizen.say(COLD)
    assert contact.text in ways(citizen, "report.ask_contact")
    citizen.tap("contact:anonymous")
    (ticket,) = citizen.say("对", "affirm")
    assert rows(ticket)["市里在做"] == "正在换换热器。（演示，2026年11月1日起）"


def test_a_neighbour_is_offered_the_same_problem_and_gets_a_number_of_their_own(
    citizen: Citizen, neighbour: Citizen
) -> None:
    citizen.tapped(card(citizen), "确认提交")
    (similar,) = neighbour.say(LAMP_AGAIN)
    assert similar.card is not None and similar.card["kind"] == "incidents"
    (ticket,) = neighbour.tapped(similar, words(citizen, "report.same_problem"))
    (mine,), (theirs,) = filed(citizen), filed(neighbour)
    assert mine.number != theirs.number and mine.incident_id == theirs.incident_id
    assert theirs.joined and display(theirs.number) in ticket.text


LAMPS = [f"市北区合肥路{number}号门口路灯坏了三天了" for number in (688, 686, 690, 684)]


def test_of_several_a_few_are_shown_and_the_others_on_demand(citizen: Citizen, neighbour: Citizen) -> None:
    for number, text in enumerate(LAMPS):
        with_builders(citizen.services, text, address=f"other-{number}", draft_id=f"draft-{number}")
    (asked,) = neighbour.say("市北区合肥路路灯坏了好几天，中段那里")
    assert asked.card is not None and asked.text == words(citizen, "report.similar_several", count=3)
    assert len(asked.card["items"]) == 3
    (all_of_them,) = neighbour.tapped(asked, words(citizen, "report.more_similar"))
    assert all_of_them.card is not None and len(all_of_them.card["items"]) == 4
    assert words(citizen, "report.more_similar") not in titles(all_of_them)
    (which,) = neighbour.say("是的", "affirm")
    assert which.text == words(citizen, "report.similar_which") and which.card == all_of_them.card
    (ticket,) = neighbour.say("第四个")
    (mine,) = filed(neighbour)
    assert mine.joined and display(mine.number) in ticket.text


def test_who_says_it_is_another_one_tells_more_and_is_not_asked_again(citizen: Citizen, neighbour: Citizen) -> None:
    citizen.tapped(card(citizen), "确认提交")
    neighbour.say(LAMP_AGAIN)
    (contact,) = neighbour.say("不是那盏，是它旁边那盏")
    assert contact.text in ways(citizen, "report.ask_contact")
    assert neighbour.draft is not None and "旁边那盏" in neighbour.draft.description


def test_nobody_gets_two_tickets_for_one_thing(citizen: Citizen) -> None:
    citizen.tapped(card(citizen), "确认提交")
    (mine,) = filed(citizen)
    (offered,) = citizen.say(LAMP_AGAIN)
    assert offered.card is not None
    assert {"label": "您报过", "value": display(mine.number)} in offered.card["items"][0]["rows"]
    (said,) = citizen.tapped(offered, words(citizen, "report.same_as_mine"))
    assert said.text == words(citizen, "report.added", number=display(mine.number))
    assert filed(citizen) == [mine]
    with citizen.services.unit_of_work() as tx:
        told = [report.text for report in tx.reports.of_complaint(mine.id)]
    assert told == [LAMP, LAMP_AGAIN]
    assert citizen.draft is None


def test_a_card_tells_nothing_of_who_reported(citizen: Citizen, neighbour: Citizen) -> None:
    citizen.say(f"{LAMP}，我叫王小明，住3号楼2单元501，电话{PHONE}")
    citizen.say("对", "affirm")
    (shown,) = neighbour.say(LAMP_AGAIN)
    said = f"{shown.text} {[one.title for one in shown.options]} {shown.card}"  # ids have digits of their own
    for personal in ("王小明", "501", PHONE, "138"):
        assert personal not in said


def test_a_similar_problem_that_was_closed_meanwhile_is_offered_as_one_that_may_be_back(
    citizen: Citizen, neighbour: Citizen
) -> None:
    citizen.tapped(card(citizen), "确认提交")
    neighbour.say(LAMP_AGAIN)
    (mine,) = filed(citizen)
    with citizen.services.unit_of_work() as tx:
        tx.incidents.close(mine.incident_id, citizen.services.clock())
    *_, asked = neighbour.take(HearReport)
    assert asked.card and asked.card["kind"] == "incidents"


def test_calling_it_off_leaves_nothing_behind(citizen: Citizen) -> None:
    card(citizen)
    (gone,) = citizen.take(DropReport, message("算了", "cancel"))
    assert gone.text in ways(citizen, "report.dropped")
    assert citizen.draft is None and citizen.asked is None
    assert {"event": "active_loop", "name": None, "timestamp": None} in citizen.happened
    (nothing,) = citizen.take(DropReport, message("算了", "cancel"))
    assert nothing.text == words(citizen, "report.nothing_to_drop")
    assert filed(citizen) == []


def test_beginning_again_begins_with_an_empty_draft(citizen: Citizen) -> None:
    assert citizen.take(RestartReport, message("重新来", "start_over")) == []
    card(citizen)
    (again,) = citizen.take(RestartReport, message("重新来", "start_over"))
    assert again.text == words(citizen, "report.restarted")
    assert citizen.draft is None


def test_after_a_look_up_the_report_goes_on(citizen: Citizen) -> None:
    assert citizen.take(ResumeReport, message("查进度", "check_progress")) == []
    citizen.say("路灯坏了")
    (again,) = citizen.take(ResumeReport)
    assert again.text in ways(citizen, "report.again")
    assert [one["name"] for one in citizen.happened if one["event"] == "followup"] == ["report_form"]


def test_submitting_without_a_draft_says_nothing(citizen: Citizen) -> None:
    assert citizen.take(SubmitReport, message("好")) == []
    assert citizen.happened == []


def test_two_reports_of_one_citizen_are_two_tickets(citizen: Citizen) -> None:
    card(citizen)
    citizen.say("对", "affirm")
    citizen.say("李沧区书院路29号门口垃圾没人收")
    citizen.tap("contact:anonymous")
    citizen.say("对", "affirm")
    numbers = {complaint.number for complaint in filed(citizen)}
    assert len(numbers) == 2


def test_a_draft_kept_by_an_older_version_is_still_understood(citizen: Citizen, services: Services) -> None:
    card(citizen)
    draft = citizen.draft
    assert draft is not None
    citizen.slots["report_draft"] = {**draft.as_dict(), "mood": "angry"}
    citizen.say("对", "affirm")
    assert len(filed(citizen)) == 1
    assert replace(draft, asked={}).id == filed(citizen)[0].draft_id


# -- several problems in one message -----------------------------------------------------------------------------

TWO = "市北区合肥路688号翠湖小区北门路灯坏了，另外小区里垃圾堆成山没人收"


def test_two_problems_of_one_message_become_two_tickets(citizen: Citizen) -> None:
    told, contact = citizen.say(TWO)
    assert told.text.startswith("您说了2件事") and "路灯坏了" in told.text
    assert contact.text in ways(citizen, "report.ask_contact")
    (shown,) = citizen.say(PHONE)
    assert "垃圾" in rows(shown)["另一件"] and "垃圾" not in rows(shown)["问题"]

    ticket, announced, second = citizen.tapped(shown, "确认提交")
    assert ticket.card is not None and ticket.card["kind"] == "ticket"
    assert "垃圾" in announced.text
    assert rows(second)["联系"] == "138****5678"
    assert "翠湖小区" in rows(second)["地点"]
    assert "另一件" not in rows(second)
    citizen.tapped(second, "确认提交")

    assert sorted(one.category for one in filed(citizen)) == ["310101", "410102"]
    assert citizen.draft is None


def test_two_that_are_one_after_all_are_put_together(citizen: Citizen) -> None:
    citizen.say(TWO)
    (shown,) = citizen.say(PHONE)
    (whole,) = citizen.tapped(shown, words(citizen, "report.one_problem"))
    assert "路灯" in rows(whole)["问题"] and "垃圾" in rows(whole)["问题"]
    citizen.tapped(whole, "确认提交")
    assert len(filed(citizen)) == 1


def test_the_dangerous_one_of_two_comes_first(citizen: Citizen) -> None:
    advice, told, *_ = citizen.say("市北区合肥路688号翠湖小区北门路灯坏了，另外楼道里一股很浓的燃气味")
    assert advice.card is not None and advice.card["kind"] == "danger"
    assert "燃气味" in told.text


def test_a_submit_that_rasa_calls_twice_begins_the_next_problem_once(citizen: Citizen) -> None:
    citizen.say(TWO)
    (shown,) = citizen.say(PHONE)
    kept = dict(citizen.slots)
    citizen.tapped(shown, "确认提交")
    begun = citizen.draft
    citizen.slots = {**kept, "requested_slot": None}  # Rasa calls the step again
    citizen.take(SubmitReport)
    assert citizen.draft is not None and begun is not None
    assert citizen.draft.id == begun.id
    assert len(filed(citizen)) == 1


# -- words that fit nothing --------------------------------------------------------------------------------------


def test_vague_words_are_asked_about_once_then_offered_then_given_to_a_person(citizen: Citizen) -> None:
    (detail,) = citizen.say("就是很不舒服")
    assert detail.text == words(citizen, "report.ask_detail")
    (which,) = citizen.say("反正不舒服得很")
    assert which.text in (words(citizen, "report.ask_category"), words(citizen, "report.ask_category_unsure"))
    (remark, where) = citizen.tapped(which, words(citizen, "report.category_none"))
    assert remark.text == words(citizen, "report.for_a_person")
    assert where.text in ways(citizen, "report.ask_place")
    assert citizen.draft is not None and citizen.draft.category == "740201"


def test_nobody_is_asked_for_detail_who_cannot_give_it(citizen: Citizen) -> None:
    citizen.say("就是很不舒服")
    (remark, where) = citizen.say("不知道", "unsure")
    assert remark.text == words(citizen, "report.for_a_person")
    assert where.text in ways(citizen, "report.ask_place")


def test_abuse_alone_is_answered_calmly_and_files_nothing(citizen: Citizen) -> None:
    (calm,) = citizen.say("你们都是傻逼")
    assert calm.text in ways(citizen, "report.angry")


def test_abuse_that_sounds_like_a_question_is_not_left_to_its_rule(citizen: Citizen) -> None:
    citizen.say("我要投诉", "start_report")
    (calm,) = citizen.say("你们都是一群王八蛋", "ask_identity")
    assert calm.text in ways(citizen, "report.angry")


def test_a_complaint_inside_abuse_is_taken(citizen: Citizen) -> None:
    (contact,) = citizen.say("一群傻逼，市北区合肥路688号翠湖小区北门路灯坏了半个月")
    assert contact.text in ways(citizen, "report.ask_contact")
    assert citizen.draft is not None and citizen.draft.category == "410102"


def test_abuse_said_three_times_is_taken_down_and_tagged(citizen: Citizen) -> None:
    for _ in range(2):
        citizen.say("你们都是傻逼")
    citizen.say("你们都是傻逼")
    assert citizen.draft is not None and citizen.draft.description == "你们都是傻逼"


def test_a_question_at_the_place_is_no_place_though_it_names_a_home(citizen: Citizen) -> None:
    citizen.say("路灯坏了三天了")
    before = citizen.draft
    assert citizen.asked == "report_place"
    said = citizen.say("家里暖气多少度才算达标？", intent="ask_question")
    assert said == [] and citizen.draft == before  # the rule that answers questions speaks


def test_a_line_of_the_card_names_the_button_that_asks_for_it_anew(citizen: Citizen) -> None:
    shown = card(citizen)
    assert shown.card is not None
    edits = {row["label"]: row["edit"] for row in shown.card["rows"] if "edit" in row}
    titles = [option.title for option in shown.options]
    assert {label: titles[number - 1] for label, number in edits.items()} == {
        words(citizen, f"report.row_{line}"): words(citizen, f"report.change_{what}")
        for line, what in (
            ("problem", "description"),
            ("category", "category"),
            ("place", "place"),
            ("since", "since"),
            ("contact", "contact"),
        )
    }
    citizen.tapped(shown, titles[edits[words(citizen, "report.row_since")] - 1])
    (after,) = citizen.say("前天晚上开始的")
    assert "前天" in rows(after)[words(citizen, "report.row_since")]
