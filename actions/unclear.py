"""Not understood, or misheard: what is likeliest is offered, and a person before it is asked a third time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions.keeping import turns
from actions.memory import LONGEST_STANCE, STANCE_OF_INTENT, Memory, keep_draft
from actions.opening import problem
from actions.step import Events, Step
from integrations.services.intake import Outcome, Utterance, new_draft
from integrations.services.records import Bubble, Option
from integrations.services.speech import payload
from kb import repairs, undoing
from kb.report import Ask, Draft
from kb.taxonomy import UNLISTED
from kb.verdict import Decision

# What an intent amounts to, as a button says it: key of the words, payload's intent and option.
MEANS: dict[str, tuple[str, str, str | None]] = {
    "report": ("repair.means_report", "start_report", "said_before"),
    "start_report": ("repair.means_report", "start_report", "said_before"),
    "report_again": ("repair.means_report", "start_report", "said_before"),
    "inform": ("repair.means_report", "start_report", "said_before"),
    "check_progress": ("repair.means_check_progress", "check_progress", None),
    "urge": ("repair.means_urge", "urge", None),
    "supplement": ("repair.means_supplement", "supplement", None),
    "withdraw": ("repair.means_withdraw", "withdraw", None),
    "ask_question": ("repair.means_ask_question", "ask_question", "answer:others"),
    "rate_satisfied": ("repair.means_rate", "rate", None),
    "rate_dissatisfied": ("repair.means_rate", "rate", None),
}
# So many meanings are offered, besides a person.
OFFERED = 2
# Words that are too short to be a complaint or a question.
SAYS = 4
CLEAR = (Decision.FILE, Decision.REFER)


class NotUnderstood(Step):
    """`action_not_understood`: answer what was surely asked, take in what is surely a complaint, else ask."""

    def name(self) -> str:
        return "action_not_understood"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        bubbles, events = self._answer(memory)
        if any(one.get("event") == "followup" for one in events):
            return bubbles, events
        # where no rule says what follows, Rasa would take this step again and again
        return bubbles, [*events, FollowupAction("action_listen")]

    def _answer(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        speech = self.services.speech
        if memory.language == "other":
            return [speech.say("repair.other_language", person(self))], []
        if memory.intent in STANCE_OF_INTENT and len(memory.text) <= LONGEST_STANCE:
            menu = (
                speech.option("chat.menu_report", intent="start_report"),
                speech.option("repair.see_progress", intent="check_progress"),
                person(self),
            )
            return [speech.say("repair.nothing_open", *menu)], []
        if found := taken_in(self, memory.text, memory.said):
            return found
        times = in_trouble(memory) + 1
        remember = [SlotSet("said_before", memory.said or memory.text), trouble(memory, times)]
        others = [option for _, option in meanings(self, memory.ranking)]
        report = speech.option("repair.report_this", "said_before", intent="start_report")
        if times > 1:
            key = "repair.still_unclear" if times % 2 == 0 else "repair.still_unclear_anyway"
            return [speech.say(key, person(self), report, *others[:1])], remember
        likely = list(meanings(self, memory.ranking))
        if len(likely) == OFFERED:
            (first, one), (second, two) = likely
            return [speech.say("repair.which_of_two", one, two, person(self), first=first, second=second)], remember
        see = speech.option("repair.see_progress", intent="check_progress")
        return [speech.say("repair.not_understood", report, see, person(self))], remember


class Misheard(Step):
    """`action_misheard`: sorry, what was understood, and what else it may have been.

    What is said with the reproach (你没听懂，我说的是…) is taken instead of the turn before.
    """

    def name(self) -> str:
        return "action_misheard"

    def take(self, memory: Memory) -> tuple[Iterable[Bubble], Events]:
        speech = self.services.speech
        if meant := repairs.shipped().meant(memory.text):
            return self._heard_again(memory, meant)
        times = in_trouble(memory) + 1
        draft = memory.draft
        options = list(self._categories(draft)) if draft and memory.asked else []
        options = options or [option for _, option in meanings(self, memory.former_ranking[1:])]
        remember = [trouble(memory, times)]
        if times > 1:
            return [speech.say("repair.misheard_again", person(self), *options[:OFFERED])], remember
        offered = (*options[:OFFERED], person(self))
        understood = self._understood(memory, draft)
        if understood:
            return [speech.say("repair.misheard", *offered, understood=understood)], remember
        return [speech.say("repair.misheard_nothing", *offered)], remember

    def _understood(self, memory: Memory, draft: Draft | None) -> str:
        """The report in a few words; without one, what the message before was taken for."""
        if draft and draft.description:
            leaf = self.services.intake.category(draft)
            known = leaf.entry.plain if leaf and leaf.code != UNLISTED else problem(draft.description)
            return "，".join(filter(None, (known, draft.place.full if draft.place else "")))
        taken = memory.former_ranking[0][0] if memory.former_ranking else ""
        return self.services.speech.words.say(MEANS[taken][0]) if taken in MEANS else ""

    def _categories(self, draft: Draft) -> Iterator[Option]:
        """The likeliest other categories of what is told."""
        if not draft.description:
            return
        ranking = self.services.understanding.classify(draft.description).verdict.ranking
        others = [one.code for one in ranking if one.code not in (draft.category, UNLISTED)]
        for code in others[:OFFERED]:
            plain = self.services.taxonomy.leaf(code).entry.plain
            yield Option(plain, payload("choose", f"category:{code}"))

    def _heard_again(self, memory: Memory, meant: str) -> tuple[list[Bubble], Events]:
        """The last turn taken back, and what was meant heard in its place."""
        services, told, kept = self.services, memory.slots.get("report_draft"), turns(memory)
        if told is None or memory.asked is None:
            return taken_in(self, meant, "") or ([services.speech.say("repair.not_understood", *self._ways_on())], [])
        last = kept.pop() if kept else None
        before = undoing.taken_back(told, last) if last else told
        draft = Draft.from_dict(before) if before else new_draft()
        asked = Ask(last.asked) if last and last.asked in set(Ask) else memory.asked
        heard = services.intake.hear(draft, asked if draft.description else Ask.DESCRIPTION, Utterance(meant))
        if heard.outcome is not Outcome.ASK:
            heard = services.intake.hear(draft, Ask.DESCRIPTION, Utterance(meant))
        remarks = [services.speech.remark(key, heard.draft, **heard.gaps) for key in heard.remarks]
        now = services.intake.next_question(heard.draft)
        events = [*keep_draft(heard.draft), SlotSet("undo_log", undoing.kept(kept) or None)]
        events.append(SlotSet("requested_slot", now.value if now else Ask.CONFIRMATION.value))
        return [services.speech.say("repair.meant"), *remarks], events

    def _ways_on(self) -> tuple[Option, ...]:
        speech = self.services.speech
        report = speech.option("repair.report_this", "said_before", intent="start_report")
        return report, speech.option("repair.see_progress", intent="check_progress"), person(self)


def person(step: Step) -> Option:
    """The way to a person."""
    return step.services.speech.option("repair.ask_person", "not_understood", intent="ask_person")


def taken_in(step: Step, text: str, said: str) -> tuple[list[Bubble], Events] | None:
    """The answer to a sure question, or the report that a sure complaint begins; None for everything else."""
    services = step.services
    if len(text) < SAYS:
        return None
    if answer := services.answering.surely(text):
        return [services.speech.answer(answer, alone=True)], [SlotSet("said_before", said or text)]
    if services.understanding.classify(text).decision in CLEAR:
        heard = services.intake.hear(new_draft(), Ask.DESCRIPTION, Utterance(text, said=said))
        return [], [*keep_draft(heard.draft), FollowupAction("report_form")]
    return None


def meanings(step: Step, ranking: Iterable[tuple[str, float]]) -> Iterator[tuple[str, Option]]:
    """The likeliest meanings that a button can say, at most two: their words and their buttons."""
    seen: set[str] = set()
    for intent, _ in ranking:
        if intent in MEANS and (key := MEANS[intent][0]) not in seen and len(seen) < OFFERED:
            seen.add(key)
            _, wanted, choice = MEANS[intent]
            yield step.services.speech.words.say(key), step.services.speech.option(key, choice, intent=wanted)


def in_trouble(memory: Memory) -> int:
    """How often in a row, up to the message before, nothing was understood."""
    kept: dict[str, Any] = memory.slots.get("trouble") or {}
    return int(kept["times"]) if kept and kept.get("message") == memory.former_id else 0


def trouble(memory: Memory, times: int) -> dict[str, Any]:
    """The event that remembers it."""
    return dict(SlotSet("trouble", {"message": memory.message_id, "times": times}))
