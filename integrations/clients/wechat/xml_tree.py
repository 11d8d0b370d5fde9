"""Reading WeChat's XML safely: no DTD, no entity, a bound on size, number and depth, and nothing raised but BadPush."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from integrations.clients.wechat.xml_out import legal

# A message has about one KiB; the longest text that WeChat takes from a citizen is far below.
LARGEST = 64 * 1024
MOST_ELEMENTS, DEEPEST = 1_000, 12


class BadPush(Exception):
    """A push that is not taken. `status` is the HTTP status of the answer; the reason holds nothing of the push."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def tree(xml: bytes) -> Element:
    """The `<xml>` element. Raises BadPush: 413 where it is too long, 400 where it is no such XML.

    Characters that XML forbids are dropped before: a citizen's message is not lost for one that WeChat let through.
    """
    if len(xml) > LARGEST:
        raise BadPush(413, f"the push is longer than {LARGEST} bytes")
    try:
        root: Element = fromstring(legal(xml.decode("utf-8-sig", errors="replace")), forbid_dtd=True)
    except DefusedXmlException as refused:
        raise BadPush(400, f"the push declares what none needs: {type(refused).__name__}") from None
    except (ParseError, ValueError, LookupError):
        # An expat error names line and column, a ValueError may quote the text: neither is told on.
        raise BadPush(400, "the push is no XML") from None
    _bounded(root)
    if root.tag != "xml":
        raise BadPush(400, "the push is no <xml> element")
    return root


def _bounded(root: Element) -> None:
    count, level, depth = 0, [root], 0
    while level:
        count, depth = count + len(level), depth + 1
        if count > MOST_ELEMENTS or depth > DEEPEST:
            raise BadPush(400, "the push has more elements than any has")
        level = [child for element in level for child in element]


def value(parent: Element, *names: str) -> str:
    """The text of the first child of one of these names that has any, without the whitespace around it; else ""."""
    for name in names:
        child = parent.find(name)
        if child is not None and child.text and (text := child.text.strip()):
            return text
    return ""
