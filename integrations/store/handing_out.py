"""All rows about one person, table by table, as they stand: for the copy that the person may ask for."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, or_, select

from integrations.services.personal_records import Person
from integrations.store.handover_tables import call_backs
from integrations.store.personal_tables import sealed_contacts
from integrations.store.satisfaction_tables import survey_answers, survey_invitations
from integrations.store.tables import citizens, complaints, contacts, conversations, metadata

# Contacts are handed out opened; that a database row waits, or which keys and salts it has, is nobody's data.
_NOT = frozenset({sealed_contacts, contacts})
_COLUMNS_NOT = frozenset({"salt", "digest", "hash", "claimed_by", "lease_until", "claim", "worker", "vector"})
# The number of a call is handed out opened, like the other contacts.
_SEALED = {call_backs: frozenset({"phone", "key_id"})}
# Rows in one statement: SQLite takes no more than some thousands of values.
_AT_ONCE = 500


def rows(db: Connection, person: Person) -> dict[str, list[dict[str, Any]]]:
    """By table's name; tables without a row are left out. Times are ISO 8601, bytes are base64."""
    found: dict[str, list[dict[str, Any]]] = {}
    keys = {
        "citizen_id": [person.citizen_id],
        "conversation_id": [one for one, _ in person.conversations],
        "complaint_id": list(person.complaints),
    }
    own = {citizens: "citizen_id", conversations: "conversation_id", complaints: "complaint_id"}
    for table in metadata.sorted_tables:
        if table in _NOT:
            continue
        if table in own:
            found[table.name] = _where(db, table, {"id": keys[own[table]]})
        elif any(name in table.c for name in keys):
            found[table.name] = _where(db, table, {name: ids for name, ids in keys.items() if name in table.c})
    invited = [row["id"] for row in found.get(survey_invitations.name, ())]
    found[survey_answers.name] = _where(db, survey_answers, {"invitation_id": invited})
    return {name: made for name, made in found.items() if made}


def _where(db: Connection, table: Table, keys: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """The rows that any of the keys names, each once."""
    own = [column.name for column in table.primary_key.columns]
    left_out = _COLUMNS_NOT | _SEALED.get(table, frozenset())
    made: dict[tuple[Any, ...], dict[str, Any]] = {}
    for name, ids in keys.items():
        for start in range(0, len(ids), _AT_ONCE):
            wanted = select(table).where(or_(table.c[name].in_(ids[start : start + _AT_ONCE])))
            for row in db.execute(wanted):
                kept = row._mapping
                key = tuple(kept[one] for one in own)
                made[key] = {one: _plain(kept[one]) for one in kept if one not in left_out}
    return [made[key] for key in sorted(made)]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
