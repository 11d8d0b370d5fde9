"""What each row for the backend means: file a complaint, tell of a joining, a helping unit, something more."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from integrations.services.dispatch_ports import Dispatcher, OnToken
from integrations.services.errors import Conflict, NeedsPerson, TryLater
from integrations.services.media_links import MediaLinks
from integrations.services.moving import Moving
from integrations.services.ports import Clock, Transaction, UnitOfWork
from integrations.services.records import (
    BackendRequest,
    Complaint,
    OutboxRow,
    Related,
    RowState,
    Task,
    Told,
    UpdateKind,
)
from integrations.services.sending_once import SendingOnce
from kb.lifecycle import OPEN, Actor, IllegalMove, Status

log = logging.getLogger(__name__)


def mark_of(key: str) -> str:
    """What tells an update's own request apart from all others of the complaint: short, and safe in any text."""
    return "U" + hashlib.sha256(key.encode()).hexdigest()[:10]


@dataclass(frozen=True, kw_only=True)
class HandingOn:
    """Does one claimed row and writes down what came of it, in one transaction with the row."""

    unit_of_work: UnitOfWork
    dispatcher: Dispatcher
    clock: Clock
    moving: Moving
    once: SendingOnce
    links: MediaLinks | None = None

    # -- the complaint itself ----------------------------------------------------------------------------------------

    def file(self, row: OutboxRow) -> None:
        """Hand a complaint to the backend, once. With "instead_of" in place of a request that the backend has lost."""
        with self.unit_of_work() as tx:
            complaint = _complaint(tx, row)
            complaint = self.links.with_media(tx, complaint) if self.links else complaint
            known = tx.backend_requests.of_complaint(complaint.id)
            phone = tx.complaints.phone(complaint.id)
            if known and known.request_id != row.payload.get("instead_of"):
                tx.outbox.done(row, self.clock())
                return
            related = _related(tx, complaint)
            if complaint.status not in OPEN and row.sent_at is None:
                tx.outbox.done(row, self.clock())  # withdrawn, or closed by hand, before anybody heard of it
                return
        if complaint.joined and not known:
            if not self._leads(complaint):
                self._join(row, complaint, phone)
                return
            complaint = replace(complaint, joined=False)

        def post(*, again: bool, on_token: OnToken) -> str:
            return self.dispatcher.file(complaint, phone=phone, related=related, again=again, on_token=on_token)

        number = self.once.number_of(row, complaint, post)
        try:
            self._record(row, number)
        except Conflict:
            self._doubled(row, str(number))
            raise

    def _leads(self, complaint: Complaint) -> bool:
        """Whether it is filed as the incident's own although it joined: whoever came first will never be filed."""
        with self.unit_of_work() as tx:
            if tx.backend_requests.leading(complaint.incident_id):
                return False
            tx.incidents.hold(complaint.incident_id)
            for first in tx.complaints.of_incident(complaint.incident_id):
                rows = () if first.joined else tx.outbox.of_complaint(first.id)
                if any(row.task is Task.FILE and row.state is not RowState.DONE for row in rows):
                    return False
            log.info("leads its incident now: complaint=%s", complaint.id)
            tx.complaints.lead(complaint.id)
            return True

    def _join(self, row: OutboxRow, complaint: Complaint, phone: str | None) -> None:
        """Tell the backend, once, that one more person is affected, and follow the incident's request from now on."""
        with self.unit_of_work() as tx:
            main = _main(tx, complaint)
            related = replace(_related(tx, complaint), incident=main.request_id)

        def post(*, again: bool, on_token: OnToken) -> str | None:
            if not main.open:
                return None
            return self.dispatcher.join(complaint, phone=phone, related=related, again=again, on_token=on_token)

        self._record(row, None, self.once.number_of(row, complaint, post))

    def _record(self, row: OutboxRow, request_id: str | None, note_id: str | None = None) -> None:
        """Write down which request is this complaint's: its own, or (None) that of the incident it joined."""
        with self.unit_of_work() as tx:
            if not tx.outbox.done(row, self.clock()):
                raise Conflict(f"row {row.id} was taken up by another worker")
            self.write_down(tx, row, request_id, note_id=note_id)
            self.once.pause_at("before commit")
        self.once.pause_at("after commit")

    def write_down(
        self,
        tx: Transaction,
        row: OutboxRow,
        request_id: str | None,
        *,
        note_id: str | None = None,
        actor: str = Actor.DISPATCH,
    ) -> None:
        """What follows from a FILE row that is done: the request is this complaint's, or (None) the incident's is."""
        now, complaint, lost = self.clock(), _complaint(tx, row), row.payload.get("instead_of")
        if request_id and request_id != lost:
            self._given_anew(tx, request_id)
        if request_id and lost:
            tx.backend_requests.replace(lost, request_id)
            if request_id != lost:
                tx.backend_requests.note(complaint.id, mark_of(f"lost:{lost}"), lost, now)
        elif request_id:
            tx.backend_requests.add(BackendRequest(complaint.id, request_id, now))
        else:
            tx.backend_requests.add(replace(_followed(tx, complaint, now), note_id=note_id))
        with suppress(IllegalMove):  # withdrawn while it was on its way, or filed again in the middle of the work
            self.moving.make(tx, complaint, Status.DISPATCHED, actor=actor)
        if request_id and not lost:
            for count, unit in enumerate(self.dispatcher.co_units(complaint), 1):
                tx.outbox.add(Task.COPY, complaint.id, {"unit": unit, "mark": f"C{count}"}, at=now)

    def _given_anew(self, tx: Transaction, request_id: str) -> None:
        """A backend that gives a number a second time has lost the first: nothing that it says of it is about those."""
        followers = tx.backend_requests.by_request(request_id)
        if not followers:
            return
        former = f"{request_id[:110]} {mark_of(str(self.clock()))}"
        log.error("the backend gives a number again: request=%s, kept as %s", request_id, former)
        tx.backend_requests.replace(request_id, former)
        for follower in followers:
            self.lost(tx, replace(follower, request_id=former))

    def lost(self, tx: Transaction, request: BackendRequest) -> None:
        """The backend has the request no more: it is to be filed again, at once or when a person says so."""
        complaint = tx.complaints.get(request.complaint_id)
        if complaint is None or complaint.joined or complaint.status not in OPEN:
            return  # who joined follows the first one's request, the new one too
        rows = [one for one in tx.outbox.of_complaint(complaint.id) if one.task is Task.FILE]
        if any(one.state is not RowState.DONE for one in rows):
            return
        log.error("the backend has lost a request: request=%s", request.request_id)
        reason = f"the backend does not know {request.request_id} any more: `jiesu retry` files it again"
        state = RowState.READY if self.dispatcher.files_again else RowState.STUCK
        payload = {"instead_of": request.request_id}
        tx.outbox.add(Task.FILE, complaint.id, payload, at=self.clock(), state=state, error=reason)
        if state is RowState.STUCK:
            self.hold(tx, complaint.id, reason)

    def hold(self, tx: Transaction, complaint_id: str, reason: str) -> None:
        """The complaint waits for a person, and the citizen hears of it; where work goes on already, it only waits."""
        complaint = tx.complaints.get(complaint_id)
        if complaint:
            with suppress(IllegalMove):
                self.moving.make(tx, complaint, Status.NEEDS_PERSON, actor=Actor.DISPATCH, note=reason)

    def _doubled(self, row: OutboxRow, request_id: str) -> None:
        """This worker stood still for longer than its lease and sent all the same: the department is told of it."""
        log.error("filed by two workers: row=%s request=%s", row.id, request_id)
        key = f"double:{request_id}"
        with self.unit_of_work() as tx:
            known = tx.backend_requests.of_complaint(row.complaint_id)
            if known and known.request_id == request_id:
                return  # the other worker has found it
            tx.backend_requests.note(row.complaint_id, mark_of(key), request_id, self.clock())
            payload = {"kind": UpdateKind.DOUBLE, "key": key, "text": "", "request": request_id}
            tx.outbox.add(Task.UPDATE, row.complaint_id, payload, at=self.clock())

    # -- something more about it -------------------------------------------------------------------------------------

    def update(self, row: OutboxRow) -> None:
        """Tell what the row holds about the complaint's request, once for each key."""
        with self.unit_of_work() as tx:
            complaint = _complaint(tx, row)
            request = tx.backend_requests.of_complaint(complaint.id)
            followers = tx.backend_requests.by_request(request.request_id) if request else ()
            told = _told(tx, row, complaint, request, followers)
            mark = mark_of(told.key)
            about = row.payload.get("request") or (request.request_id if request else None)
            double = told.kind is UpdateKind.DOUBLE
            told_before = not double and tx.backend_requests.noted(complaint.id, mark)
            if request is None or about is None or told_before or (double and about == request.request_id):
                tx.outbox.done(row, self.clock())  # the backend never had it, or has heard this
                return
            if row.payload["kind"] == UpdateKind.WITHDRAW and not tx.outbox.decide(row, told.kind):
                raise Conflict(f"row {row.id} was taken up by another worker")

        def post(*, again: bool, on_token: OnToken) -> str | None:
            return self.dispatcher.update(complaint, about, told, mark=mark, again=again, on_token=on_token)

        if self.dispatcher.tells_by_request:
            number = self.once.number_of(row, complaint, post, mark=mark)
        else:
            self.once.pause_at("before request")
            number = self.dispatcher.update(complaint, about, told)
            self.once.pause_at("after request")
        with self.unit_of_work() as tx:
            if not tx.outbox.done(row, self.clock()):
                raise Conflict(f"row {row.id} was taken up by another worker")
            self.write_down_told(tx, row, number)
            self.once.pause_at("before commit")
        self.once.pause_at("after commit")

    def write_down_told(self, tx: Transaction, row: OutboxRow, number: str | None) -> None:
        """What follows from an UPDATE or COPY that is done, by the request `number` where it took one."""
        now = self.clock()
        if row.task is Task.COPY:
            tx.backend_requests.note(row.complaint_id, str(row.payload["mark"]), str(number), now)
            return
        mark = mark_of(str(row.payload["key"]))
        if row.payload["kind"] != UpdateKind.RECHECK:
            if number:
                tx.backend_requests.note(row.complaint_id, mark, number, now)
            return
        if _complaint(tx, row).status not in OPEN:  # it was decided, or taken back, before the department heard of it
            if number:
                tx.backend_requests.note(row.complaint_id, mark, number, now)
            return
        before = tx.backend_requests.of_complaint(row.complaint_id)
        tx.backend_requests.reopen(row.complaint_id, number)  # a follow-up is what the second verdict comes by
        if number and before:
            tx.backend_requests.note(row.complaint_id, mark, before.request_id, now)

    def copy(self, row: OutboxRow) -> None:
        """Tell a helping unit, once."""
        unit, mark = str(row.payload["unit"]), str(row.payload["mark"])
        with self.unit_of_work() as tx:
            complaint = _complaint(tx, row)
            request = tx.backend_requests.of_complaint(complaint.id)
            gone = complaint.status not in OPEN and row.sent_at is None
            if request is None or gone or tx.backend_requests.noted(complaint.id, mark):
                tx.outbox.done(row, self.clock())
                return

        def post(*, again: bool, on_token: OnToken) -> str:
            return self.dispatcher.copy(
                complaint, request.request_id, unit=unit, mark=mark, again=again, on_token=on_token
            )

        number = self.once.number_of(row, complaint, post, mark=mark)
        with self.unit_of_work() as tx:
            if not tx.outbox.done(row, self.clock()):
                raise Conflict(f"row {row.id} was taken up by another worker")
            self.write_down_told(tx, row, number)
            self.once.pause_at("before commit")
        self.once.pause_at("after commit")


