"""A door for tests in other processes, and the page that acts as a phone."""

from __future__ import annotations

import base64
import binascii
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from tests.fake_wechat.laws import Refused
from tests.fake_wechat.phone import NotPossible, Phone
from tests.fake_wechat.pushing import Pushed

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat

PAGE = Path(__file__).with_name("page.html")
MOST_CALLS = 80


def _bytes(content: dict[str, Any], name: str = "data") -> bytes:
    return base64.b64decode(content.get(name) or "", validate=True)


def _act(phone: Phone, act: str, content: dict[str, Any]) -> Pushed | str:
    """One thing that a finger does."""
    if act == "tap":
        return phone.tap(phone.entries[int(content["entry"])], content.get("option", 1))
    if act == "voice":
        wide = _bytes(content, "wide") if content.get("wide") else None
        return phone.send_voice(_bytes(content), wide)
    if act == "picture":
        return phone.send_picture(_bytes(content), kind=str(content.get("kind") or "image/jpeg"))
    plain = {
        "say": lambda: phone.say(str(content["text"])),
        "pin": lambda: phone.send_pin(float(content["lat"]), float(content["lon"]), str(content.get("label", ""))),
        "link": lambda: phone.send_link(content["title"], content.get("description", ""), content["url"]),
        "video": phone.send_video,
        "sticker": phone.send_sticker,
        "follow": lambda: phone.follow(content.get("scene") or None),
        "unfollow": phone.unfollow,
        "scan": lambda: phone.scan(str(content["scene"])),
        "menu": lambda: phone.click_menu(str(content["key"]), scanned=str(content.get("scanned", ""))),
        "consent": lambda: phone.answer_consent(content["template_id"], bool(content.get("accept", True))),
        "change": lambda: phone.change_consent(content["template_id"], bool(content.get("accept", False))),
        "location": lambda: phone.auto_location(float(content["lat"]), float(content["lon"])),
    }
    if act not in plain:
        raise NotPossible(f"no such act: {act}")
    return plain[act]()


def state_of(world: FakeWechat) -> dict[str, Any]:
    """Everything that the page shows."""
    with world.lock:
        now = world.clock.now()
        citizens = [
            {
                "openid": one.openid,
                "name": one.name,
                "follows": one.follows,
                "left": one.quota.left(now),
                "ends": one.quota.ends(now),
                "typing": one.typing_until > now,
                "consents": one.consents,
                "faults": world.phone(one.openid).faults,
                "entries": [asdict(entry) for entry in world.phone(one.openid).entries],
            }
            for one in world.citizens.values()
        ]
        calls = [asdict(one) for one in world.counters.calls[-MOST_CALLS:]]
        return {
            "now": now,
            "account": {
                "name": world.account.original_id,
                "appid": world.account.appid,
                "mode": str(world.account.mode),
                "verified": world.account.verified,
            },
            "hook": world.hook if isinstance(world.hook, str) else "",
            "citizens": citizens,
            "menu": (world.menus.current or {}).get("button", []),
            "templates": [asdict(one) for one in world.account.templates],
            "calls": calls,
            "pushes": [
                {"at": one.at, "name": one.name, "result": one.result, "tries": [asdict(each) for each in one.tries]}
                for one in world.pushes.log[-MOST_CALLS:]
            ],
            "tokens_issued": world.counters.tokens_issued,
            "wasted": world.counters.wasted,
            "faults": world.shown_faults,
        }


def control_of(world: FakeWechat) -> APIRouter:
    """`/` and everything under /__control; bodies and answers are JSON."""
    router = APIRouter()

    @router.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE.read_text(encoding="utf-8"))

    @router.get("/__control/state")
    async def state() -> dict[str, Any]:
        return state_of(world)

    @router.post("/__control/citizens")
    async def citizen(request: Request) -> dict[str, Any]:
        content = await _content(request)
        made = world.citizen(str(content.get("name", "")), follows=bool(content.get("follows", True)))
        return {"openid": made.openid}

    @router.post("/__control/citizens/{openid}/{act}")
    async def acted(openid: str, act: str, request: Request) -> dict[str, Any]:
        content = await _content(request)
        if openid not in world.phones:
            raise HTTPException(404, "no such citizen")
        try:
            done = _act(world.phone(openid), act, content)
        except (NotPossible, KeyError, IndexError, ValueError, TypeError, binascii.Error) as error:
            raise HTTPException(400, f"not possible: {error}") from None
        if isinstance(done, str):
            return {"url": done}
        if content.get("wait"):
            record = await done
            return {"result": record.result, "outcomes": record.outcomes, "reply": record.reply}
        return {}

    @router.post("/__control/clock")
    async def clock(request: Request) -> dict[str, float]:
        content = await _content(request)
        world.clock.advance(float(content.get("advance", 0)))
        return {"now": world.clock.now()}

    @router.post("/__control/faults")
    async def faults(request: Request) -> dict[str, Any]:
        content = await _content(request)
        if content.get("clear"):
            world.faults.clear()
        if content.get("path"):
            world.faults.order(
                content["path"],
                content["kind"],
                times=int(content.get("times", 1)),
                seconds=float(content.get("seconds", 0)),
            )
        return {}

    @router.post("/__control/pushes")
    async def pushes(request: Request) -> dict[str, Any]:
        content = await _content(request)
        if content.get("clear"):
            world.push_faults.clear()
        if content.get("chances"):
            world.push_faults.by_chance(seed=content.get("seed"), **content["chances"])
        if content.get("kind"):
            world.push_faults.order(
                content["kind"], times=int(content.get("times", 1)), seconds=float(content.get("seconds", 0))
            )
        return {}

    @router.post("/__control/visitor")
    async def visitor(request: Request) -> dict[str, Any]:
        """Whose phone opens pages from now on."""
        world.signing_in.visitor = str((await _content(request))["openid"])
        return {}

    @router.post("/__control/check")
    async def check() -> dict[str, bool]:
        """The console's check of the hook."""
        return {"ok": await world.checked_hook()}

    @router.get("/__control/media/{media_id}")
    async def media(media_id: str) -> Response:
        try:
            found = world.media.get(media_id)
        except Refused:
            raise HTTPException(404, "gone") from None
        return Response(found.data, media_type=found.kind)

    return router


async def _content(request: Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}
