"""What WeChat's answers say: its errors come with HTTP 200, and anything may stand between WeChat and us."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from integrations.clients.wechat.exchange import Answer
from integrations.clients.wechat.tokens import Issued
from integrations.services.errors import Rejected, TryLater
from integrations.services.wechat.errors import MediaGone, SetUpWrong

_NUMBER = re.compile(r"-?[0-9]{1,9}")
_SECRET = re.compile(r"[!-~]{1,4096}")
_ADDRESS = re.compile(r"invalid ip ([0-9.]{7,15})\b")
_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Refused(Exception):
    """WeChat answered with an error code. `address` is this machine's as WeChat sees it, where WeChat said so."""

    def __init__(self, number: int, address: str = "") -> None:
        super().__init__(f"WeChat answered {number}")
        self.number, self.address = number, address


def read_object(answer: Answer, wanted: str = "") -> dict[str, Any]:
    """The JSON object of an answer that is no error. `wanted` is the field without which it says nothing.

    Raises Refused, TryLater (nobody knows what WeChat has done) or SetUpWrong (nobody there is WeChat).
    """
    body = _object(answer.body)
    number = error_code(body) if body is not None else None
    if body is not None and number:
        raise Refused(number, _own_address(body))
    _sort(answer.status)
    # An answer that says neither how it went nor what was asked for might be anybody's.
    if body is None or (wanted not in body if wanted else number is None):
        raise TryLater("WeChat's answer cannot be read")
    return body


def read_media(answer: Answer) -> bytes:
    """The bytes of a picture or recording. Raises as `read_object` does, and MediaGone where none came."""
    textual = answer.content_type.startswith(("application/json", "text/"))
    if answer.status != 200 or textual or answer.body[:1] == b"{":
        body = _object(answer.body)
        if body is not None and (number := error_code(body)):
            raise Refused(number, _own_address(body))
        _sort(answer.status)
        if body is not None:
            raise MediaGone("WeChat gave no file for this media id")  # of a video it gives an address
        if textual:
            raise TryLater("WeChat's answer cannot be read")
    if not answer.body:
        raise MediaGone("WeChat gave an empty file for this media id")
    return answer.body


def read_issued(answer: Answer, field: str) -> Issued:
    """A token or ticket and the seconds that it holds."""
    body = read_object(answer, field)
    value, seconds = body[field], body.get("expires_in")
    if isinstance(seconds, str) and _NUMBER.fullmatch(seconds):
        seconds = int(seconds)
    if not isinstance(value, str) or not _SECRET.fullmatch(value):
        raise TryLater("WeChat's answer cannot be read")
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise TryLater("WeChat's answer cannot be read")
    return Issued(value, seconds)


def read_openid(answer: Answer) -> str:
    """Who signed in."""
    openid = read_object(answer, "openid")["openid"]
    if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
        raise TryLater("WeChat's answer cannot be read")
    return openid


def error_code(body: dict[str, Any]) -> int | None:
    """WeChat's error code, which may be digits in a string; None where there is none. Raises TryLater for others."""
    number = body.get("errcode")
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | str) or not _NUMBER.fullmatch(str(number)[:20]):
        raise TryLater("WeChat's answer cannot be read")
    return int(number)


def _own_address(body: dict[str, Any]) -> str:
    """The refusal of an address (40164) names it. Nothing else of WeChat's own words is taken over."""
    found = _ADDRESS.search(str(body.get("errmsg", ""))[:500]) if body.get("errcode") in (40164, "40164") else None
    try:
        return str(ipaddress.IPv4Address(found[1])) if found else ""
    except ValueError:
        return ""


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _sort(status: int) -> None:
    """Raise what an HTTP status means, where it is not the 200 with which WeChat answers everything."""
    if status == 200:
        return
    if status == 429:
        raise TryLater("WeChat answered 429", unheard=True)
    if status >= 500 or status in (408, 425):
        raise TryLater(f"WeChat answered {status}")
    if 300 <= status < 400 or status in (401, 403, 404, 405, 407):
        raise SetUpWrong(f"WeChat's address answered {status}: look at JIESU_WECHAT_URL")
    if status >= 400:
        raise Rejected(f"WeChat answered {status}")
    raise TryLater(f"WeChat answered {status}")
