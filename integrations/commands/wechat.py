"""For operators: `jiesu wechat whoami | check | menu … | alarms …`: the WeChat official account."""

from __future__ import annotations

import json
from collections.abc import Callable

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from integrations import settings
from integrations.commands import tables
from integrations.running import wechat_checks
from integrations.running.wechat_checks import Account, hook_url, missing
from integrations.services.errors import NeedsPerson, Rejected, TryLater
from integrations.services.speech import moment
from integrations.settings import Settings

PANEL = "For operators"
_COLOURS = {"ok": "green", "warn": "yellow", "bad": "red"}

Parts = Callable[[Settings], Account]
"""Puts the parts of the account together; a test gives its own."""


def add_to(
    app: typer.Typer, *, parts: Parts = wechat_checks.account, load: Callable[[], Settings] = settings.load
) -> None:
    """Register the commands."""
    group = typer.Typer(help="The WeChat official account: is it set up, and its menu.", no_args_is_help=True)
    app.add_typer(group, name="wechat", rich_help_panel=PANEL)

    def account() -> Account:
        chosen = load()
        if lacking := missing(chosen):
            raise NeedsPerson(f"WeChat is not set up: {', '.join(lacking)} not set; see docs/wechat.md")
        return parts(chosen)

    @group.command()
    def whoami() -> None:
        """Which account this is, how its pushes are sealed, and whether WeChat gives us a token. Shows no secret."""
        found = account()
        chosen, table = found.settings, Table("", "", show_header=False)
        table.add_row("app id", escape(chosen.wechat_appid))
        table.add_row("mode", f"{chosen.wechat_mode}, {len(chosen.wechat_aes_key.split())} keys")
        table.add_row("hook", escape(hook_url(chosen)) or "JIESU_PUBLIC_URL is not set")
        table.add_row("replies", "passive and customer service" if chosen.wechat_verified else "passive only")
        table.add_row("choices", "as links" if chosen.wechat_links else "as numbers")
        table.add_row("token", escape(_token(found)))
        table.add_row("alarms", escape(_alarms(found)))
        tables.show(table)

    @group.command()
    def check() -> None:
        """Walk through what can go wrong, and say what to do. Exit code 1 when something is bad."""
        chosen = load()
        # without its settings the account cannot be asked; what is known is told all the same
        every = wechat_checks.offline(chosen) if missing(chosen) else wechat_checks.examine(parts(chosen))
        console, worst = Console(soft_wrap=True, highlight=False), "ok"
        for one in every:
            colour = _COLOURS[one.state]
            do = f" → {escape(one.do)}" if one.do and one.state != "ok" else ""
            console.print(f"[{colour}]{one.state:4}[/] {escape(one.name)}: {escape(one.found)}{do}")
            worst = "bad" if one.state == "bad" else worst
        if worst == "bad":
            raise typer.Exit(1)

    _add_menu(group, account)
    _add_alarms(group, account)


def _add_menu(group: typer.Typer, account: Callable[[], Account]) -> None:
    menu = typer.Typer(help="The menu under the conversation.", no_args_is_help=True)
    group.add_typer(menu, name="menu")

    @menu.command()
    def push() -> None:
        """Make kb/content/wechat/menu.yml the account's menu. Phones show it within a day."""
        found = account()
        found.menus.push()
        Console().print("pushed; who follows anew sees it at once, others within 24 hours")

    @menu.command("check")
    def compare() -> None:
        """What differs between our menu and WeChat's. Exit code 1 when something does."""
        found = account()
        differences = found.menus.check()
        console = Console(soft_wrap=True, highlight=False)
        for one in differences:
            console.print(escape(one))
        if differences:
            raise typer.Exit(1)
        console.print("WeChat has our menu")

    @menu.command()
    def show() -> None:
        """Our menu as it is sent, and WeChat's as it is now."""
        found = account()
        ours, theirs = found.menus.wanted(), found.menus.kept()
        console = Console(soft_wrap=True, highlight=False)
        for name, one in (("ours", ours), ("WeChat's", theirs)):
            console.print(f"{name}:")
            console.print(json.dumps(one, ensure_ascii=False, indent=2), markup=False)

    @menu.command()
    def delete() -> None:
        """Take the menu away from the account."""
        found = account()
        found.menus.delete()
        Console().print("deleted")


def _add_alarms(group: typer.Typer, account: Callable[[], Account]) -> None:
    alarms = typer.Typer(help="Error codes of the last day that need a person.", no_args_is_help=True)
    group.add_typer(alarms, name="alarms")

    @alarms.command("list")
    def listed() -> None:
        """Every code with what it means, how often it came, and when last."""
        rows = account().api.alarms()
        if not rows:
            Console().print("there is no alarm")
            return
        table = Table("code", "last", "times", "what it means")
        for one in rows:
            table.add_row(str(one.code), moment(one.at), str(one.times), escape(one.meaning))
        tables.show(table)

    @alarms.command()
    def clear() -> None:
        """Forget them: what is still wrong comes again."""
        account().api.clear_alarms()
        Console().print("cleared")


def _token(found: Account) -> str:
    try:
        found.api.ping()
    except (NeedsPerson, Rejected, TryLater) as failed:
        return f"none: {failed}"
    return "WeChat gives us one"


def _alarms(found: Account) -> str:
    try:
        rows = found.api.alarms()
    except TryLater as away:
        return f"not known: {away}"
    return ", ".join(f"{one.code} ({one.times} times)" for one in rows) or "none"
