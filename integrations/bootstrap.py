"""Where everything is put together: settings in, use cases out. Nothing is opened before it is needed.

Concrete things are named here, in `staffing`, `outside` and `knowledge`, and nowhere else.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from integrations import timetable
from integrations.keeping import Keeping
from integrations.outside import now as now
from integrations.services.after_filing import AfterFiling
from integrations.services.announcing import Following
from integrations.services.answering import Answering
from integrations.services.asking import Asking
from integrations.services.auditing import Auditing
from integrations.services.casework import Casework
from integrations.services.clocks import Clocks
from integrations.services.comparing import Comparing
from integrations.services.conversing import Conversing
from integrations.services.dispatching import Dispatching
from integrations.services.filing import Filing
from integrations.services.following_feeds import FollowingFeeds
from integrations.services.following_up import FollowingUp
from integrations.services.informing import Informing
from integrations.services.intake import Intake
from integrations.services.issue_records import Fetched
from integrations.services.judging import Judging
from integrations.services.keeping_contacts import KeepingContacts
from integrations.services.learning_categories import LearningCategories
from integrations.services.ledger import LedgerKeeping
from integrations.services.linking import Devices, Linking
from integrations.services.locating import Locating
from integrations.services.mapping import Mapping
from integrations.services.merging import Merging
from integrations.services.moving import Moving
from integrations.services.notifying import Notifying
from integrations.services.own_tickets import OwnTickets
from integrations.services.progress_speech import ProgressSpeech
from integrations.services.queueing import Queue
from integrations.services.rated_for_others import TellingOwner
from integrations.services.rating import RatingTickets
from integrations.services.rechecking import Rechecking
from integrations.services.repairing import Repairing
from integrations.services.report_speech import ReportSpeech
from integrations.services.satisfaction import Rules, Satisfaction
from integrations.services.stuck import SortingOut
from integrations.services.supplementing import Supplementing
from integrations.services.surveying import Surveying
from integrations.services.timing import Timing
from integrations.services.urging import Urging
from integrations.services.withdrawing import Withdrawing
from integrations.settings import Settings
from integrations.store import database
from kb import deadline_rules, quiet_hours, working_time
from kb.known_issues import KnownIssue, checks, files

if TYPE_CHECKING:
    from kb.matching.meaning import Meaning


class Services(Keeping):
    """The use cases of one process. `replacements` put a test's own parts in place of the real ones, by name."""

    # -- use cases -------------------------------------------------------------------------------------------

    @cached_property
    def locating(self) -> Locating:
        return Locating(places=self.places, geocoder=lambda: self.geocoder)

    @cached_property
    def mapping(self) -> Mapping:
        return Mapping(places=self.places, reading=self.reading, least_citizens=self.settings.map_least_citizens)

    @cached_property
    def informing(self) -> Informing:
        return Informing(
            unit_of_work=self.unit_of_work,
            reading=self.reading,
            clock=self.clock,
            shipped=lambda: self.known_issues,
            examples=self.settings.issues_examples,
        )

    @cached_property
    def following_feeds(self) -> FollowingFeeds:
        return FollowingFeeds(
            informing=self.informing,
            feed=self.issue_feed,
            read=self._read_issues,
            seconds=self.settings.issues_feed_seconds,
        )

    def check_issue(self, issue: KnownIssue) -> list[checks.Problem]:
        """What an entry names that this city does not have."""
        return list(checks.problems(issue, self.taxonomy, self.places().gazetteer))

    def _read_issues(self, fetched: Fetched, name: str) -> list[KnownIssue]:
        read = files.read_csv if fetched.kind == "csv" else files.read_json
        return read(fetched.body or b"", Path(name), self.check_issue)

    @cached_property
    def answering(self) -> Answering:
        return Answering(answers=lambda: self.answers, understanding=self.understanding)

    @cached_property
    def judging(self) -> Judging:
        return Judging(
            understanding=self.understanding,
            unit_of_work=self.unit_of_work,
            reading=self.reading,
            meaning=lambda: self.meaning,
        )

    @cached_property
    def meaning(self) -> Meaning | None:
        """What makes the sentence vectors that incidents keep; None where there is no embedder for them."""
        return self._part("meaning", self._meaning)  # type: ignore[no-any-return]

    def _meaning(self) -> Meaning | None:
        from kb.matching import meaning
        from kb.training import kept_library

        library = kept_library(self.settings.data_dir / "models", self.embedder)
        return meaning.meaning(self.embedder, library.space if library else None)

    @cached_property
    def intake(self) -> Intake:
        return Intake(
            taxonomy=self.taxonomy,
            understanding=self.understanding,
            duties=self.duties,
            locating=self.locating,
            informing=self.informing,
            comparing=Comparing(reading=self.reading, clock=self.clock, judging=self.judging),
            clock=self.clock,
            questions=self.questions,
        )

    @cached_property
    def repairing(self) -> Repairing:
        return Repairing(understanding=self.understanding, intake=self.intake)

    @cached_property
    def filing(self) -> Filing:
        return Filing(
            taxonomy=self.taxonomy,
            understanding=self.understanding,
            locating=self.locating,
            judging=self.judging,
            clocks=self.clocks,
            ledger=self.ledger,
            words=self.speech.words,
            questions=self.questions,
            unit_of_work=self.unit_of_work,
            clock=self.clock,
        )

    @cached_property
    def conversing(self) -> Conversing:
        return Conversing(
            unit_of_work=self.unit_of_work,
            reading=self.reading,
            listener=self.listener,
            turns=self.turns,
            speech=self.speech,
            clock=self.clock,
            gathering=self.gathering,
            queue=Queue(self.settings.turns_at_once, self.settings.queue_gateway),
            linking=self.linking,
            listening=self.listening,
            most_waiting=self.settings.queue_conversation,
            kept=self.notifying.at_contact,
            person=self.handing_over.hear,
            caring=self.caring,
        )

    @cached_property
    def linking(self) -> Linking:
        return Linking(limiter=self.limiter, speech=self.speech, clock=self.clock)

    @cached_property
    def devices(self) -> Devices:
        return Devices(unit_of_work=self.unit_of_work, linking=self.linking)

    @cached_property
    def following(self) -> Following:
        return Following(reading=self.reading)

    @cached_property
    def casework(self) -> Casework:
        return Casework(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            moving=self.moving,
            satisfaction=self.satisfaction,
            words=self.speech.words,
        )

    @cached_property
    def moving(self) -> Moving:
        # asked for when it is needed: the questions after a closure need the moves themselves
        asked = lambda *moved: self.satisfaction.after_move(*moved)  # noqa: E731, PLW0108
        return Moving(clock=self.clock, after=(self.clocks.moved, asked))

    @cached_property
    def auditing(self) -> Auditing:
        return Auditing(unit_of_work=self.unit_of_work, clock=self.clock)

    @cached_property
    def notifying(self) -> Notifying:
        return Notifying(
            unit_of_work=self.unit_of_work,
            messengers=self.messengers,
            speech=self.speech,
            clock=self.clock,
            quiet=quiet_hours.read(self.settings.quiet_hours),
            tellers=self.asking.tellers,
        )

    @cached_property
    def dispatching(self) -> Dispatching:
        return Dispatching(
            unit_of_work=self.unit_of_work,
            dispatcher=self.dispatcher,
            notifying=self.notifying,
            casework=self.casework,
            moving=self.moving,
            clock=self.clock,
            links=self.media_links,
            **self.replacements.get("dispatching", {}),
        )

    @cached_property
    def clocks(self) -> Clocks:
        return Clocks(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            taxonomy=self.taxonomy,
            rules=self._part("deadline_rules", lambda: deadline_rules.load(self.taxonomy)),
            calendar=self._part("calendar", lambda: working_time.city),
        )

    @cached_property
    def sorting_out(self) -> SortingOut:
        return SortingOut(
            unit_of_work=self.unit_of_work,
            dispatcher=self.dispatcher,
            handing_on=self.dispatching.handing_on,
            clock=self.clock,
        )

    @cached_property
    def timing(self) -> Timing:
        return Timing(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            handlers=timetable.handlers(self),
            daily=timetable.daily(self),
            **self.replacements.get("timing", {}),
        )

    @cached_property
    def merging(self) -> Merging:
        return Merging(unit_of_work=self.unit_of_work, clock=self.clock)

    @cached_property
    def after_filing(self) -> AfterFiling:
        return AfterFiling(
            unit_of_work=self.unit_of_work,
            supplementing=self.supplementing,
            words=self.speech.words,
            clock=self.clock,
        )

    @cached_property
    def supplementing(self) -> Supplementing:
        return Supplementing(
            unit_of_work=self.unit_of_work,
            own=self.own_tickets,
            words=self.speech.words,
            clock=self.clock,
            link=self.media_links.url,
        )

    @cached_property
    def urging(self) -> Urging:
        return Urging(unit_of_work=self.unit_of_work, own=self.own_tickets, words=self.speech.words, clock=self.clock)

    @cached_property
    def withdrawing(self) -> Withdrawing:
        return Withdrawing(
            unit_of_work=self.unit_of_work,
            own=self.own_tickets,
            moving=self.moving,
            words=self.speech.words,
            clock=self.clock,
        )

    @cached_property
    def own_tickets(self) -> OwnTickets:
        return OwnTickets(limiter=self.limiter)

    @cached_property
    def report_speech(self) -> ReportSpeech:
        return ReportSpeech(self.speech, self.clock)

    @cached_property
    def progress_speech(self) -> ProgressSpeech:
        return ProgressSpeech(self.speech)

    @cached_property
    def following_up(self) -> FollowingUp:
        return FollowingUp(
            unit_of_work=self.unit_of_work,
            limiter=self.limiter,
            own_tickets=self.own_tickets,
            taxonomy=self.taxonomy,
            clock=self.clock,
            **self.replacements.get("following_up", {}),
        )

    @cached_property
    def ledger(self) -> LedgerKeeping:
        return LedgerKeeping(
            unit_of_work=self.unit_of_work, clock=self.clock, taxonomy=self.taxonomy, policy=self.verdict_policy
        )

    @cached_property
    def satisfaction(self) -> Satisfaction:
        chosen = self.settings
        return Satisfaction(
            moving=self.moving,
            ledger=self.ledger,
            reasons=self.reasons,
            policy=self.verdict_policy,
            words=self.speech.words,
            rules=Rules(
                open_for=timedelta(days=chosen.feedback_days),
                remind_after=timedelta(days=chosen.feedback_remind_days) or timedelta.max,
                levels=chosen.satisfaction_levels,
                rechecks=chosen.recheck_rounds,
            ),
        )

    @cached_property
    def rating(self) -> RatingTickets:
        return RatingTickets(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            satisfaction=self.satisfaction,
            hearing=self.hearing,
            own=self.own_tickets,
            tell_owner=TellingOwner(self.messengers, self.speech),
        )

    @cached_property
    def asking(self) -> Asking:
        return Asking(speech=self.speech, rating=self.rating, levels=self.settings.satisfaction_levels)

    @cached_property
    def rechecking(self) -> Rechecking:
        return Rechecking(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            moving=self.moving,
            ledger=self.ledger,
            lists=self.checklists,
            words=self.speech.words,
        )

    @cached_property
    def surveying(self) -> Surveying:
        return Surveying(unit_of_work=self.unit_of_work, clock=self.clock, taxonomy=self.taxonomy, hearing=self.hearing)

    @cached_property
    def learning_categories(self) -> LearningCategories:
        return LearningCategories(self.models, self.settings.data_dir / "models", self.clock)

    @cached_property
    def keeping_contacts(self) -> KeepingContacts:
        return KeepingContacts(
            unit_of_work=self.unit_of_work,
            clock=self.clock,
            tidy=lambda: database.leave_nothing_behind(self.engine),
            **self.replacements.get("keeping_contacts", {}),
        )


def build(settings: Settings, **replacements: Any) -> Services:
    """The use cases for these settings; opens nothing."""
    return Services(settings, replacements)
