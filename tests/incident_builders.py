"""Incidents to begin a test with, filed without a conversation: the draft is made, not told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from integrations.bootstrap import Services
from integrations.services.casework import DepartmentUpdate
from integrations.services.records import Complaint, Incident
from kb.places import Place
from kb.report import Contact, Draft
from tests.builders import conversation, relay_all, request_of
from tests.fakes import SATURDAY

LAMP_CODE = "410102"
PLACE = Place(
    "翠湖小区北门", district="市北区", spot="翠湖小区", lat=36.1062, lon=120.3826, crs="WGS-84", confidence=0.9
)


def submitted(
    services: Services,
    nth: int,
    *,
    citizen: str | None = None,
    join: str | None = None,
    text: str = "北门的路灯不亮",
    place: Place | None = PLACE,
    category: str = LAMP_CODE,
) -> Complaint:
    """Draft number `nth`, of a citizen of its own unless one is named, filed."""
    draft = Draft(
        f"draft-{nth}",
        description=text,
        category=category,
        category_confidence=0.9,
        place=place,
        contact=Contact.ANONYMOUS,
        join=join,
    )
    return services.filing.submit(draft, conversation(services, citizen or f"citizen-{nth}").id)


def at_the_department(services: Services, nth: int, **how: Any) -> tuple[Complaint, str]:
    """The same, relayed: with the request that it follows."""
    complaint = submitted(services, nth, **how)
    relay_all(services)
    return complaint, request_of(services, complaint)


def close(services: Services, request_id: str, sequence: int = 1) -> None:
    """The department closes a request of which it has said nothing yet."""
    services.casework.apply(request_id, DepartmentUpdate(sequence, "closed", SATURDAY, "照明三班", "修好了"))


def incident(services: Services, incident_id: str) -> Incident:
    """This very incident."""
    with services.unit_of_work() as tx:
        found = tx.incidents.find(incident_id)
    assert found is not None
    return found


def whole(services: Services, complaint: Complaint) -> Incident:
    """What the complaint's incident is part of now."""
    return incident(services, incident(services, complaint.incident_id).survivor_id)


def together(*works: Callable[[], object]) -> list[Exception]:
    """Do all of it at once, a thread each; gives what went wrong."""
    barrier, errors = threading.Barrier(len(works)), []

    def one(work: Callable[[], object]) -> None:
        barrier.wait()
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors
