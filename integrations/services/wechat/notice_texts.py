"""What a subscription notice says about a complaint: number, category, street, status, unit and times, nothing else."""

from __future__ import annotations

from datetime import datetime

from integrations.services.records import Complaint
from integrations.services.speech import Speech
from kb import ticket_number
from kb.lifecycle import Move, StatusChange
from kb.places import Place
from kb.public_words import public_words
from kb.responsibility import main_unit
from kb.wechat.notices import NEWS_OF, News, Value, What

# What stands in a field for the status, in five hanzi at most.
STATUS = {
    Move.NEEDS_PERSON: "wechat.status_needs_person",
    Move.ACCEPTED: "wechat.status_accepted",
    Move.ASSIGNED: "wechat.status_assigned",
    Move.CO_ASSIGNED: "wechat.status_co_assigned",
    Move.EXTENDED: "wechat.status_extended",
    Move.ANSWERED: "wechat.status_answered",
    Move.RETURNED: "wechat.status_returned",
    Move.CLOSED: "wechat.status_closed",
    Move.RECHECKING: "wechat.status_rechecking",
    Move.RECHECKED: "wechat.status_rechecked",
    Move.REWORK: "wechat.status_rework",
    Move.ENDED: "wechat.status_ended",
    Move.WITHDRAWN: "wechat.status_withdrawn",
}


def news_of(change: StatusChange | None) -> News | None:
    """What a notice about this move tells; None for a move of which nobody is told. Without a move: that we ask."""
    return News.MORE_NEEDED if change is None else NEWS_OF.get(change.kind)


def values(speech: Speech, complaint: Complaint, change: StatusChange | None, at: datetime) -> dict[What, Value]:
    """What may stand in the fields. `at` is when it was said, for what is not about a move."""
    leaf = speech.taxonomy.leaf(complaint.category)
    said: dict[What, Value] = {
        What.NUMBER: ticket_number.display(complaint.number),
        What.CATEGORY: leaf.name,
        What.PLACE: _street(complaint.place),
        What.STATUS: speech.words.say(STATUS[change.kind] if change else "wechat.status_asked"),
        # units are named by the backend, which may write a person and a telephone there
        What.UNIT: public_words((change.unit if change else None) or main_unit(leaf, complaint.place)),
        What.DATE: change.at if change else at,
        What.DUE: (change.due_at if change else None) or complaint.due_at,
        What.NOTE: speech.words.say("wechat.notice_note"),
    }
    return said


def _street(place: Place | None) -> str:
    """District and street, as they stand in our own list of divisions; nothing below."""
    return "".join(name for name in (place.district, place.street) if name) if place else ""
