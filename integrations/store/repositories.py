"""All repositories of one transaction."""

from __future__ import annotations

from functools import cached_property

from sqlalchemy import Connection

from integrations.store.cases import ComplaintTable, FeedbackTable, ReportTable
from integrations.store.conversations import ConversationTable, HandoverTable
from integrations.store.incidents import IncidentTable
from integrations.store.known_issues import FeedTable, KnownIssueTable
from integrations.store.merges import MergeTable
from integrations.store.screenings import ScreeningTable
from integrations.store.sending import BackendRequestTable, OutboxTable


class Repositories:
    """Every repository of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def conversations(self) -> ConversationTable:
        return ConversationTable(self._connection)

    @cached_property
    def complaints(self) -> ComplaintTable:
        return ComplaintTable(self._connection)

    @cached_property
    def reports(self) -> ReportTable:
        return ReportTable(self._connection)

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
    def handovers(self) -> HandoverTable:
        return HandoverTable(self._connection)

    @cached_property
    def screenings(self) -> ScreeningTable:
        return ScreeningTable(self._connection)

    @cached_property
    def known_issues(self) -> KnownIssueTable:
        return KnownIssueTable(self._connection)

    @cached_property
    def issue_feeds(self) -> FeedTable:
        return FeedTable(self._connection)
