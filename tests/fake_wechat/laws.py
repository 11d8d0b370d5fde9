"""WeChat's laws as tables. What is official and what is from memory stands beside each; the README sums it up."""

from __future__ import annotations

from dataclasses import dataclass

DAY, MINUTE = 86_400.0, 60.0

# -- pushes (official: five seconds, then again; three posts in all and their distance: seen in public code) ----------
PATIENCE, TRIES = 5.0, 3
FAULT = "该公众号提供的服务出现故障，请稍后再试"
LONGEST_TEXT = 2048  # bytes of UTF-8, official
REPLY_TYPES = {"text", "image", "voice", "video", "music", "news", "transfer_customer_service"}
UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"


# -- customer service messages (official, since 2023-06-12) ----------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Allowance:
    """So many messages within so many seconds."""

    messages: int
    seconds: float


AFTER_MESSAGE = Allowance(5, 48 * 3600.0)
AFTER_ACTION = Allowance(3, 60.0)
ALLOWANCES = {"message": AFTER_MESSAGE, "action": AFTER_ACTION}
# A tap on a menu that counts; VIEW and the location and photo buttons do not.
COUNTING_EVENTS = {"CLICK", "SCAN", "subscribe", "scancode_push", "scancode_waitmsg"}
# Events to which a reply is shown, and for which a failure is.
ANSWERED_EVENTS = {"CLICK", "SCAN", "subscribe", "scancode_waitmsg"}

# -- typing (official wording, numbers from memory) ------------------------------------------------------------------
TYPING_NEEDS, TYPING_LASTS = 30.0, 15.0

# -- tokens (official) -----------------------------------------------------------------------------------------------
TOKEN_LIVES, RENEWED_BEFORE_END = 7200.0, 300.0
FORCED_PER_DAY, FORCED_APART = 20, 30.0
TICKET_LIVES = 7200.0
CODE_LIVES = 300.0  # from memory
MEDIA_LIVES = 3 * DAY
SCAN_LIVES = 1800.0

# Calls a minute and a day by path (stable_token official, the others from memory).
LIMITS: dict[str, tuple[int, int]] = {
    "/cgi-bin/stable_token": (10_000, 500_000),
    "/cgi-bin/token": (10_000, 2_000),
    "/cgi-bin/message/custom/send": (100_000, 500_000),
    "/cgi-bin/message/custom/typing": (100_000, 500_000),
    "/cgi-bin/media/get": (100_000, 200_000),
    "/cgi-bin/menu/create": (1_000, 1_000),
    "/cgi-bin/menu/get": (1_000, 10_000),
    "/cgi-bin/menu/delete": (1_000, 1_000),
    "/cgi-bin/ticket/getticket": (10_000, 1_000_000),
}
# What an account that is not verified may not call (official for customer service; the others from memory).
VERIFIED_ONLY = {
    "/cgi-bin/message/custom/send",
    "/cgi-bin/message/custom/typing",
    "/cgi-bin/message/subscribe/bizsend",
    "/cgi-bin/media/get",
    "/cgi-bin/menu/create",
    "/cgi-bin/menu/get",
    "/cgi-bin/menu/delete",
    "/cgi-bin/ticket/getticket",
    "/sns/oauth2/access_token",
}

# -- menus (official counts; bytes of the names in sub menus from memory) --------------------------------------------
TOP_BUTTONS, SUB_BUTTONS = 3, 5
TOP_NAME, SUB_NAME, KEY_SIZE, URL_SIZE = 16, 60, 128, 1024
KEYED = {
    "click",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
}
BUTTON_TYPES = KEYED | {"view", "miniprogram", "media_id", "view_limited", "article_id", "article_view_limited"}

# -- fields of notices: length (official: 20 at most for what words may fill; each kind from memory) -----------------
FIELD_LENGTHS = {
    "thing": 20,
    "character_string": 32,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "time": 20,
    "date": 20,
    "amount": 20,
    "phone_number": 17,
    "car_number": 8,
    "name": 10,
    "phrase": 5,
    "const": 20,
}

ERRORS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40015: "invalid menu type",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40037: "invalid template_id",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip {ip}, not in whitelist",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41006: "media_id missing",
    41008: "missing code",
    42001: "access_token expired",
    42003: "oauth_code expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    44004: "empty text message content",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45072: "invalid command",
    45080: "need interaction with user in last 30s",
    45081: "already in typing state",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid! data.{field}.value invalid",
    48001: "api unauthorized",
    48002: "user block receiving message",
    48004: "api forbidden for irregularities",
}


class Refused(Exception):
    """WeChat refuses a call with this code."""

    def __init__(self, code: int, **gaps: str) -> None:
        self.code = code
        self.message = ERRORS.get(code, "unknown").format(**gaps) if gaps else ERRORS.get(code, "unknown")
        super().__init__(f"{code} {self.message}")


def field_fits(name: str, value: str) -> bool:
    """Whether a notice's field takes this value."""
    kind = name.rstrip("0123456789")
    limit = FIELD_LENGTHS.get(kind)
    if limit is None or not value.strip() or len(value) > limit or "\n" in value:
        return False
    if kind == "character_string":
        return value.isascii()
    if kind == "number":
        return value.replace(".", "", 1).isdigit()
    if kind in ("phrase",):
        return all("\u4e00" <= letter <= "\u9fff" for letter in value)
    return True
