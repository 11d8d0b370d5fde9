"""The use cases of what comes in: which lines are one turn, pictures and recordings; put together."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from integrations.clients.photos import develop, reduce
from integrations.services.conversing import Conversing
from integrations.services.gathering import Gathering, is_typing
from integrations.services.listening import Listening
from integrations.services.media import Receiving
from integrations.services.media_links import MediaLinks
from integrations.services.uploading import Uploading
from integrations.staffing import Staffing


class Media(Staffing):
    """The use cases of one process that take something in from a citizen."""

    if TYPE_CHECKING:

        @cached_property
        def conversing(self) -> Conversing: ...

    @cached_property
    def gathering(self) -> Gathering:
        return Gathering(
            reading=self.reading,
            clock=self.clock,
            seconds=self.settings.burst_seconds,
            urgent=lambda text: self.danger_words.find(text) is not None,
            typing=partial(is_typing, self.limiter),
            **self.replacements.get("gathering", {}),
        )

    @cached_property
    def receiving(self) -> Receiving:
        return Receiving(
            unit_of_work=self.unit_of_work,
            conversing=lambda: self.conversing,
            develop=develop,
            reduce=reduce,
            limiter=self.limiter,
            words=self.speech.words,
            clock=self.clock,
            uploading=self.uploading,
        )

    @cached_property
    def uploading(self) -> Uploading:
        return Uploading(
            unit_of_work=self.unit_of_work, limiter=self.limiter, words=self.speech.words, clock=self.clock
        )

    @cached_property
    def listening(self) -> Listening:
        return Listening(
            unit_of_work=self.unit_of_work,
            speech=self.speech,
            clock=self.clock,
            transcriber=self.transcriber,
            caring=self.caring,
        )

    @cached_property
    def media_links(self) -> MediaLinks:
        secrets = self.settings.secrets
        return MediaLinks(key=lambda: secrets["session_secret"], base=self.settings.public_url, clock=self.clock)
