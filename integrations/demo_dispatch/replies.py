"""GeoReport answers in the two formats of the standard, JSON and XML."""

import json
import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from fastapi import Response

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]

ITEM_NAMES: Mapping[str, str] = {
    # list element: element of each item, as the standard names them
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
    "history": "entry",  # from here on our extension
    "photos": "photo",
    "updates": "update",
    "service_request_updates": "request_update",
    "faults": "fault",
}
FORBIDDEN_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """What is wrong with a request, told to its sender: one problem or several."""

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(f"{status}: {' '.join(problems)}")
        self.status = status
        self.problems = problems


def reply(
    form: str,
    root: str,
    value: Value,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """``value`` as ``form``; ``root`` names the XML root. Raises Refused for another format."""
    if form == "json":
        body = json.dumps(value, ensure_ascii=False)
        return Response(body, status, headers=headers, media_type="application/json; charset=utf-8")
    if form == "xml":
        return Response(xml_document(root, value), status, headers=headers, media_type="text/xml; charset=utf-8")
    raise Refused(404, f"There is no format {form!r} here, only json and xml.")


def refusal(form: str, status: int, problems: Sequence[str], headers: Mapping[str, str] | None = None) -> Response:
    """The standard's list of errors; JSON unless XML was asked for."""
    errors: Value = [{"code": status, "description": problem} for problem in problems]
    known = form if form in ("json", "xml") else "json"
    return reply(known, "errors", errors, status=status, headers=headers)


def xml_document(root: str, value: Value) -> bytes:
    """UTF-8 with its declaration; characters that XML forbids become U+FFFD."""
    document: bytes = ElementTree.tostring(_element(root, value), encoding="UTF-8", xml_declaration=True)
    return document


def _element(name: str, value: Value) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend([_element(key, item) for key, item in value.items()])
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    elif value is None:
        pass
    elif isinstance(value, Sequence) and not isinstance(value, str):
        element.extend([_element(ITEM_NAMES[name], item) for item in value])
    else:
        element.text = FORBIDDEN_IN_XML.sub("\ufffd", str(value))
    return element
