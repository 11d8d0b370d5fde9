"""A citizen's phone: the chat as it is shown, and everything that a finger can do."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlsplit

from tests.fake_wechat import laws

if TYPE_CHECKING:
    from tests.fake_wechat.citizens import Citizen
    from tests.fake_wechat.pushing import Pushed
    from tests.fake_wechat.world import FakeWechat

LINK = re.compile(r"<a\s+[^>]*?href\s*=\s*(\"[^\"]*\"|'[^']*')[^>]*>(.*?)</a>", re.I | re.S)
BEIJING = timezone(timedelta(hours=8))
How = Literal["", "passive", "customer_service", "subscription", "fault"]


@dataclass(frozen=True, slots=True)
class Option:
    """Something to tap: an item of a menu that is said back (`menu_id`), or a page (`url`)."""

    title: str
    content: str = ""
    menu_id: str = ""
    url: str = ""


@dataclass(slots=True)
class Entry:
    """One bubble. `sender`: citizen, account or system. `text` is what the eye reads, `raw` what was sent."""

    sender: Literal["citizen", "account", "system"]
    text: str
    at: float
    how: How = ""
    raw: str = ""
    kind: str = "text"
    options: tuple[Option, ...] = ()
    ai: bool = False
    media_id: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


class NotPossible(Exception):
    """A phone cannot do that now: for example write to an account that it does not follow."""


def read(raw: str) -> tuple[str, tuple[Option, ...]]:
    """What is shown of a text with links, and what of it can be tapped."""
    options = []
    for match in LINK.finditer(raw):
        address, title = html.unescape(match[1][1:-1]), match[2]
        parts = urlsplit(address)
        if parts.scheme == "weixin" and parts.netloc == "bizmsgmenu":
            query = parse_qs(parts.query, keep_blank_values=True)
            content, menu_id = (query.get(name, [""])[0] for name in ("msgmenucontent", "msgmenuid"))
            options.append(Option(title, content or title, menu_id))
        elif parts.scheme in ("http", "https"):
            options.append(Option(title, url=address))
    return LINK.sub(lambda match: match[2], raw), tuple(options)


class Phone:
    """Everything it does returns a `Pushed`: `.wait(seconds)` in a thread, `await` in a coroutine, or neither."""

    def __init__(self, world: FakeWechat, openid: str) -> None:
        self.world, self.openid = world, openid
        self.entries: list[Entry] = []

    # -- looking ---------------------------------------------------------------------------------------------------

    @property
    def citizen(self) -> Citizen:
        return self.world.citizens[self.openid]

    @property
    def typing(self) -> bool:
        """Whether 'the other side is typing' is shown."""
        return self.citizen.typing_until > self.world.clock.now()

    @property
    def left(self) -> int:
        """Customer service messages that WeChat would still take for this citizen."""
        return self.citizen.quota.left(self.world.clock.now())

    @property
    def faults(self) -> int:
        """How often the fault text was shown."""
        return sum(one.how == "fault" for one in self.entries)

    def heard(self, how: How | None = None) -> list[Entry]:
        """What the account said."""
        return [one for one in list(self.entries) if one.sender == "account" and how in (None, one.how)]

    def texts(self, how: How | None = None) -> list[str]:
        return [one.text for one in self.heard(how)]

    @property
    def last(self) -> Entry:
        """The last thing that the account said."""
        return self.heard()[-1]

    def wait_for(self, found: str | int | Callable[[Phone], bool], seconds: float = 10.0) -> None:
        """Until the account has said these words, so many messages, or the condition holds; else TimeoutError."""

        end = time.monotonic() + seconds
        while not self._there(found):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {seconds} s; the phone shows:\n{self.shown()}")
            time.sleep(0.01)

    async def waited_for(self, found: str | int | Callable[[Phone], bool], seconds: float = 10.0) -> None:
        """The same in a coroutine."""
        await asyncio.to_thread(self.wait_for, found, seconds)

    def _there(self, found: str | int | Callable[[Phone], bool]) -> bool:
        if isinstance(found, str):
            return any(found in one for one in self.texts())
        return len(self.heard()) >= found if isinstance(found, int) else found(self)

    def shown(self) -> str:
        """The chat in plain text, as the phone shows it."""
        lines = []
        for one in list(self.entries):
            clock = datetime.fromtimestamp(one.at, UTC).astimezone(BEIJING).strftime("%m-%d %H:%M:%S")
            who = {"citizen": "市民", "account": "公众号", "system": "系统"}[one.sender]
            mark = {"passive": "", "customer_service": "(客服消息)", "subscription": "(订阅通知)"}.get(one.how, "")
            lines += [f"[{clock}] {who}{mark}: {one.text}"]
            lines += [f"    [{number}] {option.title}" for number, option in enumerate(one.options, 1)]
            lines += ["    （内容由第三方AI生成）"] if one.ai else []
        return "\n".join(lines)

    # -- messages --------------------------------------------------------------------------------------------------

    def say(self, text: str) -> Pushed:
        return self._message("text", {"Content": text}, text)

    def tap(self, entry: Entry | None = None, option: int | str = 1) -> Pushed | str:
        """Tap the option of that number, title or menu id; of a page its address comes back."""
        entry = entry or self.last
        chosen = self._option(entry.options, option)
        if chosen.url:
            return chosen.url
        fields = {"Content": chosen.content, "bizmsgmenuid": chosen.menu_id}
        return self._message("text", fields, chosen.content, opens="action")

    @staticmethod
    def _option(options: Sequence[Option], wanted: int | str) -> Option:
        if isinstance(wanted, int) and 1 <= wanted <= len(options):
            return options[wanted - 1]
        for one in options:
            if wanted in (one.title, one.content, one.menu_id):
                return one
        raise NotPossible(f"there is nothing such to tap: {wanted!r} of {[one.title for one in options]}")

    def send_picture(self, data: bytes, *, kind: str = "image/jpeg") -> Pushed:
        media_id, url = self.world.media.keep(data, kind)
        return self._message("image", {"PicUrl": url, "MediaId": media_id}, "[图片]", media_id=media_id)

    def send_voice(self, data: bytes, wide: bytes | None = None, *, recognition: str | None = None) -> Pushed:
        """A recording in 8 kHz and, where `wide` is given, in 16 kHz as well. `recognition` None: no such field."""
        media_id, _ = self.world.media.keep(data, "audio/amr")
        fields: dict[str, Any] = {"MediaId": media_id, "Format": "amr"}
        if wide is not None:
            fields["MediaId16K"] = self.world.media.keep(wide, "audio/amr")[0]
        if recognition is not None:
            fields["Recognition"] = recognition
        return self._message("voice", fields, "[语音]", media_id=media_id)

    def send_video(self, data: bytes = b"video", *, short: bool = False) -> Pushed:
        media_id, _ = self.world.media.keep(data, "video/mp4")
        thumb, _ = self.world.media.keep(b"thumb", "image/jpeg")
        kind = "shortvideo" if short else "video"
        return self._message(kind, {"MediaId": media_id, "ThumbMediaId": thumb}, "[视频]", media_id=media_id)

    def send_pin(self, lat: float, lon: float, label: str = "", scale: int = 16) -> Pushed:
        """A place in GCJ-02; X is the latitude."""
        fields = {"Location_X": f"{lat:.6f}", "Location_Y": f"{lon:.6f}", "Scale": scale, "Label": label}
        return self._message("location", fields, f"[位置] {label}".strip(), extra={"lat": lat, "lon": lon})

    def send_link(self, title: str, description: str, url: str) -> Pushed:
        return self._message("link", {"Title": title, "Description": description, "Url": url}, f"[链接] {title}")

    def send_sticker(self) -> Pushed:
        """Stickers are not passed on: a text of WeChat's own comes in their place."""
        return self._message("text", {"Content": laws.UNSUPPORTED}, "[表情]")

    def send_other(self, kind: str, **fields: Any) -> Pushed:
        """A type that is not documented."""
        return self._message(kind, fields, f"[{kind}]")

    def _message(
        self,
        kind: str,
        fields: dict[str, Any],
        shown: str,
        *,
        opens: str = "message",
        media_id: str = "",
        extra: dict[str, Any] | None = None,
    ) -> Pushed:
        if not self.citizen.follows:
            raise NotPossible("who does not follow cannot write")
        with self.world.lock:
            now = self.world.clock.now()
            self.entries.append(
                Entry("citizen", shown, now, kind=kind, media_id=media_id, raw=shown, extra=extra or {})
            )
            self.citizen.quota.open(opens, now)
            self.citizen.last_said = now
        return self.world.pushes.send(self, {"MsgType": kind, **fields, "MsgId": self.world.next_id()})

    # -- events ----------------------------------------------------------------------------------------------------

    def follow(self, scene: str | None = None) -> Pushed:
        self.citizen.follows = True
        fields = {"EventKey": f"qrscene_{scene}", "Ticket": f"ticket-{scene}"} if scene else {"EventKey": ""}
        return self._event("subscribe", fields, note="关注了公众号")

    def unfollow(self) -> Pushed:
        """Nothing may be sent from now on."""
        with self.world.lock:
            self.citizen.follows = False
            self.citizen.quota.close()
        return self._event("unsubscribe", {"EventKey": ""}, note="取消了关注")

    def scan(self, scene: str) -> Pushed:
        """Scan the account's code: who does not follow yet does so by it."""
        if not self.citizen.follows:
            return self.follow(scene)
        return self._event("SCAN", {"EventKey": scene, "Ticket": f"ticket-{scene}"}, note="扫描了二维码")

    def click_menu(self, key: str, *, scanned: str = "") -> Pushed | str:
        """A button of the account's menu by its key or name; by any key while there is no menu. A page's address comes
        back, and its VIEW event goes out."""
        button = self.world.menus.button(key)
        if button is None and self.world.menus.current is not None:
            raise NotPossible(f"the menu has no {key!r}")
        button = button or {"type": "click", "key": key, "name": key}
        kind, key = button["type"], button.get("key", key)
        if kind == "view":
            self._event("VIEW", {"EventKey": button["url"]})
            return str(button["url"])
        if kind in ("scancode_push", "scancode_waitmsg"):
            found = {"ScanType": "qrcode", "ScanResult": scanned}
            return self._event(kind, {"EventKey": key, "ScanCodeInfo": found})
        if kind == "location_select":
            raise NotPossible("choose a place: send_pin")
        if kind.startswith("pic_"):
            raise NotPossible("choose a picture: send_picture")
        note = f"点击菜单：{button['name']}"
        return self._event("CLICK", {"EventKey": key}, note=note)

    def auto_location(self, lat: float, lon: float, precision: float = 40.0) -> Pushed:
        fields = {"Latitude": f"{lat:.6f}", "Longitude": f"{lon:.6f}", "Precision": f"{precision:.6f}"}
        return self._event("LOCATION", fields)

    def answer_consent(self, template_id: str, accept: bool = True, *, scene: int = 2) -> Pushed:
        """The little window that asks for a subscription notice; scene 2 is a page."""
        return self._consent("subscribe_msg_popup_event", template_id, accept, {"PopupScene": scene})

    def change_consent(self, template_id: str, accept: bool = False) -> Pushed:
        """The switch among the account's settings in the phone."""
        return self._consent("subscribe_msg_change_event", template_id, accept, {})

    def _consent(self, event: str, template_id: str, accept: bool, more: dict[str, Any]) -> Pushed:
        template = self.world.account.template(template_id)
        if template is None:
            raise NotPossible("the account has no such template")
        with self.world.lock:
            self.citizen.consent(template, accept)
        name = "".join(part.capitalize() for part in event.split("_"))
        answer = {"TemplateId": template_id, "SubscribeStatusString": "accept" if accept else "reject", **more}
        note = f"{'同意' if accept else '拒绝'}订阅通知：{template.title}"
        return self._event(event, {name: {"List": answer}}, note=note)

    def send_event(self, event: str, **fields: Any) -> Pushed:
        """An event that is not documented."""
        return self._event(event, fields)

    def _event(self, event: str, fields: dict[str, Any], *, note: str = "") -> Pushed:
        with self.world.lock:
            now = self.world.clock.now()
            if note:
                self.entries.append(Entry("system", note, now, kind="event"))
            if event in laws.COUNTING_EVENTS:
                self.citizen.quota.open("action", now)
                self.citizen.last_said = now
        return self.world.pushes.send(self, {"MsgType": "event", "Event": event, **fields})
