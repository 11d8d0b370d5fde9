"""What each of WeChat's error codes means, what we do about it, and what an operator does.

From Tencent's list of global return codes and the pages of the single calls. A code that stands here from memory is
marked so: nothing was checked against the live service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from integrations.services.errors import Rejected, ServiceError, TryLater
from integrations.services.wechat.errors import (
    CodeUsed,
    ConsentGone,
    CountUsed,
    MediaGone,
    NoPermission,
    OutOfWindow,
    QuotaUsed,
    SetUpWrong,
    TooLong,
    Unreachable,
)


class Action(StrEnum):
    """What the client does about a code."""

    RETRY = "try again a little later, at most three times in all"
    REFRESH = "take a new token once and try once more, then it needs a person"
    UNREACHABLE = "write nothing to this citizen any more until they come back"
    OUT_OF_WINDOW = "keep it for the citizen's next message"
    COUNT_USED = "keep it for the citizen's next message: the count is used up"
    TOO_LONG = "refused: too long"
    CONSENT_GONE = "forget the consent to this notice"
    MEDIA_GONE = "the picture or recording is lost; the citizen is asked again"
    CODE_USED = "the citizen signs in again"
    NO_MENU = "there is no menu"
    NO_PERMISSION = "needs a person: the account may not do this"
    SET_UP_WRONG = "needs a person: a setting or WeChat's console"
    QUOTA = "wait: too many calls"
    IGNORE = "nothing"
    REJECTED = "refused for good"


@dataclass(frozen=True, slots=True)
class Code:
    """One of WeChat's codes. `todo` is for an operator, and empty where there is nothing to do."""

    number: int
    action: Action
    meaning: str
    todo: str = ""

    @property
    def alarms(self) -> bool:
        """Whether somebody has to hear of it."""
        return self.action in _ALARMING or self.number == DAILY_QUOTA


