"""From rows of the database to cases and back."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict

from integrations.demo_dispatch.casework import Case, CitizenUpdate, Entry, Event, NewRequest, State, UpdateKind
from integrations.demo_dispatch.clock import from_w3c, w3c


def row_of_request(request: NewRequest) -> dict[str, object]:
    """The columns that a sender's words fill."""
    return asdict(request) | {
        "reference": request.reference,
        "attributes": json.dumps(request.attributes, ensure_ascii=False),
    }


def row_of_entry(entry: Entry) -> dict[str, object]:
    """The columns of a step; its pictures are rows of their own."""
    return {
        "sequence": entry.sequence,
        "event": entry.event.value,
        "state": entry.state.value,
        "at": w3c(entry.at),
        "unit": entry.unit,
        "note": entry.note,
        "due_at": w3c(entry.due_at) if entry.due_at else None,
        "solved": entry.solved,
        "checks": json.dumps(entry.checks) if entry.checks else None,
        "clerk": entry.clerk,
    }


def entry_of(row: sqlite3.Row, photos: tuple[str, ...]) -> Entry:
    return Entry(
        sequence=row["sequence"],
        event=Event(row["event"]),
        state=State(row["state"]),
        at=from_w3c(row["at"]),
        unit=row["unit"],
        note=row["note"],
        due_at=from_w3c(row["due_at"]) if row["due_at"] else None,
        solved=None if row["solved"] is None else bool(row["solved"]),
        checks=tuple(json.loads(row["checks"] or "[]")),
        clerk=row["clerk"],
        photos=photos,
    )


def row_of_update(update: CitizenUpdate) -> dict[str, object]:
    """The columns of a citizen's update."""
    return {
        "key": update.key,
        "kind": update.kind.value,
        "text": update.text,
        "at": w3c(update.at),
        "taken_at": w3c(update.taken_at),
    }


def update_of(row: sqlite3.Row) -> CitizenUpdate:
    return CitizenUpdate(
        kind=UpdateKind(row["kind"]),
        key=row["key"],
        text=row["text"],
        at=from_w3c(row["at"]),
        taken_at=from_w3c(row["taken_at"]),
        steps=row["steps"],
    )


def case_of(
    row: sqlite3.Row,
    histories: Mapping[str, tuple[Entry, ...]],
    updates: Mapping[str, tuple[CitizenUpdate, ...]],
) -> Case:
    number = row["number"]
    request = NewRequest(
        service_code=row["service_code"],
        description=row["description"],
        address=row["address"],
        address_id=row["address_id"],
        lat=row["lat"],
        long=row["long"],
        attributes=tuple((code, value) for code, value in json.loads(row["attributes"])),
        media_url=row["media_url"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        phone=row["phone"],
        email=row["email"],
        device_id=row["device_id"],
        account_id=row["account_id"],
        jurisdiction_id=row["jurisdiction_id"],
    )
    return Case(
        number,
        request,
        from_w3c(row["requested_at"]),
        histories.get(number, ()),
        updates.get(number, ()),
        State(row["state"]),
    )
