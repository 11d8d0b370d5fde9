"""Our services and cases as GeoReport documents."""

from integrations.demo_dispatch.casework import GEOREPORT_STATUS, Case
from integrations.demo_dispatch.catalogue import Catalogue, Service
from integrations.demo_dispatch.clock import w3c
from integrations.demo_dispatch.replies import Value
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


def service_document(service: Service) -> Value:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": True,
        "type": "realtime",
        "keywords": ",".join(service.keywords),
        "group": service.group,
    }


def definition_document(service: Service, catalogue: Catalogue) -> Value:
    return {
        "service_code": service.code,
        "attributes": [
            {
                "variable": True,
                "code": attribute.code,
                "datatype": attribute.datatype,
                "required": attribute.required,
                "datatype_description": attribute.datatype_description,
                "order": order,
                "description": attribute.description,
            }
            for order, attribute in enumerate(catalogue.attributes, start=1)
        ],
    }


def receipt_document(case: Case) -> Value:
    """What a sender is told; the number is given at once, so there is never a token."""
    return {
        "service_request_id": case.number,
        "service_notice": SERVICE_NOTICES[case.state],
        "account_id": case.request.account_id,
    }


def request_document(case: Case, catalogue: Catalogue) -> Value:
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
        "expected_datetime": None,
        "address": request.address,
        "address_id": None,
        "zipcode": None,
        "lat": request.lat,
        "long": request.long,
        "media_url": request.media_url,
        "extended_attributes": {
            "reference": request.reference,
            "state": case.state.value,
            "attributes": [{"code": code, "value": value} for code, value in request.attributes],
            "history": [
                {
                    "sequence": entry.sequence,
                    "event": entry.event.value,
                    "at": w3c(entry.at),
                    "unit": entry.unit,
                    "note": entry.note,
                }
                for entry in case.history
            ],
        },
    }