DAILY_QUOTA = 45009
_ALARMING = {Action.SET_UP_WRONG, Action.NO_PERMISSION, Action.REFRESH}
_MENU = "Mend the menu's file, then `jiesu wechat menu push`."
_ALL = (
    Code(-1, Action.RETRY, "WeChat is busy."),
    Code(
        40001,
        Action.REFRESH,
        "The access token or the app secret is not valid.",
        "Compare JIESU_WECHAT_APPID and JIESU_WECHAT_SECRET with WeChat's console; let no other program fetch tokens "
        "in the old way (/cgi-bin/token).",
    ),
    Code(
        40014,
        Action.REFRESH,
        "The access token is not valid.",
        "Compare JIESU_WECHAT_APPID with WeChat's console: the token may be another account's.",
    ),
    Code(
        42001,
        Action.REFRESH,
        "The access token has run out.",
        "Look at this machine's clock and at Redis: a new token was refused as well.",
    ),
    Code(40003, Action.UNREACHABLE, "The citizen does not follow the account, or the openid is another account's."),
    Code(43004, Action.UNREACHABLE, "The citizen does not follow the account."),
    Code(48002, Action.UNREACHABLE, "The citizen refuses messages of the account."),
    # from memory
    Code(46004, Action.UNREACHABLE, "There is no such citizen."),
    # from memory
    Code(50005, Action.UNREACHABLE, "The citizen has left the account."),
    Code(45015, Action.OUT_OF_WINDOW, "The citizen has said nothing for 48 hours, or has left."),
    Code(45047, Action.COUNT_USED, "All messages that the citizen's last message or tap allows were sent."),
    Code(45002, Action.TOO_LONG, "The message is longer than 2,048 bytes."),
    # from memory
    Code(43101, Action.CONSENT_GONE, "The citizen has refused this subscription notice, or all consents are used."),
    Code(40007, Action.MEDIA_GONE, "The media id is wrong or older than three days."),
    Code(40029, Action.CODE_USED, "The sign-in code is wrong or too old."),
    Code(40163, Action.CODE_USED, "The sign-in code was used already."),
    # from memory
    Code(41008, Action.CODE_USED, "The sign-in code is missing."),
    # from memory
    Code(42003, Action.CODE_USED, "The sign-in code has run out."),
    Code(46003, Action.NO_MENU, "There is no menu."),
    Code(45009, Action.QUOTA, "The day's quota of this call is used up.", "See what calls so often; it ends at night."),
    Code(45011, Action.QUOTA, "The quota of a minute is used up."),
    # from memory
    Code(48006, Action.QUOTA, "The quota was cleared too often this month.", "Wait for tomorrow's quota."),
    Code(
        40013,
        Action.SET_UP_WRONG,
        "The app id is wrong.",
        "Copy the app id from WeChat's console to JIESU_WECHAT_APPID.",
    ),
    Code(
        40125,
        Action.SET_UP_WRONG,
        "The app secret is wrong.",
        "Copy the app secret from WeChat's console to JIESU_WECHAT_SECRET; if it is lost, make a new one there.",
    ),
    Code(
        40164,
        Action.SET_UP_WRONG,
        "This machine's address is not on WeChat's IP list.",
        "Put the address from which this machine reaches the internet on the IP list in WeChat's console.",
    ),
    # from memory
    Code(40243, Action.SET_UP_WRONG, "The app secret is frozen.", "Thaw it in WeChat's console."),
    # from memory
    Code(
        41001,
        Action.SET_UP_WRONG,
        "The access token did not arrive.",
        "Something between this machine and WeChat changes requests: look at JIESU_WECHAT_URL and at proxies.",
    ),
    # from memory
    Code(41002, Action.SET_UP_WRONG, "The app id did not arrive.", "Set JIESU_WECHAT_APPID."),
    # from memory
    Code(41004, Action.SET_UP_WRONG, "The app secret did not arrive.", "Set JIESU_WECHAT_SECRET."),
    Code(
        61004,
        Action.SET_UP_WRONG,
        "This machine's address is not on the list of the third-party platform.",
        "Put the address from which this machine reaches the internet on that platform's IP list.",
    ),
    # from memory: the four of an IP that an administrator has to allow
    Code(89501, Action.SET_UP_WRONG, "An administrator has to allow this machine's address.", "Allow it in WeChat."),
    Code(89503, Action.SET_UP_WRONG, "An administrator has to allow this machine's address.", "Allow it in WeChat."),
    Code(
        89506,
        Action.SET_UP_WRONG,
        "An administrator has refused this machine's address twice.",
        "Ask the administrator; it can be tried again after 24 hours.",
    ),
    Code(
        89507,
        Action.SET_UP_WRONG,
        "An administrator has refused this machine's address.",
        "Ask the administrator; it can be tried again after an hour.",
    ),
    Code(
        40037,
        Action.SET_UP_WRONG,
        "There is no such template.",
        "Compare the template ids in JIESU_WECHAT_NOTICES with WeChat's console.",
    ),
    Code(
        47003,
        Action.SET_UP_WRONG,
        "The fields do not fit the template.",
        "Compare the fields in JIESU_WECHAT_NOTICES with the template in WeChat's console.",
    ),
    # from memory
    Code(45064, Action.SET_UP_WRONG, "The menu names a mini program that is not linked to the account.", _MENU),
    Code(
        48001,
        Action.NO_PERMISSION,
        "The account has no permission for this call.",
        "An account that is not verified may not send: set JIESU_WECHAT_VERIFIED=false, or have it verified.",
    ),
    Code(
        48004,
        Action.NO_PERMISSION,
        "WeChat has taken the permission for this call away.",
        "Read the notices in WeChat's console; until it is given back, set JIESU_WECHAT_VERIFIED=false.",
    ),
    # from memory
    Code(48008, Action.NO_PERMISSION, "The account may not send messages of this sort.", "See its permissions."),
    # from memory
    Code(50001, Action.NO_PERMISSION, "The account may not make this call.", "See its permissions in the console."),
    # from memory
    Code(50002, Action.NO_PERMISSION, "The account is limited.", "Read the notices in WeChat's console."),
    # from memory
    Code(65400, Action.NO_PERMISSION, "Customer service is not switched on.", "Switch it on in WeChat's console."),
    # from memory: the three of the sign that somebody is typing
    Code(45072, Action.IGNORE, "The typing command is not known."),
    Code(45080, Action.IGNORE, "The citizen has not said anything within 30 seconds."),
    Code(45081, Action.IGNORE, "It shows already that somebody is typing."),
    Code(40015, Action.REJECTED, "The menu has a button of an unknown type.", _MENU),
    Code(40016, Action.REJECTED, "The menu has too many or too few buttons.", _MENU),
    Code(40017, Action.REJECTED, "The menu has too many or too few buttons.", _MENU),
    Code(40018, Action.REJECTED, "A name in the menu is too long.", _MENU),
    Code(40019, Action.REJECTED, "A key in the menu is too long.", _MENU),
    Code(40020, Action.REJECTED, "An address in the menu is too long.", _MENU),
    Code(40023, Action.REJECTED, "The menu has too many buttons below one.", _MENU),
    Code(40024, Action.REJECTED, "A button below another is of an unknown type.", _MENU),
    Code(40025, Action.REJECTED, "A name below a button of the menu is too long.", _MENU),
    Code(40026, Action.REJECTED, "A key below a button of the menu is too long.", _MENU),
    Code(40027, Action.REJECTED, "An address below a button of the menu is too long.", _MENU),
    # from memory
    Code(40054, Action.REJECTED, "The address of a button below another is not allowed.", _MENU),
    # from memory
    Code(40055, Action.REJECTED, "The address of a button is not allowed.", _MENU),
    # from memory
    Code(44004, Action.REJECTED, "The message is empty.", "Tell the developers."),
    # from memory
    Code(47001, Action.REJECTED, "What was sent cannot be read.", "Tell the developers."),
)
CODES: Mapping[int, Code] = MappingProxyType({code.number: code for code in _ALL})
_ERRORS: Mapping[Action, type[ServiceError]] = {
    Action.REFRESH: SetUpWrong,
    Action.UNREACHABLE: Unreachable,
    Action.OUT_OF_WINDOW: OutOfWindow,
    Action.COUNT_USED: CountUsed,
    Action.TOO_LONG: TooLong,
    Action.CONSENT_GONE: ConsentGone,
    Action.MEDIA_GONE: MediaGone,
    Action.CODE_USED: CodeUsed,
    Action.NO_PERMISSION: NoPermission,
    Action.SET_UP_WRONG: SetUpWrong,
}
_QUOTA_SECONDS = {45011: 60.0}
_LONG_QUOTA_SECONDS = 1800.0


def code_of(number: int) -> Code:
    """What is known of that code; one that nobody knows is refused for good."""
    return CODES.get(number) or Code(
        number, Action.REJECTED, "WeChat's list of return codes says what it means.", "Look it up there."
    )


def refusal(number: int, *, address: str = "") -> ServiceError:
    """The error of that code. It repeats nothing that was sent; `address` is this machine's as WeChat sees it."""
    code = code_of(number)
    seen = f"WeChat sees {address}." if address else ""
    words = " ".join(filter(None, (f"WeChat answered {number}: {code.meaning}", code.todo, seen)))
    if code.action is Action.RETRY:
        return TryLater(words, unheard=True)
    if code.action is Action.QUOTA:
        return QuotaUsed(words, after=_QUOTA_SECONDS.get(number, _LONG_QUOTA_SECONDS), unheard=True)
    return _ERRORS.get(code.action, Rejected)(words)
