"""For operators and clerks at a terminal: `jiesu handovers …`, by the same use cases as the staff API."""

from __future__ import annotations

import uuid
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import bootstrap, settings
from integrations.bootstrap import Services
from integrations.commands import tables
from integrations.services.attending import View
from integrations.services.handover_records import CallBack, Done
from integrations.services.records import Sender
from integrations.services.speech import moment
from kb.handover.states import State

PANEL = "For operators"
Number = Annotated[int, typer.Argument(help="Number from `jiesu handovers list`.")]
Call = Annotated[int, typer.Argument(help="Number from `jiesu handovers call-backs`.")]
By = Annotated[str, typer.Option(help="Who does it, by name; kept on the trail.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    people = typer.Typer(help="Citizens who want to speak to a person.", no_args_is_help=True)
    app.add_typer(people, name="handovers", rich_help_panel=PANEL)
    _add_queue(people)
    _add_talk(people)
    _add_calls(people)


def _build() -> Services:
    return bootstrap.build(settings.load())


def _add_queue(people: typer.Typer) -> None:
    @people.command("list")
    def waiting() -> None:
        """Who waits, the next one first, and who has somebody. Nothing that tells who the citizen is."""
        rows = _build().attending.standing()
        if not rows:
            Console().print("nobody waits")
            return
        table = Table("number", "state", "why", "since", "channel", "about", "where", "by", "unread")
        for one in rows:
            state = f"waits, {one.ahead} ahead" if one.state is State.WAITING else "taken"
            where = "".join(filter(None, (one.district, one.street)))
            table.add_row(
                str(one.id),
                state + (" (clerk vanished)" if one.interrupted else ""),
                one.reason,
                moment(one.asked_at),
                one.channel,
                one.category or "-",
                where or "-",
                escape(one.taken_by or "-"),
                str(one.new_lines) if one.state is State.TAKEN else "-",
            )
        tables.show(table)

    @people.command()
    def take(number: Number, by: By) -> None:
        """Take a conversation: the assistant is silent until it is given back."""
        taken = _build().attending.take(number, by=by)
        until = moment(taken.lease_until) if taken.lease_until else "-"
        Console().print(f"taken; read or say something before {until}, or it goes back to the queue", highlight=False)

    @people.command()
    def acts(
        number: Annotated[int | None, typer.Argument(help="Number; without one the latest of all.")] = None,
    ) -> None:
        """The trail: who did what and who read which lines."""
        rows = _build().attending.trail(number)
        if not rows:
            Console().print("nothing was done")
            return
        table = Table("when", "number", "call", "what", "who", "lines")
        for one in rows:
            numbers = (_shown(one.handover_id), _shown(one.call_back_id))
            table.add_row(moment(one.at), *numbers, one.act, escape(one.by), _lines(one))
        tables.show(table)


def _add_talk(people: typer.Typer) -> None:
    @people.command()
    def read(
        number: Number, by: By, after: Annotated[int, typer.Option(help="Only lines after this one.")] = 0
    ) -> None:
        """The whole conversation with what is filled so far; only for who has taken it."""
        attending = _build().attending
        view = attending.read(number, by=by, after=after)
        _print(view)
        while view.more:
            view = attending.read(number, by=by, after=view.lines[-1].seq)
            _print(view, head=False)

    @people.command()
    def say(
        number: Number, text: Annotated[str, typer.Argument(help="What the citizen reads in the chat.")], by: By
    ) -> None:
        """Say something in the citizen's chat."""
        _build().attending.say(number, by=by, key=uuid.uuid4().hex, text=text)
        Console().print("sent")

    @people.command()
    def note(number: Number, text: Annotated[str, typer.Argument(help="For the next clerk.")], by: By) -> None:
        """Note something that the citizen does not read."""
        _build().attending.note(number, by=by, key=uuid.uuid4().hex, text=text)
        Console().print("noted")

    @people.command("give-back")
    def give_back(number: Number, by: By) -> None:
        """Back to the assistant, which goes on with the form where it was."""
        _build().attending.give_back(number, by=by)
        Console().print("given back")

    @people.command()
    def end(number: Number, by: By) -> None:
        """The matter is settled; the citizen is told."""
        _build().attending.end(number, by=by)
        Console().print("ended")

    @people.command("call-back")
    def call_back(
        number: Number,
        by: By,
        phone: Annotated[str, typer.Option(help="Number to call; without one that of the report.")] = "",
        at: Annotated[str, typer.Option(help="When, in words: 明天上午.")] = "",
    ) -> None:
        """Promise a call in place of going on in the chat."""
        call = _build().attending.call_back(number, by=by, phone=phone, wanted=at)
        Console().print(f"call {call.id} is promised", highlight=False)


def _add_calls(people: typer.Typer) -> None:
    @people.command("call-backs")
    def call_backs(over: Annotated[bool, typer.Option("--over", help="The last ones that are over.")] = False) -> None:
        """Calls that are to be made, the earliest first; numbers are masked."""
        calling = _build().calling_back
        rows = calling.finished() if over else calling.to_make()
        if not rows:
            Console().print("no call is to be made" if not over else "no call was made")
            return
        table = Table("call", "state", "when", "wished", "number", "why", "about", "by")
        for one in rows:
            told = [one.wanted or "-", one.shown, one.reason, one.about or "-", one.done_by or one.taken_by or "-"]
            table.add_row(str(one.id), one.state, _when(one), *map(escape, told))
        tables.show(table)

    @people.command()
    def number(call: Call, by: By) -> None:
        """The whole number of a call, for who makes it now; kept on the trail."""
        _, phone = _build().calling_back.take(call, by=by)
        Console().print(phone, highlight=False)

    @people.command()
    def called(
        call: Call,
        by: By,
        reached: Annotated[bool, typer.Option("--reached/--not-reached", help="Was somebody reached?")],
        note: Annotated[str, typer.Option(help="For the record; the citizen does not read it.")] = "",
    ) -> None:
        """Tick a call off; the citizen is told in the chat."""
        _build().calling_back.tick_off(call, by=by, reached=reached, note=note)
        Console().print("ticked off; the citizen is told")


def _print(view: View, *, head: bool = True) -> None:
    console = Console(soft_wrap=True)
    lines = list[str]()
    if head and view.filled:
        filled = view.filled
        told = [("what", filled.description), ("category", filled.category), ("where", filled.place)]
        told += [("since", filled.since), ("phone", filled.phone or ("anonymous" if filled.anonymous else ""))]
        told += [("asked now", filled.asked)]
        lines += [f"{name}: {value}" for name, value in told if value]
    if head:
        lines += [f"ticket {one.number}: {one.category}, {one.status}, {moment(one.filed_at)}" for one in view.tickets]
        lines += [f"note by {one.by}: {one.text}" for one in view.notes]
        lines += [f"call {one.id}: {one.state}, {one.shown}" for one in view.calls]
    for line in view.lines:
        from_staff = line.sender is Sender.NOTICE and (line.bubble.card or {}).get("kind") == "staff"
        who = "staff" if from_staff else line.sender
        text = line.body.get("text") or line.body.get("shown") or "（位置）"
        lines.append(f"{line.seq} {moment(line.at)} {who}: {text}")
    console.print("\n".join(lines), highlight=False, markup=False)


def _when(call: CallBack) -> str:
    return f"{moment(call.begins)} to {moment(call.ends)}" if call.begins and call.ends else "any time"


def _shown(number: int | None) -> str:
    return "-" if number is None else str(number)


def _lines(done: Done) -> str:
    return f"{done.from_seq} to {done.to_seq}" if done.from_seq is not None else "-"
