"""The use cases in which a person has a part: hand-over, calls, the clerks and their tokens."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property

from integrations.outside import Outside
from integrations.services.attending import Attending
from integrations.services.calling_back import CallingBack
from integrations.services.caring import Caring
from integrations.services.handing_over import HandingOver
from integrations.services.handover_speech import HandoverSpeech
from integrations.services.resuming import Resuming
from integrations.services.staff_access import StaffAccess
from kb.handover import wishes


class Staffing(Outside):
    """The use cases of one process that clerks have a part in."""

    @cached_property
    def handing_over(self) -> HandingOver:
        return HandingOver(
            unit_of_work=self.unit_of_work,
            messengers=self.messengers,
            clock=self.clock,
            desk=self.desk,
            speech=self.handover_speech,
            resuming=Resuming(trackers=self.trackers),
            wishes=self._part("wishes", wishes.shipped),
            dangers=self.danger_words,
            cared=lambda text: self.feeling_words.find(text) is not None,
        )

    @cached_property
    def caring(self) -> Caring:
        return Caring(
            unit_of_work=self.unit_of_work,
            handing_over=self.handing_over,
            speech=self.speech,
            clock=self.clock,
            rules=self.feeling_words,
            feelings=lambda: self.feelings,
        )

    @cached_property
    def handover_speech(self) -> HandoverSpeech:
        return HandoverSpeech(self.speech)

    @cached_property
    def calling_back(self) -> CallingBack:
        return CallingBack(
            unit_of_work=self.unit_of_work,
            messengers=self.messengers,
            clock=self.clock,
            desk=self.desk,
            speech=self.handover_speech,
        )

    @cached_property
    def attending(self) -> Attending:
        return Attending(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            handing_over=self.handing_over,
            calling_back=self.calling_back,
            taxonomy=self.taxonomy,
            lease=timedelta(seconds=self.settings.handover_lease_seconds),
        )

    @cached_property
    def staff_access(self) -> StaffAccess:
        secrets = self.settings.secrets
        return StaffAccess(unit_of_work=self.unit_of_work, clock=self.clock, key=lambda: secrets["session_secret"])
