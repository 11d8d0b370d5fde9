"""What `jiesu wechat check` and `jiesu doctor` look at of the WeChat account: what was found, and what would help."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from integrations import bootstrap
from integrations.clients.wechat.codes import CODES, code_of
from integrations.running.doctor import Check
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.speech import moment
from integrations.settings import Settings
from kb.content_files import ContentError
from kb.wechat import notices

HOOK = "/wechat"
PATIENCE = 5.0
_APPID, _SECRET = re.compile(r"wx[0-9a-f]{16}"), re.compile(r"[0-9a-f]{32}")
_TOKEN, _KEY = re.compile(r"[A-Za-z0-9]{3,32}"), re.compile(r"[A-Za-z0-9]{43}")
_CODE = re.compile(r"(?<!\d)\d{5}(?!\d)")


class AlarmRow(Protocol):
    """A code that needed a person."""

    @property
    def code(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def times(self) -> int: ...
    @property
    def meaning(self) -> str: ...


class Api(Protocol):
    """What is asked of WeChat."""

    def ping(self) -> None: ...
    def callback_ips(self) -> Sequence[str]: ...
    def alarms(self) -> Sequence[AlarmRow]: ...
    def clear_alarms(self) -> Any: ...


class MenuCase(Protocol):
    """What is asked of the menu."""

    def wanted(self) -> dict[str, Any]: ...
    def check(self) -> Sequence[str]: ...
    def push(self) -> None: ...
    def kept(self) -> dict[str, Any] | None: ...
    def delete(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Account:
    """The parts of an account that is set up."""

    settings: Settings
    api: Api
    menus: MenuCase


def account(settings: Settings) -> Account:
    """The parts of the account of these settings. Raises NeedsPerson when one is missing."""
    wechat = bootstrap.build(settings).wechat
    api: Any = wechat.api  # the client can tell more than the use cases ask for: alarms, addresses
    return Account(settings=settings, api=api, menus=wechat.menus)


def for_doctor(settings: Settings, *, running: bool) -> Iterator[Check]:
    """What `jiesu doctor` tells of WeChat; nothing where no account is wanted. WeChat is asked only when `running`."""
    if not settings.wechat_appid:
        return
    if running and not missing(settings):
        yield from examine(account(settings))
    else:
        yield from offline(settings)


def missing(settings: Settings) -> list[str]:
    """The settings without which the account cannot work."""
    needed = {"appid": settings.wechat_appid, "secret": settings.wechat_secret, "token": settings.wechat_token}
    if settings.wechat_mode != "plain":
        needed["aes_key"] = settings.wechat_aes_key
    return [f"JIESU_WECHAT_{name.upper()}" for name, value in needed.items() if not value.strip()]


def hook_url(settings: Settings) -> str:
    """What stands in the console as the server's address; empty while our own address is not known."""
    return f"{settings.public_url.rstrip('/')}{HOOK}" if settings.public_url else ""


def offline(settings: Settings) -> Iterator[Check]:
    """What can be seen without asking anybody."""
    if lacking := missing(settings):
        yield Check("WeChat settings", "bad", f"not set: {', '.join(lacking)}", "see docs/wechat.md, the settings")
    for name, pattern, value in (
        ("APPID", _APPID, settings.wechat_appid),
        ("SECRET", _SECRET, settings.wechat_secret),
        ("TOKEN", _TOKEN, settings.wechat_token),
    ):
        if value and not pattern.fullmatch(value):
            state = "bad" if name == "TOKEN" else "warn"
            found = f"JIESU_WECHAT_{name} does not look like one ({len(value)} characters)"
            yield Check("WeChat settings", state, found, "copy it again from the console, without blanks")
    yield from _keys(settings)
    yield _address(settings)
    if not settings.wechat_verified:
        found = "passive replies only: an answer that takes long waits for the citizen's next word"
        yield Check("WeChat account", "ok", found)
    yield _notices(settings)


def examine(account: Account, *, get: Callable[..., httpx.Response] = httpx.get) -> Iterator[Check]:
    """Every check in turn. `get` fetches our own hook."""
    yield from offline(account.settings)
    token = _token(account.api)
    yield token
    if token.state == "ok":
        yield _addresses_of_wechat(account.api)
        yield _menu(account)
    yield from alarms(account.api)
    yield _hook(account.settings, get)


def alarms(api: Api) -> Iterator[Check]:
    """Codes that needed a person within the last day."""
    try:
        noted = list(api.alarms())
    except TryLater as away:
        yield Check("WeChat alarms", "warn", str(away), "is Redis running?")
        return
    for one in noted:
        times = f"{one.times} times, " if one.times > 1 else ""
        found = f"{one.code}: {one.meaning} ({times}last {moment(one.at)})"
        todo = code_of(one.code).todo or "see the codes in docs/wechat.md"
        yield Check("WeChat alarm", "warn", found, "" if todo in found else todo)
    if not noted:
        yield Check("WeChat alarms", "ok", "none")


