"""`jiesu incidents`: staff see, merge and take apart."""

from __future__ import annotations

import pytest

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from tests.commands.test_jiesu import Jiesu
from tests.commands.test_jiesu import jiesu as jiesu
from tests.incident_builders import at_the_department, close, incident, submitted

SIGNED = ("--by", "王科长", "--why", "同一盏灯")


def test_at_first_there_are_none(jiesu: Jiesu) -> None:
    assert "no incidents" in jiesu("incidents", "list").output
    assert "no incidents" in jiesu("incidents", "list", "--recurred").output


def test_what_cannot_be_merged_is_said(jiesu: Jiesu, services: Services) -> None:
    one = submitted(services, 1)

    assert isinstance(jiesu("incidents", "merge", one.number, "none", *SIGNED).exception, Rejected)
    assert isinstance(jiesu("incidents", "unmerge", "7", *SIGNED).exception, Rejected)
    assert isinstance(jiesu("incidents", "show", "none").exception, Rejected)
    assert jiesu("incidents", "merge", one.number, "none").exit_code == 2, "a name and a reason are needed"


def test_merging_showing_and_taking_apart(jiesu: Jiesu, services: Services) -> None:
    first, second = submitted(services, 1), submitted(services, 2, text="北门 [/red] 的灯又坏了")

    assert "merge 1" in jiesu("incidents", "merge", first.number, second.incident_id[:12], *SIGNED).output
    shown = jiesu("incidents", "show", second.number).output
    assert first.incident_id in shown
    assert "2 people" in shown
    assert "王科长: 同一盏灯" in shown
    assert shown.count("ticket ") == 2
    assert "[/red]" in shown
    assert jiesu("incidents", "list").output.count("翠湖小区") == 1

    assert jiesu("incidents", "unmerge", "1", "--by", "李", "--why", "两盏灯").exit_code == 0
    assert not incident(services, second.incident_id).merged
    assert "undone" in jiesu("incidents", "show", first.number).output


@pytest.mark.parametrize(("options", "rows"), [((), 1), (("--all",), 2), (("--recurred",), 1), (("--limit", "1"), 1)])
def test_the_list_tells_what_came_back(jiesu: Jiesu, services: Services, options: tuple[str, ...], rows: int) -> None:
    old, request = at_the_department(services, 1)
    close(services, request)
    again = submitted(services, 2, join=old.incident_id)

    output = jiesu("incidents", "list", *options).output

    assert output.count("翠湖小区") == rows
    assert ("came back" in output) is (options in (("--all",), ("--recurred",)))
    assert f"came back after the closure of {old.incident_id}" in jiesu("incidents", "show", again.number).output


def test_the_index_can_be_written_anew(jiesu: Jiesu, services: Services) -> None:
    submitted(services, 1)

    assert "1 incidents" in jiesu("incidents", "reindex").output
