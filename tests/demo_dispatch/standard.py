"""The rules of the published JSON Schemas of GeoReport v2 (services, definition, requests) and of its text, restated.

Stricter than those in one thing: a name that the standard does not have is wrong, but for ``extended_attributes``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

Check = Callable[[Any], bool]

W3C = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def text(value: Any) -> bool:
    return isinstance(value, str)


def boolean(value: Any) -> bool:
    return isinstance(value, bool)


def integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def moment(value: Any) -> bool:
    return text(value) and W3C.fullmatch(value) is not None


def address(value: Any) -> bool:
    return text(value) and urlsplit(value).scheme in ("http", "https")


def null_or(check: Check) -> Check:
    return lambda value: value is None or check(value)


def one_of(*words: str) -> Check:
    return lambda value: value in words


def up_to(longest: int) -> Check:
    return lambda value: text(value) and len(value) <= longest


def anything(_: Any) -> bool:
    return True


SERVICE: Mapping[str, Check] = {
    "service_code": text,
    "service_name": text,
    "description": null_or(text),
    "metadata": boolean,
    "type": one_of("realtime", "batch", "blackbox"),
    "keywords": null_or(text),
    "group": null_or(text),
}
VALUE: Mapping[str, Check] = {"key": text, "name": text}
DATATYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")
ATTRIBUTE: Mapping[str, Check] = {
    "variable": boolean,
    "code": text,
    "datatype": one_of(*DATATYPES),
    "required": boolean,
    "datatype_description": null_or(text),
    "order": null_or(integer),
    "description": null_or(text),
    "values": lambda value: isinstance(value, list),
}
REQUEST: Mapping[str, Check] = {
    "service_request_id": text,
    "status": one_of("open", "closed"),
    "status_notes": null_or(text),
    "service_name": null_or(text),
    "service_code": text,
    "description": null_or(up_to(4000)),
    "agency_responsible": null_or(text),
    "service_notice": null_or(text),
    "requested_datetime": moment,
    "updated_datetime": null_or(moment),
    "expected_datetime": null_or(moment),
    "address": null_or(text),
    "address_id": null_or(text),
    "zipcode": null_or(text),
    "lat": null_or(number),
    "long": null_or(number),
    "media_url": null_or(address),
    "extended_attributes": anything,
}
RECEIPT: Mapping[str, Check] = {
    "service_request_id": text,
    "token": text,
    "service_notice": text,
    "account_id": null_or(text),
}
TOKEN: Mapping[str, Check] = {"service_request_id": text, "token": text}
ERROR: Mapping[str, Check] = {"code": integer, "description": text}
ENDPOINT: Mapping[str, Check] = {
    "specification": one_of("http://wiki.open311.org/GeoReport_v2"),
    "url": address,
    "changeset": moment,
    "type": one_of("production", "test"),
    "formats": lambda value: set(value) <= {"text/xml", "application/json"} and "text/xml" in value,
}
DISCOVERY: Mapping[str, Check] = {
    "changeset": moment,
    "contact": text,
    "key_service": text,
    "endpoints": lambda value: isinstance(value, list) and len(value) > 0,
}
NEEDED: Mapping[int, frozenset[str]] = {
    id(SERVICE): frozenset({"service_code", "service_name", "metadata", "type"}),
    id(VALUE): frozenset(VALUE),
    id(ATTRIBUTE): frozenset({"variable", "code", "datatype", "required"}),
    id(REQUEST): frozenset({"service_request_id", "status", "service_code", "requested_datetime"}),
    id(ERROR): frozenset(ERROR),
    id(DISCOVERY): frozenset({"changeset", "contact", "endpoints"}),
    id(ENDPOINT): frozenset(ENDPOINT),
    id(TOKEN): frozenset({"token"}),
}


def broken(document: Any, rules: Mapping[str, Check]) -> list[str]:
    """What in ``document`` is against the rules; empty when it is right."""
    if not isinstance(document, dict):
        return [f"not an object: {document!r}"]
    needed = NEEDED.get(id(rules), frozenset())
    wrong = [f"{name} is missing" for name in sorted(needed - set(document))]
    wrong += [f"{name} is unknown" for name in sorted(set(document) - set(rules))]
    wrong += [f"{name}: {value!r}" for name, value in document.items() if name in rules and not rules[name](value)]
    return wrong


def broken_definition(document: Any) -> list[str]:
    """As ``broken``, for a service definition: unique positive orders, and values with lists only."""
    wrong = broken(document, {"service_code": text, "attributes": lambda value: isinstance(value, list)})
    orders = [attribute.get("order") for attribute in document["attributes"]]
    if len(set(orders)) != len(orders) or min(orders) < 1:
        wrong.append(f"orders: {orders}")
    for attribute in document["attributes"]:
        wrong += broken(attribute, ATTRIBUTE)
        wrong += [one for value in attribute.get("values", []) for one in broken(value, VALUE)]
        if attribute["datatype"].endswith("valuelist") != bool(attribute.get("values")):
            wrong.append(f"{attribute['code']}: values go with lists and with nothing else")
    return wrong


def broken_receipt(document: Any) -> list[str]:
    """As ``broken``: a number or a token, never both."""
    wrong = broken(document, RECEIPT)
    if ("token" in document) == ("service_request_id" in document):
        wrong.append("either token or service_request_id")
    return wrong


def as_xml_says(value: Any) -> Any:
    """What a JSON value becomes when it is read out of the same document in XML."""
    match value:
        case dict():
            return {name: as_xml_says(one) for name, one in value.items()} or None
        case list():
            return [as_xml_says(one) for one in value] or None
        case None | "":
            return None
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


LISTS = frozenset(
    {
        "services", "service_requests", "attributes", "values", "endpoints", "formats", "errors",
        "history", "photos", "updates", "service_request_updates",
    }
)  # fmt: skip


def read_xml(content: bytes) -> Any:
    """An XML document as the standard's convention reads it: lists by their names, everything else an object."""
    assert content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    return _read(ElementTree.fromstring(content))


def _read(element: ElementTree.Element) -> Any:
    if element.tag in LISTS:
        return [_read(child) for child in element] or None
    if len(element):
        return {child.tag: _read(child) for child in element}
    return element.text