def _complaint(tx: Transaction, row: OutboxRow) -> Complaint:
    complaint = tx.complaints.get(row.complaint_id)
    if complaint is None:
        raise NeedsPerson(f"complaint {row.complaint_id} is gone")
    # the case is kept without phones; the backend hears the words as they were said
    words = tx.contacts.words(complaint.id)
    return replace(complaint, description=words) if words else complaint


def _told(
    tx: Transaction,
    row: OutboxRow,
    complaint: Complaint,
    request: BackendRequest | None,
    followers: Sequence[BackendRequest],
) -> Told:
    """What the row says, seen from the request: who withdraws while others still wait for it does not end it.

    Nor while somebody has joined of whom the backend has not heard yet. As what it was sent once, it is sent again: it
    may have been heard, and under one key no backend has two things.
    """
    kind, text = UpdateKind(row.payload.get("told_as") or row.payload["kind"]), str(row.payload.get("text") or "")
    if kind is UpdateKind.DOUBLE:
        text = request.request_id if request else ""
    if kind is UpdateKind.WITHDRAW and "told_as" not in row.payload:
        following = {one.complaint_id for one in followers} - {complaint.id}
        others = [tx.complaints.get(one) for one in following]
        of_incident = (one for one in tx.complaints.of_incident(complaint.incident_id) if one.id not in following)
        others += [one for one in of_incident if _will_follow(tx, one, complaint)]
        if any(one and one.status in OPEN for one in others):
            kind = UpdateKind.LEAVES
    return Told(kind, str(row.payload["key"]), text, row.created_at)


