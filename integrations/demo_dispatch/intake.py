"""From a posted GeoReport form to a request, or to everything that is wrong with it."""

import math
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from integrations.demo_dispatch.casework import NewRequest
from integrations.demo_dispatch.catalogue import Attribute, Catalogue
from integrations.demo_dispatch.clock import from_w3c
from integrations.demo_dispatch.replies import Refused

LONGEST: Mapping[str, int] = {
    # argument: characters; 4,000 for the description is the standard's own limit
    "description": 4000,
    "address_string": 500,
    "address_id": 200,
    "media_url": 2000,
    "first_name": 100,
    "last_name": 100,
    "phone": 40,
    "email": 200,
    "device_id": 200,
    "account_id": 200,
    "jurisdiction_id": 200,
}
LONGEST_ATTRIBUTE = 1000
COORDINATE_LIMITS: Mapping[str, float] = {"lat": 90.0, "long": 180.0}
ATTRIBUTE_NAME = re.compile(r"attribute\[([A-Za-z0-9_.-]{1,64})\](?:\[\])?")


def read_request(pairs: Iterable[tuple[str, str]], catalogue: Catalogue) -> NewRequest:
    """``pairs`` are the form's names and values; arguments not in the standard are ignored.

    Raises Refused with every problem found: 400, or 404 for a service that isn't offered.
    """
    given = [(name, value.strip()) for name, value in pairs]
    fields = {name: value for name, value in given if value}
    problems = [
        f"{name} is longer than {longest} characters."
        for name, longest in LONGEST.items()
        if len(fields.get(name, "")) > longest
    ]
    attributes = _attributes(given, catalogue, problems)
    lat, long = _place(fields, problems)
    media_url = fields.get("media_url")
    if media_url is not None and not _is_web_address(media_url):
        problems.append("media_url is not an http or https address.")
    code = fields.get("service_code")
    if code is None:
        raise Refused(400, "service_code is missing.", *problems)
    if problems:
        raise Refused(400, *problems)
    if code not in catalogue.services:
        raise Refused(404, f"service_code {code!r} was not found.")
    return NewRequest(
        service_code=code,
        description=fields.get("description"),
        address=fields.get("address_string"),
        address_id=fields.get("address_id"),
        lat=lat,
        long=long,
        attributes=attributes,
        media_url=media_url,
        first_name=fields.get("first_name"),
        last_name=fields.get("last_name"),
        phone=fields.get("phone"),
        email=fields.get("email"),
        device_id=fields.get("device_id"),
        account_id=fields.get("account_id"),
        jurisdiction_id=fields.get("jurisdiction_id"),
    )


def _place(fields: Mapping[str, str], problems: list[str]) -> tuple[float, float] | tuple[None, None]:
    given = [name for name in COORDINATE_LIMITS if name in fields]
    if not given and "address_string" not in fields and "address_id" not in fields:
        problems.append("A place is missing: give address_string, address_id, or lat and long.")
    if len(given) == 1:
        problems.append("lat and long are only of use together.")
    degrees: dict[str, float] = {}
    for name in given:
        number = _number(fields[name])
        if number is None or abs(number) > COORDINATE_LIMITS[name]:
            problems.append(f"{name} is not a number of WGS-84 degrees.")
        else:
            degrees[name] = number
    return (degrees["lat"], degrees["long"]) if len(degrees) == 2 else (None, None)


def _attributes(
    given: Iterable[tuple[str, str]], catalogue: Catalogue, problems: list[str]
) -> tuple[tuple[str, str], ...]:
    attributes: list[tuple[str, str]] = []
    known = {attribute.code: attribute for attribute in catalogue.attributes}
    for name, value in given:
        if not name.startswith("attribute"):
            continue
        match = ATTRIBUTE_NAME.fullmatch(name)
        if match is None:
            problems.append(f"{name[:80]!r} is not of the form attribute[code].")
        elif value:
            attribute = known.get(match[1])
            if attribute and attribute.datatype != "multivaluelist" and attribute.code in dict(attributes):
                problems.append(f"attribute[{match[1]}] is given twice, and is no list of several values.")
            elif problem := _wrong(attribute, value):
                problems.append(f"attribute[{match[1]}] {problem}.")
            else:
                attributes.append((match[1], value))
    problems.extend(
        f"attribute[{attribute.code}] is missing."
        for attribute in catalogue.attributes
        if attribute.required and attribute.code not in dict(attributes)
    )
    return tuple(attributes)


def _wrong(attribute: Attribute | None, value: str) -> str | None:
    """What is wrong with a value by its datatype; an attribute that we don't know may say anything."""
    if len(value) > LONGEST_ATTRIBUTE:
        return f"is longer than {LONGEST_ATTRIBUTE} characters"
    match attribute:
        case Attribute(datatype="number") if _number(value) is None:
            return "is not a number"
        case Attribute(datatype="datetime") if not _is_moment(value):
            return "is not a date and time with its offset"
        case Attribute(datatype="string") if "\n" in value or "\r" in value:
            return "has line breaks"
        case Attribute(datatype="singlevaluelist" | "multivaluelist", values=values) if value not in values:
            return f"is none of {', '.join(values)}"
    return None


def _is_moment(text: str) -> bool:
    try:
        from_w3c(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
