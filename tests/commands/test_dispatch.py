"""`jiesu stuck`, `retry` and `dispatch map`: what an operator sees and decides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from integrations import bootstrap
from integrations.bootstrap import Services
from integrations.cli import app
from integrations.services.errors import Rejected
from integrations.services.mapping_services import compare
from integrations.services.records import Complaint, Task, UpdateKind, WhenUnsure
from kb.lifecycle import Status
from tests.builders import LAMP, RUBBISH, dispatched, filed, read, relay_all, request_of
from tests.conftest import API_KEY, PROJECT, Department
from tests.fakes import FakeClock, FakeDispatcher

Jiesu = Callable[..., Result]


@pytest.fixture
def jiesu(services: Services, dispatcher: FakeDispatcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jiesu:
    """Runs the command on the test's own database, with the backend of the test."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bootstrap, "build", lambda _settings, **_parts: services)
    return lambda *arguments: CliRunner().invoke(app, arguments)


@pytest.fixture
def refused(services: Services, dispatcher: FakeDispatcher) -> list[Complaint]:
    """Two complaints that the backend refused."""
    complaints = [filed(services, LAMP), filed(services, RUBBISH, draft_id="draft-2")]
    dispatcher.refuse("no such service")
    dispatcher.refuse("no such service")
    relay_all(services)
    return complaints


@pytest.fixture
def doubtful(services: Services, dispatcher: FakeDispatcher, clock: FakeClock) -> Complaint:
    dispatcher.unsure, dispatcher.shows = WhenUnsure.ASK_PERSON, False
    complaint = filed(services)
    dispatcher.lose_answers()
    relay_all(services)
    clock.move(seconds=60)
    relay_all(services)
    return complaint


@pytest.mark.parametrize("what", ["number", "spoken", "row"])
def test_a_ticket_is_put_back_by_its_number_or_its_row(
    jiesu: Jiesu, services: Services, refused: list[Complaint], what: str
) -> None:
    number = refused[0].number
    row = services.sorting_out.waiting(number)[0].row.id
    named = {"number": number, "spoken": f"{number[:4]} {number[4:8]} {number[8:]}", "row": str(row)}

    result = jiesu("retry", named[what])

    assert result.exit_code == 0
    assert "will be taken up again" in result.output
    relay_all(services)
    assert [read(services, one).status for one in refused] == [Status.DISPATCHED, Status.NEEDS_PERSON]


def test_all_are_put_back(jiesu: Jiesu, services: Services, refused: list[Complaint]) -> None:
    assert jiesu("retry", "all").output.count("will be taken up again") == 2
    relay_all(services)

    assert {read(services, one).status for one in refused} == {Status.DISPATCHED}
    assert "nothing is stuck" in jiesu("stuck").output


def test_all_leaves_what_only_a_person_can_know(jiesu: Jiesu, services: Services, doubtful: Complaint) -> None:
    with services.unit_of_work() as tx:
        tx.outbox.add(Task.UPDATE, doubtful.id, {"kind": "urge", "key": "k", "text": ""}, at=services.clock())

    assert "look in the backend" in jiesu("stuck").output
    alone = jiesu("retry", "all")

    assert alone.exit_code == 1
    assert isinstance(alone.exception, Rejected | SystemExit)


def test_what_was_found_in_the_backend_is_written_down_with_who_found_it(
    jiesu: Jiesu, services: Services, doubtful: Complaint
) -> None:
    result = jiesu("retry", doubtful.number, "--filed-as", "DC-0001", "--by", "王芳")

    assert result.exit_code == 0, result.output
    assert request_of(services, doubtful) == "DC-0001"
    assert read(services, doubtful).history[-1].name == "王芳"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("all", "--anew", "--done"), "give one"),
        (("all", "--filed-as", "DC-1", "--by", "x"), "one row"),
        (("{number}", "--filed-as", "DC-1"), "--by NAME"),
        (("{number}", "--done"), "--filed-as"),
        (("100000000009",), "nothing of 100000000009 is stuck"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    jiesu: Jiesu, services: Services, refused: list[Complaint], arguments: tuple[str, ...], said: str
) -> None:
    result = jiesu("retry", *(one.format(number=refused[0].number) for one in arguments))

    assert isinstance(result.exception, Rejected)
    assert said in str(result.exception)
    assert len(services.sorting_out.waiting()) == 2