def _keys(settings: Settings) -> Iterator[Check]:
    keys, name = settings.wechat_aes_key.split(), "WeChat keys"
    if settings.wechat_mode == "plain":
        do = "choose 安全模式 in the console, and JIESU_WECHAT_MODE=safe"
        yield Check(name, "warn", "pushes are not sealed (JIESU_WECHAT_MODE=plain)", do)
        return
    if any(not _KEY.fullmatch(key) for key in keys):
        yield Check(name, "bad", "JIESU_WECHAT_AES_KEY is not 43 letters and digits", "copy it again from the console")
    elif len(keys) > 2:
        yield Check(name, "bad", f"JIESU_WECHAT_AES_KEY has {len(keys)} keys", "give the new and the old one")
    elif len(keys) == 2:
        yield Check(name, "warn", "two keys", "take the old one away once the console has the new one")
    elif keys:
        yield Check(name, "ok", f"one key, mode {settings.wechat_mode}")


def _address(settings: Settings) -> Check:
    name, url = "WeChat hook address", hook_url(settings)
    if not url:
        do = "set JIESU_PUBLIC_URL: sign-in, links to long answers and consent to notices need it"
        return Check(name, "warn", "JIESU_PUBLIC_URL is not set", do)
    if urlsplit(url).scheme != "https":
        return Check(name, "bad", f"{url} is not https", "put a reverse proxy with a certificate in front")
    return Check(name, "ok", url)


def _notices(settings: Settings) -> Check:
    name = "WeChat notices"
    if settings.wechat_notices is None:
        return Check(name, "ok", "none are sent")
    try:
        found = notices.load(settings.wechat_notices)
    except ContentError as wrong:
        return Check(name, "bad", str(wrong), "mend that line")
    if not settings.public_url:
        return Check(name, "warn", f"{len(found.ids)} templates, but no page to ask on", "set JIESU_PUBLIC_URL")
    long = sum(one.long for one in {one.id: one for one in found.by_news.values()}.values())
    return Check(
        name, "ok", f"{len(found.ids)} templates, {long} for long, for {', '.join(found.by_news) or 'nothing'}"
    )


def _token(api: Api) -> Check:
    try:
        api.ping()
    except (NeedsPerson, TryLater, Rejected) as failed:
        said = str(failed)
        state = "warn" if isinstance(failed, TryLater) else "bad"
        away = "is JIESU_WECHAT_URL reachable from this machine?" if state == "warn" else ""
        return Check("WeChat token", state, said, help_for(said) or away)
    return Check("WeChat token", "ok", "WeChat gives us a token")


def help_for(said: str) -> str:
    """What to do about the first code that a message names, unless it says so itself; empty where nothing is known."""
    todos = (code_of(int(code)).todo for code in _CODE.findall(said) if int(code) in CODES)
    return next((todo for todo in todos if todo and todo not in said), "")


def _addresses_of_wechat(api: Api) -> Check:
    name = "WeChat's addresses"
    try:
        found = api.callback_ips()
    except (NeedsPerson, TryLater, Rejected) as failed:
        return Check(name, "warn", str(failed), help_for(str(failed)))
    return Check(name, "ok", f"pushes come from {len(found)} addresses or networks; let them through the firewall")


def _menu(account: Account) -> Check:
    name = "WeChat menu"
    try:
        differences = account.menus.check()
    except ContentError as wrong:
        return Check(name, "bad", str(wrong), "mend that line")
    except (NeedsPerson, TryLater, Rejected) as failed:
        return Check(name, "warn", str(failed), help_for(str(failed)))
    if differences:
        return Check(name, "warn", "; ".join(differences), "`jiesu wechat menu push`")
    return Check(name, "ok", "WeChat has ours")


def _hook(settings: Settings, get: Callable[..., httpx.Response]) -> Check:
    """Ask our own gateway as WeChat's console does when its settings are stored."""
    name, stamp, nonce, echo = "WeChat hook", str(int(time.time())), secrets.token_hex(8), "31415926"
    parts = "".join(sorted([settings.wechat_token, stamp, nonce]))
    query = {
        "signature": hashlib.sha1(parts.encode()).hexdigest(),  # noqa: S324 - WeChat's own rule
        "timestamp": stamp,
        "nonce": nonce,
        "echostr": echo,
    }
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host  # noqa: S104 - compared only
    try:
        answer = get(f"http://{host}:{settings.port}{HOOK}", params=query, timeout=PATIENCE)
    except httpx.HTTPError as away:
        return Check(name, "warn", f"our gateway does not answer ({type(away).__name__})", "start it: `jiesu up`")
    if answer.status_code == 200 and answer.text == echo:
        return Check(name, "ok", "our gateway answers a signed question")
    found = f"our gateway answered {answer.status_code} to a signed question"
    return Check(name, "bad", found, "was it started with the same JIESU_WECHAT_TOKEN?")