def _will_follow(tx: Transaction, one: Complaint, complaint: Complaint) -> bool:
    """Whether it has joined the same incident and is still on its way to the backend."""
    joins = one.joined and one.incident_id == complaint.incident_id and one.id != complaint.id
    return joins and tx.backend_requests.of_complaint(one.id) is None


def _main(tx: Transaction, complaint: Complaint) -> BackendRequest:
    """The request of the incident that this complaint joined. Raises TryLater while there is none."""
    main = tx.backend_requests.leading(complaint.incident_id)
    if main is None:
        raise TryLater("the incident it joins is not filed yet", unheard=True)
    return main


def _followed(tx: Transaction, complaint: Complaint, now: datetime) -> BackendRequest:
    """The request of the incident as this complaint's own.

    Of one that was closed meanwhile no update will ever come again, and of one that is checked again only what the
    check found, which is for who asked for it: then what it has had is read anew, its closing too.
    """
    main = _main(tx, complaint)
    leader = tx.complaints.get(main.complaint_id)
    at_work = main.open and not (leader and leader.status is Status.RECHECKING)
    return BackendRequest(complaint.id, main.request_id, now, main.sequence if at_work else 0)


def _related(tx: Transaction, complaint: Complaint) -> Related:
    """What the backend should know of other requests: how many people, and which closed one has come back."""
    incident = tx.incidents.find(complaint.incident_id)
    if incident is None:
        return Related()
    whole = tx.incidents.recent(incident.id)
    before = tx.backend_requests.leading(incident.recurrence_of) if incident.recurrence_of else None
    return Related(
        people=whole.people if whole else incident.people, recurrence_of=before.request_id if before else None
    )
