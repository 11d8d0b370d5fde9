"""Sign-in of a page that is opened inside WeChat (OAuth2)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from tests.fake_wechat import laws
from tests.fake_wechat.laws import Refused

if TYPE_CHECKING:
    from tests.fake_wechat.world import FakeWechat


class WrongPage(Exception):
    """WeChat shows this sentence instead of going on."""


@dataclass(slots=True)
class Code:
    openid: str
    scope: str
    until: float
    used: bool = False


class SigningIn:
    """`visitor` is whose phone opens the page when the request does not say."""

    def __init__(self, world: FakeWechat) -> None:
        self.world = world
        self.visitor = ""
        self._codes: dict[str, Code] = {}

    def authorized(self, asked: Mapping[str, str]) -> str:
        """The address to go on to. Raises WrongPage."""
        account = self.world.account
        if asked.get("appid") != account.appid:
            raise WrongPage("appid 参数错误（10013）")
        if asked.get("response_type") != "code" or asked.get("scope") not in ("snsapi_base", "snsapi_userinfo"):
            raise WrongPage("scope 不能为空或参数错误（10005）")
        if not account.verified:
            raise WrongPage("该公众号没有这些 scope 的权限（10005）")
        back = urlsplit(asked.get("redirect_uri", ""))
        if back.scheme not in ("http", "https") or (account.page_domain and back.hostname != account.page_domain):
            raise WrongPage("redirect_uri 域名与后台配置不一致（10003）")
        if len(asked.get("state", "").encode()) > 128:
            raise WrongPage("state 参数过长")
        openid = asked.get("as") or self.visitor or next(iter(self.world.citizens), "")
        if openid not in self.world.citizens:
            raise WrongPage("请先选择一位市民")
        code = self.code_for(openid, asked["scope"])
        query = "&".join(one for one in (back.query, urlencode({"code": code, "state": asked.get("state", "")})) if one)
        return urlunsplit((back.scheme, back.netloc, back.path, query, ""))

    def code_for(self, openid: str, scope: str = "snsapi_base") -> str:
        code = secrets.token_urlsafe(24)
        self._codes[code] = Code(openid, scope, self.world.clock.now() + laws.CODE_LIVES)
        return code

    def exchanged(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        account = self.world.account
        if asked.get("appid") != account.appid:
            raise Refused(40013)
        if asked.get("secret") != account.secret:
            raise Refused(40125)
        if asked.get("grant_type") != "authorization_code":
            raise Refused(40002)
        if not asked.get("code"):
            raise Refused(41008)
        code = self._codes.get(str(asked["code"]))
        if code is None:
            raise Refused(40029)
        if code.used:
            raise Refused(40163)
        if code.until <= self.world.clock.now():
            raise Refused(42003)
        code.used = True
        return {
            "access_token": secrets.token_urlsafe(60),
            "expires_in": 7200,
            "refresh_token": secrets.token_urlsafe(60),
            "openid": code.openid,
            "scope": code.scope,
        }
