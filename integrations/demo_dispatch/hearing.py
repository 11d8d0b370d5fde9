"""What a citizen says about a request that is here already: our extension of GeoReport, which has no such thing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integrations.demo_dispatch.casework import CitizenUpdate, UpdateKind
from integrations.demo_dispatch.clock import from_w3c, w3c
from integrations.demo_dispatch.replies import Refused, Value

LONGEST_KEY = 200
LONGEST_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Heard:
    """An update of the request ``number``; ``repeated`` when its key was here before."""

    number: str
    update: CitizenUpdate
    repeated: bool


def read_update(fields: Mapping[str, str], *, now: datetime) -> CitizenUpdate:
    """``at`` is now where it is left out. Raises Refused (400) with every problem found."""
    problems: list[str] = []
    kind, key, text = (fields.get(name, "").strip() for name in ("kind", "key", "text"))
    if not key:
        problems.append("key is missing: the same key again makes the same update.")
    if len(key) > LONGEST_KEY:
        problems.append(f"key is longer than {LONGEST_KEY} characters.")
    if len(text) > LONGEST_TEXT:
        problems.append(f"text is longer than {LONGEST_TEXT} characters.")
    if kind not in set(UpdateKind):
        problems.append(f"kind {kind[:40]!r} is none of {', '.join(UpdateKind)}.")
    if kind == UpdateKind.SUPPLEMENT and not text:
        problems.append("text is missing: a supplement without words says nothing.")
    at = now
    if said := fields.get("at", "").strip():
        try:
            at = from_w3c(said)
        except ValueError:
            problems.append(f"at {said[:40]!r} is not like 2026-11-21T09:30:00+08:00.")
    if problems:
        raise Refused(400, *problems)
    return CitizenUpdate(UpdateKind(kind), key, text, at, now)


def update_document(update: CitizenUpdate) -> dict[str, Value]:
    """One update as a reader of the request sees it."""
    return {"kind": update.kind.value, "key": update.key, "at": w3c(update.at), "text": update.text}


def receipt_document(heard: Heard) -> Value:
    """What the sender of an update is told."""
    return {
        "service_request_id": heard.number,
        "kind": heard.update.kind.value,
        "key": heard.update.key,
        "repeated": heard.repeated,
    }
