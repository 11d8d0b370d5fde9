"""WeChat's messages and events from XML, translated once into `Push`.

By WeChat's documentation of received messages and of event pushes. What lacks a part that every push has is refused;
what is odd otherwise is taken for something that we do not know, and answered kindly.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

from integrations.clients.wechat.xml_tree import BadPush, tree, value
from integrations.services.wechat.records import Consent, NoticeSent, Push
from kb.wechat import placeholders
from kb.wechat.pushes import PushKind, kind_of

__all__ = ["BadPush", "parsed", "sealed_part"]

SCENE = "qrscene_"
LONGEST_NAME = 64
HEX = 40
_TIME = re.compile(r"[0-9]{1,11}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,20})?")
_WHOLE = re.compile(r"-?[0-9]{1,9}")


def parsed(xml: bytes) -> Push:
    """The push of this XML. Raises BadPush: 413 where it is too long, 400 where it is none."""
    root = tree(xml)
    head = _head(root)
    return _event(root, head) if head.type == "event" else _message(root, head)


def sealed_part(xml: bytes) -> str:
    """What stands in `Encrypt`, "" for nothing. Raises BadPush as `parsed`."""
    return value(tree(xml), "Encrypt")


@dataclass(frozen=True, slots=True)
class _Head:
    account: str
    openid: str
    time: str
    type: str

    def push(self, key: str, kind: PushKind) -> Push:
        return Push(key, kind, self.openid, self.account, datetime.fromtimestamp(int(self.time), UTC))


def _head(root: Element) -> _Head:
    names = ("ToUserName", "FromUserName", "CreateTime", "MsgType")
    head = _Head(*(value(root, name) for name in names))
    if missing := [name for name in names if not value(root, name)]:
        raise BadPush(400, f"the push lacks {', '.join(missing)}")
    if max(len(head.account), len(head.openid)) > LONGEST_NAME:
        raise BadPush(400, f"a name in the push is longer than {LONGEST_NAME} characters")
    if not _TIME.fullmatch(head.time):
        raise BadPush(400, "the push's CreateTime is no number of seconds")
    return replace(head, type=head.type.lower())


def _message(root: Element, head: _Head) -> Push:
    kind = kind_of(head.type)
    read = {
        PushKind.TEXT: _text,
        PushKind.IMAGE: _image,
        PushKind.VOICE: _voice,
        PushKind.VIDEO: _video,
        PushKind.LOCATION: _location,
        PushKind.LINK: _link,
    }.get(kind)
    push = head.push("", kind)
    push = read(root, push) if read else push
    given = value(root, "MsgId", "MsgID")
    if _ID.fullmatch(given) and given.strip("0"):
        return replace(push, key=f"m:{given}")
    said = (push.text, push.menu_id, push.media_id, push.voice_id, push.picture_url, repr(push.lat), repr(push.lon))
    return replace(push, key=f"m:{_digest(head.openid, head.time, head.type, *said)}")


def _text(root: Element, push: Push) -> Push:
    text = value(root, "Content")
    if not text:
        return replace(push, kind=PushKind.OTHER)
    if placeholders.shipped().stands_for(text):
        return replace(push, kind=PushKind.UNSUPPORTED, text=text)
    return replace(push, text=text, menu_id=value(root, "bizmsgmenuid"))


def _image(root: Element, push: Push) -> Push:
    media_id, url = value(root, "MediaId"), value(root, "PicUrl")
    return replace(push, kind=push.kind if media_id or url else PushKind.OTHER, media_id=media_id, picture_url=url)


def _voice(root: Element, push: Push) -> Push:
    best = value(root, "MediaId16K", "MediaId")
    return replace(push, kind=push.kind if best else PushKind.OTHER, media_id=value(root, "MediaId"), voice_id=best)


def _video(root: Element, push: Push) -> Push:
    return replace(push, media_id=value(root, "MediaId"))


def _location(root: Element, push: Push) -> Push:
    """X is the latitude. Coordinates that lie nowhere are no place."""
    lat, lon = _degrees(value(root, "Location_X"), 90), _degrees(value(root, "Location_Y"), 180)
    if lat is None or lon is None:
        return replace(push, kind=PushKind.OTHER)
    return replace(push, lat=lat, lon=lon, label=value(root, "Label"))


def _link(root: Element, push: Push) -> Push:
    text = "\n".join(filter(None, (value(root, name) for name in ("Title", "Description", "Url"))))
    return replace(push, kind=push.kind if text else PushKind.OTHER, text=text)


def _degrees(text: str, most: int) -> float | None:
    degrees = float(text) if _NUMBER.fullmatch(text) else None
    return degrees if degrees is not None and abs(degrees) <= most else None


def _event(root: Element, head: _Head) -> Push:
    event, event_key = value(root, "Event"), value(root, "EventKey")
    kind = kind_of(head.type, event)
    scanned = root.find("ScanCodeInfo")
    result = value(scanned, "ScanResult") if scanned is not None else ""
    consents, sent = _consents(root), _sent(root)
    about = [
        *(f"{one.template_id} {one.answer}" for one in consents),
        *(value(one, "TemplateId") + value(one, "MsgID") for one in _entries(root, "SubscribeMsgSentEvent")),
    ]
    digest = _digest(head.openid, head.time, event.lower(), event_key, value(root, "MsgID", "MsgId"), result, *about)
    return replace(
        head.push(f"e:{digest}", kind),
        event=event,
        event_key=event_key.removeprefix(SCENE) if kind is PushKind.FOLLOW else event_key,
        text=result if event.lower() == "scancode_waitmsg" else "",
        consents=consents,
        sent=sent,
    )


def _consents(root: Element) -> tuple[Consent, ...]:
    return tuple(
        Consent(value(one, "TemplateId"), value(one, "SubscribeStatusString"), value(one, "PopupScene"))
        for name in ("SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent")
        for one in _entries(root, name)
    )


def _sent(root: Element) -> tuple[NoticeSent, ...]:
    """An error that is no number is one all the same: -1."""
    return tuple(
        NoticeSent(
            value(one, "TemplateId"),
            int(code) if _WHOLE.fullmatch(code := value(one, "ErrorCode")) else -1,
            value(one, "ErrorStatus"),
        )
        for one in _entries(root, "SubscribeMsgSentEvent")
    )


def _entries(root: Element, name: str) -> list[Element]:
    """What tells of one template each: a `List` in the element, several, or the element itself."""
    entries = [one for element in root.findall(name) for one in (element.findall("List") or [element])]
    return [one for one in entries if value(one, "TemplateId")]


def _digest(*values: str) -> str:
    """40 hexadecimal digits; a list keeps apart what stands in two values and what stands in one."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:HEX]
