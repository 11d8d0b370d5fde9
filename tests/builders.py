"""Boring, fixed things to begin a test with."""

from __future__ import annotations

from dataclasses import replace

from integrations.bootstrap import Services
from integrations.services.intake import Utterance
from integrations.services.records import Complaint, Conversation
from kb.report import Ask, Contact, Draft

LAMP = "市北区合肥路688号翠湖小区北门的路灯坏了，三天了"
LAMP_AGAIN = "市北区合肥路688号翠湖小区北门路灯不亮，晚上看不见路"
RUBBISH = "李沧区书院路29号门口垃圾没人收"
PHONE = "13812345678"


def conversation(services: Services, address: str = "citizen-1", channel: str = "web") -> Conversation:
    return services.conversing.open(channel, address)


def told(services: Services, text: str = LAMP, *, draft_id: str = "draft-1", phone: str | None = PHONE) -> Draft:
    """A draft that only waits for its confirmation; whatever was similar is answered 'not the same'."""
    draft = services.intake.hear(Draft(draft_id), Ask.DESCRIPTION, Utterance(text)).draft
    contact = Contact.PHONE if phone else Contact.ANONYMOUS
    return replace(draft, contact=contact, phone=phone, similar_answered=True, known_issue_answered=True)


def filed(
    services: Services,
    text: str = LAMP,
    *,
    address: str = "citizen-1",
    draft_id: str = "draft-1",
    phone: str | None = PHONE,
    join: str | None = None,
) -> Complaint:
    draft = replace(told(services, text, draft_id=draft_id, phone=phone), join=join)
    return services.filing.submit(draft, conversation(services, address).id)


def relay_all(services: Services, worker: str = "worker-1") -> int:
    """Do every row that is ready; gives how many."""
    return sum(1 for _ in iter(lambda: services.dispatching.relay_one(worker), False))


def dispatched(services: Services, text: str = LAMP, **how: str | None) -> tuple[Complaint, str]:
    """A complaint that the department has, with its number there."""
    complaint = filed(services, text, **how)  # type: ignore[arg-type]
    relay_all(services)
    return read(services, complaint), request_of(services, complaint)


def read(services: Services, complaint: Complaint) -> Complaint:
    with services.unit_of_work() as tx:
        found = tx.complaints.get(complaint.id)
    assert found is not None
    return found


def request_of(services: Services, complaint: Complaint) -> str:
    with services.unit_of_work() as tx:
        request = tx.backend_requests.of_complaint(complaint.id)
    assert request is not None, "the complaint has not reached the department"
    return request.request_id


def outbox(services: Services) -> dict[str, int]:
    with services.unit_of_work() as tx:
        return tx.outbox.counts()


def notices(services: Services, address: str = "citizen-1") -> list[str]:
    """What the citizen was told without asking."""
    lines = services.conversing.history(conversation(services, address).id)
    return [line.body["text"] for line in lines if line.sender == "notice"]