def test_an_update_that_was_done_by_telephone_is_taken_off_the_list(
    jiesu: Jiesu, services: Services, dispatcher: FakeDispatcher
) -> None:
    complaint, _ = dispatched(services)
    with services.unit_of_work() as tx:
        payload = {"kind": UpdateKind.URGE, "key": "k", "text": ""}
        tx.outbox.add(Task.UPDATE, complaint.id, payload, at=services.clock())
    dispatcher.refuse("no updates here")
    relay_all(services)

    assert "off the list" in jiesu("retry", complaint.number, "--done").output
    assert dispatcher.told == []


# -- the list of services ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mapping", ["", "service_code: 'XX-{level1}'"])
def test_the_backends_services_are_compared_with_our_categories(
    department: Department, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapping: str
) -> None:
    for name, value in {
        "JIESU_DATA_DIR": str(tmp_path),
        "JIESU_DISPATCH_URL": department.open311,
        "JIESU_DISPATCH_API_KEY": API_KEY,
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    if mapping:
        shipped = (PROJECT / "integrations/clients/open311/mapping.yml").read_text(encoding="utf-8")
        (tmp_path / "m.yml").write_text(shipped.replace('service_code: "QD-{level1}"', mapping), encoding="utf-8")
        monkeypatch.setenv("JIESU_DISPATCH_MAPPING", str(tmp_path / "m.yml"))
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, ["dispatch", "map"])

    assert result.exit_code == bool(mapping), result.output
    if mapping:
        assert "not offered" in result.output
        assert '"41": QD-41' in result.output
        assert "nothing of ours goes to QD-41" in result.output
    else:
        assert "37 of 37" in result.output or "categories go to a service that is there" in result.output


def offered(*codes: str) -> list[dict[str, Any]]:
    return [{"service_code": code, "service_name": code} for code in codes]


@pytest.mark.parametrize(
    ("attribute", "required", "fine", "ours", "always"),
    [
        ("REF", "true", True, "reference", True),
        ("REF", True, True, "reference", True),
        ("GRID", "true", True, "grid", False),
        ("CHANNEL", True, False, None, False),
        ("CHANNEL", "false", True, None, False),
    ],
)
def test_what_a_service_requires_is_compared_with_what_we_send(
    knowledge: dict[str, Any], attribute: str, required: object, fine: bool, ours: str | None, always: bool
) -> None:
    city = knowledge["taxonomy"]
    codes = sorted({leaf.level1_code for leaf in city})
    definitions = {"41": [{"code": attribute, "required": required}]}

    found = compare(
        city, lambda code: code[:2], offered(*codes), definitions, {"reference": "REF", "grid": "GRID", "gas": ""}
    )

    assert found.fine is fine
    asked = [(one.ours, one.always) for one in found.required]
    assert asked == ([(ours, always)] if str(required).lower() == "true" else [])


def test_both_what_is_missing_and_what_is_never_used_is_said(knowledge: dict[str, Any]) -> None:
    city = knowledge["taxonomy"]
    codes = sorted({leaf.level1_code for leaf in city} - {"41"})
    lamp = {"service_code": "lamps", "service_name": "城市照明与亮化"}

    found = compare(city, lambda code: code[:2], [*offered(*codes), lamp], {}, {})

    (missing,) = [one for one in found.categories if not one.whole]
    assert (missing.code, missing.proposal) == ("41", ("lamps", "城市照明与亮化"))
    assert found.unused == (("lamps", "城市照明与亮化"),)
    assert not found.fine
