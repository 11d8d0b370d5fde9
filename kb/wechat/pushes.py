"""Which messages and events WeChat pushes, what each means for us, and what it allows us to send.

From WeChat's documentation of received messages and events; `docs/wechat.md` has the table in words.
"""

from __future__ import annotations

from enum import StrEnum

from kb.wechat.quota import Opens


class PushKind(StrEnum):
    """What a push means for us."""

    TEXT = "text"
    # Words of WeChat's own in place of something that it does not pass on.
    UNSUPPORTED = "unsupported"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    # A message of a type that we do not know.
    OTHER = "other"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    SCAN = "scan"
    CLICK = "click"
    # Answers to subscription notices, and what has become of one.
    CONSENT = "consent"
    NOTICE_SENT = "notice_sent"
    # Nothing is said and nothing answered.
    SILENT = "silent"


MESSAGES = {
    "text": PushKind.TEXT,
    "image": PushKind.IMAGE,
    "voice": PushKind.VOICE,
    "video": PushKind.VIDEO,
    "shortvideo": PushKind.VIDEO,
    "location": PushKind.LOCATION,
    "link": PushKind.LINK,
}
# By name in lower case: WeChat writes some in upper case and some not.
EVENTS = {
    "subscribe": PushKind.FOLLOW,
    "unsubscribe": PushKind.UNFOLLOW,
    "scan": PushKind.SCAN,
    "click": PushKind.CLICK,
    "scancode_push": PushKind.SILENT,
    "scancode_waitmsg": PushKind.CLICK,
    "subscribe_msg_popup_event": PushKind.CONSENT,
    "subscribe_msg_change_event": PushKind.CONSENT,
    "subscribe_msg_sent_event": PushKind.NOTICE_SENT,
}
OPENS = {
    PushKind.FOLLOW: Opens.ACTION,
    PushKind.SCAN: Opens.ACTION,
    PushKind.CLICK: Opens.ACTION,
    PushKind.UNFOLLOW: Opens.NOTHING,
    PushKind.CONSENT: Opens.NOTHING,
    PushKind.NOTICE_SENT: Opens.NOTHING,
    PushKind.SILENT: Opens.NOTHING,
}


def kind_of(message_type: str, event: str = "") -> PushKind:
    """What this message or event means; an event that we do not know needs no answer, a message does."""
    if message_type == "event":
        return EVENTS.get(event.lower(), PushKind.SILENT)
    return MESSAGES.get(message_type, PushKind.OTHER)


def opens(kind: PushKind, *, menu_id: str = "", event: str = "") -> Opens:
    """What it allows: a tap on an item of a message menu counts as a tap, not as a message."""
    if event.lower() == "scancode_push":
        return Opens.ACTION
    if kind is PushKind.TEXT and menu_id:
        return Opens.ACTION
    return OPENS.get(kind, Opens.MESSAGE)
