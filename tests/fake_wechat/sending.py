"""What an account sends of its own accord: customer service messages, typing, subscription notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.fake_wechat import laws
from tests.fake_wechat.citizens import Citizen
from tests.fake_wechat.laws import Refused
from tests.fake_wechat.phone import Entry, Option, read

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat

OK = {"errcode": 0, "errmsg": "ok"}


class Sending:
    """Every method raises Refused and changes nothing where it does."""

    def __init__(self, world: FakeWechat) -> None:
        self.world = world
        self._kinds: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "text": _text,
            "msgmenu": _menu,
            "image": self._media,
            "voice": self._media,
            "video": self._media,
            "mpnews": self._media,
            "music": _titled,
            "news": _news,
            "mpnewsarticle": _titled,
            "miniprogrampage": _titled,
            "wxcard": _titled,
        }

    def message(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        kind = asked.get("msgtype")
        if kind not in self._kinds:
            raise Refused(40008)
        part = asked.get(kind)
        if not isinstance(part, Mapping):
            raise Refused(47001)
        shown = self._kinds[kind](part)
        citizen, now = self._citizen(asked), self.world.clock.now()
        if not citizen.follows:
            raise Refused(45015)
        if citizen.blocks:
            raise Refused(48002)
        citizen.quota.check(now)
        citizen.quota.spend(now)
        citizen.typing_until = 0.0
        ai = (asked.get("aimsgcontext") or {}).get("is_ai_msg") == 1
        self._show(citizen, Entry("account", at=now, how="customer_service", kind=str(kind), ai=ai, **shown))
        return OK

    def typing(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        citizen, now = self._citizen(asked), self.world.clock.now()
        command = asked.get("command")
        if command not in ("Typing", "CancelTyping"):
            raise Refused(45072)
        if not citizen.follows or citizen.last_said is None or now - citizen.last_said > laws.TYPING_NEEDS:
            raise Refused(45080)
        if command == "CancelTyping":
            citizen.typing_until = 0.0
        elif citizen.typing_until > now:
            raise Refused(45081)
        else:
            citizen.typing_until = now + laws.TYPING_LASTS
        return OK

    def notice(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        template = self.world.account.template(str(asked.get("template_id", "")))
        if template is None:
            raise Refused(40037)
        data = asked.get("data")
        if not isinstance(data, Mapping):
            raise Refused(47001)
        words = {}
        for name in template.fields:
            part = data.get(name)
            value = str(part.get("value", "")) if isinstance(part, Mapping) else ""
            if not laws.field_fits(name, value):
                raise Refused(47003, field=name)
            words[name] = value
        for name in data:
            if name not in template.fields:
                raise Refused(47003, field=str(name))
        citizen = self._citizen(asked)
        if not citizen.follows:
            raise Refused(43004)
        citizen.use_consent(template.id)
        lines = [template.title, *(f"{label}：{words[name]}" for name, label in template.fields.items())]
        page = str(asked.get("page") or "")
        options = (Option("查看详情", url=page),) if page else ()
        message_id = self.world.next_id()
        now = self.world.clock.now()
        extra = {"template_id": template.id, "data": words}
        self._show(
            citizen,
            Entry("account", "\n".join(lines), now, "subscription", kind="notice", options=options, extra=extra),
        )
        sent = {"TemplateId": template.id, "MsgID": message_id, "ErrorCode": 0, "ErrorStatus": "success"}
        fields = {"MsgType": "event", "Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": sent}}
        self.world.pushes.send(self.world.phone(citizen.openid), fields)
        return OK

    # -- parts -----------------------------------------------------------------------------------------------------

    def _citizen(self, asked: Mapping[str, Any]) -> Citizen:
        found = self.world.citizens.get(str(asked.get("touser", "")))
        if found is None:
            raise Refused(40003)
        return found

    def _show(self, citizen: Citizen, entry: Entry) -> None:
        self.world.phone(citizen.openid).entries.append(entry)

    def _media(self, part: Mapping[str, Any]) -> dict[str, Any]:
        media_id = str(part.get("media_id", ""))
        self.world.media.get(media_id)
        return {"text": "[图片或声音]", "media_id": media_id}


def _text(part: Mapping[str, Any]) -> dict[str, Any]:
    raw = part.get("content")
    if not isinstance(raw, str) or not raw.strip():
        raise Refused(44004)
    if len(raw.encode("utf-8", "surrogatepass")) > laws.LONGEST_TEXT:
        raise Refused(45002)
    text, options = read(raw)
    return {"text": text, "raw": raw, "options": options}


def _menu(part: Mapping[str, Any]) -> dict[str, Any]:
    rows = part.get("list")
    if not isinstance(rows, list) or not rows or not all(isinstance(one, Mapping) for one in rows):
        raise Refused(47001)
    head, tail = str(part.get("head_content", "")), str(part.get("tail_content", ""))
    options = tuple(
        Option(str(one.get("content", "")), str(one.get("content", "")), str(one.get("id", ""))) for one in rows
    )
    if not all(one.title and one.menu_id for one in options):
        raise Refused(47001)
    whole = "\n".join(one for one in (head, *(option.title for option in options), tail) if one)
    if len(whole.encode()) > laws.LONGEST_TEXT:
        raise Refused(45002)
    return {"text": "\n".join(one for one in (head, tail) if one), "raw": whole, "options": options}


def _news(part: Mapping[str, Any]) -> dict[str, Any]:
    articles = part.get("articles")
    if not isinstance(articles, list) or not articles:
        raise Refused(47001)
    if len(articles) > 1:
        raise Refused(45008)
    only = articles[0]
    return {"text": str(only.get("title", "")), "options": (Option("阅读全文", url=str(only.get("url", ""))),)}


def _titled(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": str(part.get("title", "") or "[卡片]")}
