"""The use cases of the WeChat official account, put together; inert where none is set up."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from integrations.clients.wechat.alarms import Alarms
from integrations.clients.wechat.api import WechatClient
from integrations.clients.wechat.breaker import Breaker
from integrations.clients.wechat.door import Door
from integrations.clients.wechat.envelope import Envelope
from integrations.clients.wechat.page_signing import signed
from integrations.clients.wechat.tokens import SharedTokens
from integrations.receiving import Media
from integrations.services.errors import NeedsPerson
from integrations.services.notifying import Notifying
from integrations.services.wechat.arriving import Arriving
from integrations.services.wechat.consenting import Consenting
from integrations.services.wechat.delivering import Delivering
from integrations.services.wechat.fetching import Fetching
from integrations.services.wechat.menus import Menus, said_of
from integrations.services.wechat.ports import WechatApi
from integrations.services.wechat.replying import Replying
from integrations.services.wechat.signing_in import SigningIn
from integrations.services.wechat.telling import Telling
from integrations.settings import SettingsError
from kb.wechat import notices
from kb.wechat.notices import Notices

NEEDED = ("wechat_appid", "wechat_secret", "wechat_token")


class Wechatting(Media):
    """Everything of one process that the WeChat channel needs, and the channel."""

    if TYPE_CHECKING:

        @cached_property
        def notifying(self) -> Notifying: ...

    @cached_property
    def wechat(self) -> Wechat:
        return Wechat(self)


@dataclass
class Wechat:
    """The channel's use cases. Without its settings `is_on` is false, and what needs them raises NeedsPerson."""

    whole: Wechatting

    @property
    def missing(self) -> tuple[str, ...]:
        """Settings without which there is no WeChat."""
        chosen = self.whole.settings
        needed = NEEDED if chosen.wechat_mode == "plain" else (*NEEDED, "wechat_aes_key")
        return tuple(f"JIESU_{name.upper()}" for name in needed if not getattr(chosen, name))

    @property
    def is_on(self) -> bool:
        """Whether an account is set up."""
        return not self.missing

    @cached_property
    def door(self) -> Door:
        """What opens pushes and seals replies. Raises SettingsError where a key has not the form that it must have."""
        chosen = self._chosen()
        try:
            envelope = Envelope(
                token=chosen.wechat_token,
                aes_keys=chosen.wechat_aes_key.split(),
                appid=chosen.wechat_appid,
                mode=chosen.wechat_mode,
                clock=self.whole.clock,
            )
        except ValueError as wrong:
            raise SettingsError(str(wrong)) from None
        return Door(envelope)

    @cached_property
    def api(self) -> WechatApi:
        return self.whole._part("wechat_api", lambda: self.client)  # type: ignore[no-any-return]

    @cached_property
    def client(self) -> WechatClient:
        """WeChat's API with its tokens and alarms."""
        chosen = self._chosen()
        return WechatClient(
            chosen.wechat_appid,
            chosen.wechat_secret,
            base_url=chosen.wechat_url,
            picture_url=chosen.wechat_picture_url,
            tokens=SharedTokens(chosen.redis, chosen.wechat_appid),
            breaker=Breaker(),
            alarms=Alarms(chosen.redis),
        )

    @cached_property
    def telling(self) -> Telling:
        chosen = self.whole.settings
        return Telling(self.whole.speech.words, links=chosen.wechat_links, page=chosen.public_url)

    @cached_property
    def notices(self) -> Notices:
        """The city's subscription notices; none where it has not set any up."""
        return notices.load(self.whole.settings.wechat_notices or notices.FILE)

    @property
    def notice_templates(self) -> tuple[str, ...]:
        """Template ids for which consent may be asked."""
        return self.consenting.template_ids

    @cached_property
    def consenting(self) -> Consenting:
        return Consenting(
            notices=self.notices,
            speech=self.whole.speech,
            limiter=self.whole.limiter,
            public_url=self.whole.settings.public_url,
            told=self.whole.notifying.bubble,
        )

    @cached_property
    def menus(self) -> Menus:
        return Menus(api=self.api, public_url=self.whole.settings.public_url)

    @cached_property
    def fetching(self) -> Fetching:
        return Fetching(
            unit_of_work=self.whole.unit_of_work,
            api=lambda: self.api,
            receiving=self.whole.receiving,
            clock=self.whole.clock,
            words=self.whole.speech.words,
        )

    @cached_property
    def arriving(self) -> Arriving:
        return Arriving(
            unit_of_work=self.whole.unit_of_work,
            reading=self.whole.reading,
            conversing=self.whole.conversing,
            clock=self.whole.clock,
            words=self.whole.speech.words,
            telling=self.telling,
            said_of=said_of,
            consents=self.consenting,
        )

    @cached_property
    def delivering(self) -> Delivering:
        return Delivering(
            unit_of_work=self.whole.unit_of_work,
            reading=self.whole.reading,
            api=lambda: self.api,
            telling=self.telling,
            notices=self.consenting,
            fetch=self.fetching.fetch,
            clock=self.whole.clock,
            verified=self.whole.settings.wechat_verified,
            **{"holder": f"{socket.gethostname()}:{os.getpid()}"} | self._replaced("wechat_delivering"),
        )

    @cached_property
    def replying(self) -> Replying:
        return Replying(
            unit_of_work=self.whole.unit_of_work,
            reading=self.whole.reading,
            arriving=self.arriving,
            telling=self.telling,
            limiter=self.whole.limiter,
            clock=self.whole.clock,
            prepare=self.fetching.fetch,
            drive=self.whole.conversing.drive,
            deliver=self.delivering.deliver,
            typing=lambda openid: self.api.typing(openid),  # noqa: PLW0108 - made when it is needed
            asking=self.delivering.asking,
            verified=self.whole.settings.wechat_verified,
            **self._replaced("wechat_replying"),
        )

    @cached_property
    def signing_in(self) -> SigningIn:
        chosen = self._chosen()
        return SigningIn(
            appid=chosen.wechat_appid,
            public_url=chosen.public_url,
            open_url=chosen.wechat_open_url,
            key=partial(chosen.secrets.__getitem__, "session_secret"),
            api=self.api,
            unit_of_work=self.whole.unit_of_work,
            limiter=self.whole.limiter,
            speech=self.whole.speech,
            clock=self.whole.clock,
            sign=signed,
        )

    def _chosen(self) -> Any:
        if self.missing:
            raise NeedsPerson(f"WeChat is not set up: {', '.join(self.missing)}")
        return self.whole.settings

    def _replaced(self, name: str) -> dict[str, Any]:
        return dict(self.whole.replacements.get(name, {}))
