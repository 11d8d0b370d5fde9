"""Filing: what is written beside the complaint."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from integrations.bootstrap import Services
from integrations.services.intake import Utterance
from integrations.services.records import ScreeningTag
from kb.places import Place
from kb.report import Ask, Contact, Draft
from kb.request_types import RequestType
from kb.screening import Reason
from kb.taxonomy import UNLISTED, Urgency
from tests.builders import LAMP, conversation, filed, outbox, read, told
from tests.fakes import FakeClock


def tags(services: Services, complaint_id: str) -> dict[Reason, ScreeningTag]:
    with services.unit_of_work() as tx:
        return {one.tag.reason: one for one in tx.screenings.of_complaint(complaint_id)}


def test_what_is_wanted_is_kept_with_the_complaint(services: Services) -> None:
    assert read(services, filed(services)).request_type is RequestType.COMPLAINT
    wish = filed(services, "建议市北区合肥路688号翠湖小区北门多装两盏路灯", draft_id="draft-2")
    assert read(services, wish).request_type is RequestType.SUGGESTION


def test_an_ordinary_complaint_has_no_tag(services: Services) -> None:
    assert tags(services, filed(services).id) == {}


def test_abuse_is_tagged_with_its_words_and_filed_all_the_same(services: Services) -> None:
    complaint = filed(services, f"{LAMP}，你们这帮王八蛋")

    found = tags(services, complaint.id)
    assert found[Reason.ABUSE].tag.evidence == "王八蛋"
    assert found[Reason.MALICE].tag.confidence < 0.5
    assert outbox(services) == {"ready": 1}


def test_the_same_citizen_on_the_same_incident_is_a_repeat_and_a_neighbour_is_not(services: Services) -> None:
    first = filed(services)
    again = filed(services, draft_id="draft-2", join=first.incident_id)
    third = filed(services, draft_id="draft-3", join=first.incident_id)
    neighbour = filed(services, draft_id="draft-4", join=first.incident_id, address="citizen-2")

    assert first == again == third, "nobody gets two tickets for one thing"
    repeated = tags(services, first.id)[Reason.MINOR_REPEAT].tag
    assert "1次" in repeated.evidence
    with services.unit_of_work() as tx:
        assert [report.key for report in tx.reports.of_complaint(first.id)] == ["filed", "draft-2", "draft-3"]
    assert Reason.MINOR_REPEAT not in tags(services, neighbour.id)


def test_who_insists_on_another_authoritys_business_is_filed_and_tagged(services: Services) -> None:
    draft = services.intake.hear(Draft("draft-1", insisted=True), Ask.DESCRIPTION, Utterance(LAMP)).draft
    ready = Draft.from_dict({**draft.as_dict(), "contact": Contact.ANONYMOUS})

    complaint = services.filing.submit(ready, conversation(services).id)

    assert Reason.OUT_OF_SCOPE in tags(services, complaint.id)


def test_a_draft_submitted_twice_is_tagged_once(services: Services) -> None:
    complaint = filed(services, f"{LAMP}，你们这帮王八蛋")
    filed(services, f"{LAMP}，你们这帮王八蛋")

    with services.unit_of_work() as tx:
        kept = [one.tag.reason for one in tx.screenings.of_complaint(complaint.id)]
    assert sorted(kept) == sorted(set(kept)) and Reason.ABUSE in kept


def test_danger_is_filed_at_top_urgency_and_due_within_two_hours(services: Services, clock: FakeClock) -> None:
    ordinary = filed(services)
    gas = filed(services, "市北区合肥路688号翠湖小区3号楼楼道里好大的燃气味", draft_id="draft-2")

    assert read(services, gas).urgency is Urgency.CRITICAL is not read(services, ordinary).urgency
    assert gas.due_at - clock.now <= timedelta(hours=2) < ordinary.due_at - clock.now


def test_what_others_read_of_the_incident_names_nobody_and_no_flat(services: Services) -> None:
    said = "我叫王小明，翠湖小区3号楼2单元501楼下路灯坏了，微信abc12345，电话13812345678，鲁B12345挡着"
    place = Place("翠湖小区3号楼2单元501", "市南区", spot="翠湖小区")
    draft = Draft("draft-1", said, category="410102", place=place, contact=Contact.ANONYMOUS)

    complaint = services.filing.submit(draft, conversation(services).id)

    with services.unit_of_work() as tx:
        incident = tx.incidents.find(complaint.incident_id)
    assert complaint.description == said, "the department reads all of it"
    assert incident is not None
    assert incident.place.text == "翠湖小区3号楼"
    assert "3号楼楼下路灯坏了" in incident.summary
    assert not any(private in incident.summary for private in ("小明", "501", "单元", "abc", "1381", "B12345"))


def test_what_nobody_could_place_is_shown_and_filed_for_a_person(services: Services) -> None:
    draft = replace(told(services), category=None, category_confidence=0.0)
    card = services.report_speech.card(draft)
    assert services.taxonomy.leaf(UNLISTED).entry.plain in str(card.as_json())
    assert services.filing.submit(draft, conversation(services).id).category == UNLISTED
