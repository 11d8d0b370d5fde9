"""From a posted GeoReport form to a request, or to everything that is wrong with it."""

import math
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from integrations.demo_dispatch.casework import NewRequest
from integrations.demo_dispatch.catalogue import Catalogue
from integrations.demo_dispatch.replies import Refused

LONGEST: Mapping[str, int] = {
    # argument: characters; 4,000 for the description is the standard's own limit
    "description": 4000,
    "address_string": 500,
    "media_url": 2000,
    "first_name": 100,
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
        lat=lat,
        long=long,
        attributes=attributes,
        media_url=media_url,
        first_name=fields.get("first_name"),
        phone=fields.get("phone"),
        email=fields.get("email"),
        device_id=fields.get("device_id"),
        account_id=fields.get("account_id"),
        jurisdiction_id=fields.get("jurisdiction_id"),
    )


def _place(fields: Mapping[str, str], problems: list[str]) -> tuple[float, float] | tuple[None, None]:
    given = [name for name in COORDINATE_LIMITS if name in fields]
    if not given and "address_string" not in fields:
        problems.append("A place is missing: give address_string, or lat and long.")
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
    numbers = {known.code for known in catalogue.attributes if known.datatype == "number"}
    for name, value in given:
        if not name.startswith("attribute"):
            continue
        match = ATTRIBUTE_NAME.fullmatch(name)
        if match is None:
            problems.append(f"{name[:80]!r} is not of the form attribute[code].")
        elif len(value) > LONGEST_ATTRIBUTE:
            problems.append(f"{name} is longer than {LONGEST_ATTRIBUTE} characters.")
        elif match[1] in numbers and value and _number(value) is None:
            problems.append(f"{name} is not a number.")
        elif value:
            attributes.append((match[1], value))
    missing = [
        f"attribute[{known.code}] is missing."
        for known in catalogue.attributes
        if known.required and known.code not in dict(attributes)
    ]
    problems.extend(missing)
    return tuple(attributes)


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
