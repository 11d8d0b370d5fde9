"""All repositories of one transaction."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import Connection

from integrations.services.personal_ports import Sealers
from integrations.store.call_backs import CallBackTable
from integrations.store.cases import ComplaintTable, ReportTable
from integrations.store.contacts import ContactTable
from integrations.store.conversations import ConversationTable
from integrations.store.followup import CitizenUpdateTable, NoticeTable
from integrations.store.handovers import HandoverTable
from integrations.store.histories import HistoryTable
from integrations.store.incidents import IncidentTable
from integrations.store.known_issues import FeedTable, KnownIssueTable
from integrations.store.ledger import LedgerTable
from integrations.store.links import LinkTable
from integrations.store.media import MediaTable
from integrations.store.merges import MergeTable
from integrations.store.personal import PersonalTable
from integrations.store.satisfaction import FeedbackTable, RecheckTable
from integrations.store.screenings import ScreeningTable
from integrations.store.sending import BackendRequestTable, OutboxTable
from integrations.store.staff import StaffTokenTable
from integrations.store.surveys import SurveyTable
from integrations.store.timers import TimerTable
from integrations.store.uploads import UploadTable
from integrations.store.warnings import DeadlineTable, WarningTable
from integrations.store.wechat import WechatTable


class Repositories:
    """Every repository of one transaction."""

    def __init__(self, connection: Connection, sealer: Sealers | None = None) -> None:
        self._connection = connection
        self._sealer = sealer

    @cached_property
    def conversations(self) -> ConversationTable:
        return ConversationTable(self._connection)

    @cached_property
    def wechat(self) -> WechatTable:
        return WechatTable(self._connection)

    @cached_property
    def links(self) -> LinkTable:
        return LinkTable(self._connection)

    @cached_property
    def complaints(self) -> ComplaintTable:
        return ComplaintTable(self._connection, self.contacts)

    @cached_property
    def contacts(self) -> ContactTable:
        return ContactTable(self._connection, self._sealer)

    @cached_property
    def personal(self) -> PersonalTable:
        return PersonalTable(self._connection)

    @cached_property
    def histories(self) -> HistoryTable:
        return HistoryTable(self._connection)

    @cached_property
    def reports(self) -> ReportTable:
        return ReportTable(self._connection)

    @cached_property
    def media(self) -> MediaTable:
        return MediaTable(self._connection)

    @cached_property
    def uploads(self) -> UploadTable:
        return UploadTable(self._connection)

    @cached_property
    def merges(self) -> MergeTable:
        return MergeTable(self._connection)

    @cached_property
    def incidents(self) -> IncidentTable:
        return IncidentTable(self._connection)

    @cached_property
    def outbox(self) -> OutboxTable:
        return OutboxTable(self._connection)

    @cached_property
    def backend_requests(self) -> BackendRequestTable:
        return BackendRequestTable(self._connection)

    @cached_property
    def feedbacks(self) -> FeedbackTable:
        return FeedbackTable(self._connection)

    @cached_property
    def citizen_updates(self) -> CitizenUpdateTable:
        return CitizenUpdateTable(self._connection)

    @cached_property
    def notices(self) -> NoticeTable:
        return NoticeTable(self._connection)

    @cached_property
    def rechecks(self) -> RecheckTable:
        return RecheckTable(self._connection)

    @cached_property
    def ledger(self) -> LedgerTable:
        return LedgerTable(self._connection)

    @cached_property
    def surveys(self) -> SurveyTable:
        return SurveyTable(self._connection)

    @cached_property
    def handovers(self) -> HandoverTable:
        return HandoverTable(self._connection)

    @cached_property
    def call_backs(self) -> CallBackTable:
        return CallBackTable(self._connection, self.contacts)

    @cached_property
    def staff_tokens(self) -> StaffTokenTable:
        return StaffTokenTable(self._connection)

    @cached_property
    def screenings(self) -> ScreeningTable:
        return ScreeningTable(self._connection)

    @cached_property
    def known_issues(self) -> KnownIssueTable:
        return KnownIssueTable(self._connection)

    @cached_property
    def issue_feeds(self) -> FeedTable:
        return FeedTable(self._connection)

    @cached_property
    def timers(self) -> TimerTable:
        return TimerTable(self._connection)

    @cached_property
    def warnings(self) -> WarningTable:
        return WarningTable(self._connection)

    @cached_property
    def deadlines(self) -> DeadlineTable:
        return DeadlineTable(self._connection)
