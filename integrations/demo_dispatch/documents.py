"""Our services and cases as GeoReport documents."""

from integrations.demo_dispatch.casework import GEOREPORT_STATUS, Case, Entry, Event, NewRequest, State
from integrations.demo_dispatch.catalogue import Attribute, Catalogue, Service
from integrations.demo_dispatch.clock import w3c
from integrations.demo_dispatch.hearing import update_document
from integrations.demo_dispatch.replies import Value
from integrations.demo_dispatch.store import Receipt
from integrations.demo_dispatch.wording import SERVICE_NOTICES

CHANGESET = "2026-11-21T00:00:00+08:00"
"""When the services last changed; discovery tells it to clients that keep a copy."""


def discovery_document(endpoint_url: str) -> Value:
    return {
        "changeset": CHANGESET,
        "contact": "演示部门，无人值守",
        "key_service": "密钥由运行本演示部门的人发放",
        "endpoints": [
            {
                "specification": "http://wiki.open311.org/GeoReport_v2",
                "url": endpoint_url,
                "changeset": CHANGESET,
                "type": "test",
                "formats": ["application/json", "text/xml"],
            }
        ],
    }


def service_document(service: Service, *, batch: bool) -> Value:
    """``batch`` where a sender gets a token and not the number."""
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": True,
        "type": "batch" if batch else "realtime",
        "keywords": ",".join(service.keywords),
        "group": service.group,
    }


def definition_document(service: Service, catalogue: Catalogue) -> Value:
    return {
        "service_code": service.code,
        "attributes": [
            _attribute_document(attribute, order) for order, attribute in enumerate(catalogue.attributes, start=1)
        ],
    }


def _attribute_document(attribute: Attribute, order: int) -> Value:
    """``values`` stands with lists only."""
    document: dict[str, Value] = {
        "variable": True,
        "code": attribute.code,
        "datatype": attribute.datatype,
        "required": attribute.required,
        "datatype_description": attribute.datatype_description,
        "order": order,
        "description": attribute.description,
    }
    if attribute.values:
        document["values"] = [{"key": one, "name": one} for one in attribute.values]
    return document


def receipt_document(receipt: Receipt, request: NewRequest) -> Value:
    """What a sender is told: the number or the token, never both."""
    name, given = ("token", receipt.token) if receipt.token else ("service_request_id", receipt.number)
    return {name: given, "service_notice": SERVICE_NOTICES[State.RECEIVED], "account_id": request.account_id}


def photo_urls(entry: Entry, own_url: str) -> list[str]:
    """Where the pictures of a step are; who has such an address may see the picture."""
    return [f"{own_url}/photos/{photo}.jpg" for photo in entry.photos]


def event_document(entry: Entry, own_url: str) -> dict[str, Value]:
    """A step as both the hook and a reader of the request see it.

    ``by`` names the clerk only where somebody else must not be the same one: who closed, and who checked.
    """
    return {
        "sequence": entry.sequence,
        "event": entry.event.value,
        "at": w3c(entry.at),
        "unit": entry.unit,
        "note": entry.note,
        "due_at": w3c(entry.due_at) if entry.due_at else None,
        "photos": photo_urls(entry, own_url),
        "solved": entry.solved,
        "by": entry.clerk if entry.event in (Event.CLOSED, Event.RECHECKED) else None,
    }


def request_document(case: Case, catalogue: Catalogue, own_url: str) -> Value:
    """Everything but the sender's name, phone, mail and ids, which are the clerk's alone."""
    request = case.request
    return {
        "service_request_id": case.number,
        "status": GEOREPORT_STATUS[case.state],
        "status_notes": case.latest_note,
        "service_name": catalogue.name_of(request.service_code),
        "service_code": request.service_code,
        "description": request.description,
        "agency_responsible": case.unit,
        "service_notice": SERVICE_NOTICES[case.state],
        "requested_datetime": w3c(case.requested_at),
        "updated_datetime": w3c(case.updated_at),
        "expected_datetime": w3c(case.due_at) if case.due_at else None,
        "address": request.address,
        "address_id": request.address_id,
        "zipcode": None,
        "lat": request.lat,
        "long": request.long,
        "media_url": request.media_url,
        "extended_attributes": {
            "reference": request.reference,
            "state": case.state.value,
            "attributes": [{"code": code, "value": value} for code, value in request.attributes],
            "history": [event_document(entry, own_url) for entry in case.history],
            "updates": [update_document(update) for update in case.updates],
        },
    }
