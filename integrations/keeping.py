"""The use cases about what is kept of a citizen: shown to them, erased in time or when they wish; put together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from integrations.services.adding_photos import AddingPhotos
from integrations.services.following_up import FollowingUp
from integrations.services.moving import Moving
from integrations.services.own_data import OwnData
from integrations.services.personal import PersonalRequests
from integrations.services.rating import RatingTickets
from integrations.services.retention import Erasing, Retaining
from integrations.services.supplementing import Supplementing
from integrations.services.ticket_shelf import TicketShelf
from integrations.wechatting import Wechatting
from kb import retention
from kb.retention import Retention


class Keeping(Wechatting):
    """Everything of one process that shows or erases what is kept of somebody."""

    if TYPE_CHECKING:

        @cached_property
        def following_up(self) -> FollowingUp: ...
        @cached_property
        def moving(self) -> Moving: ...
        @cached_property
        def rating(self) -> RatingTickets: ...
        @cached_property
        def supplementing(self) -> Supplementing: ...

    @cached_property
    def ticket_shelf(self) -> TicketShelf:
        return TicketShelf(
            unit_of_work=self.unit_of_work,
            following_up=self.following_up,
            rating=self.rating,
            limiter=self.limiter,
            clock=self.clock,
        )

    @cached_property
    def adding_photos(self) -> AddingPhotos:
        return AddingPhotos(supplementing=self.supplementing, receiving=self.receiving, uploading=self.uploading)

    @cached_property
    def retention_days(self) -> Retention:
        return retention.load(self.settings.retention_days)

    @cached_property
    def erasing(self) -> Erasing:
        return Erasing(moving=self.moving, trackers=self.trackers)

    @cached_property
    def retaining(self) -> Retaining:
        return Retaining(
            unit_of_work=self.unit_of_work, clock=self.clock, retention=self.retention_days, erasing=self.erasing
        )

    @cached_property
    def own_data(self) -> OwnData:
        return OwnData(
            unit_of_work=self.unit_of_work,
            turns=self.turns,
            clock=self.clock,
            erasing=self.erasing,
            retention=self.retention_days,
            words=self.speech.words,
        )

    @cached_property
    def personal_requests(self) -> PersonalRequests:
        return PersonalRequests(
            unit_of_work=self.unit_of_work, clock=self.clock, trackers=self.trackers, erasing=self.erasing
        )
