"""What a backend answered, JSON or XML, in one shape: lists of mappings with text, and the words of its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

# Elements that hold a list, also an empty one.
_LISTS = frozenset(
    {"services", "service_requests", "requests", "attributes", "values", "errors", "endpoints", "formats"}
    | {"history", "photos", "updates"}
)
LONGEST_REASON = 300


class Unreadable(ValueError):
    """The answer is neither what was asked for nor an error that can be read."""


def read(body: bytes, form: str) -> Any:
    """The answer's value. XML becomes what the same answer would be in JSON, all values text. Raises Unreadable."""
    try:
        return _of_element(fromstring(body)) if form == "xml" else json.loads(body)
    except (ValueError, RecursionError, ParseError, DefusedXmlException) as broken:
        raise Unreadable(f"an answer that is no {form.upper()} ({type(broken).__name__})") from broken


def first(answer: Any) -> dict[str, Any]:
    """GeoReport answers with a list of one, some backends with the one alone; what says nothing is an empty one."""
    one = answer[0] if isinstance(answer, list) and answer else answer
    return one if isinstance(one, dict) else {}


def rows(answer: Any) -> list[dict[str, Any]]:
    """A list of mappings. Raises Unreadable: an answer that says nothing is not an empty list."""
    if isinstance(answer, list) and all(isinstance(one, dict) for one in answer):
        return answer
    raise Unreadable("an answer that is no list")


def errors(body: bytes) -> list[tuple[str, str]]:
    """(code, description) of each error, however it was written: list, object or plain words."""
    for form in ("json", "xml"):
        try:
            found = list(_errors(read(body, form)))
        except Unreadable:
            continue
        if found:
            return [(code, words[:LONGEST_REASON]) for code, words in found]
    return [("", body.decode("utf-8", "replace").strip()[:LONGEST_REASON])]


def _errors(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for one in value:
            yield from _errors(one)
    elif isinstance(value, dict):
        within = value.get("errors") or value.get("error")
        if isinstance(within, list | dict):
            yield from _errors(within)
            return
        words = value.get("description") or value.get("message") or value.get("detail") or within
        if words:
            yield str(value.get("code") or ""), str(words)
    elif isinstance(value, str) and value:
        yield "", value


def _of_element(element: Element) -> Any:
    children = list(element)
    if element.tag in _LISTS:
        return [_of_element(child) for child in children]
    if not children:
        return (element.text or "").strip() or None
    return {child.tag: _of_element(child) for child in children}
