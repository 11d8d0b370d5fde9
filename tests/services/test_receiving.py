"""Pictures of a citizen: stored with their message, once, heard as one turn, and gone with their owner."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from integrations.bootstrap import Services
from integrations.services.errors import Rejected
from integrations.services.media import LARGEST, MOST, SHOWN, TooMany
from integrations.services.records import Hearing, Line, Report, Said
from integrations.store.media_tables import media
from kb.lifecycle import Actor, Status
from kb.media_types import Kind
from kb.report import Contact, Draft
from tests.builders import conversation
from tests.fakes import FakeClock, FakeDispatcher, FakeListener, MemoryLimiter
from tests.media_files import VOICE, photo

Run = Callable[..., Any]
LAMP = "海尔路路灯不亮"


def take(services: Services, *files: bytes, key: str = "message-1", text: str = "", who: str = "citizen-1") -> Line:
    return services.receiving.take(conversation(services, who).id, key, files, text)


def rows(services: Services) -> int:
    with services.engine.connect() as db:
        return int(db.execute(select(func.count()).select_from(media)).scalar_one())


def file(services: Services, *photos: str) -> Any:
    draft = Draft(id="draft-1", description=LAMP, category="410102", category_confidence=1.0,
                  contact=Contact.ANONYMOUS, photos=photos)  # fmt: skip
    return services.filing.submit(draft, conversation(services).id)


# -- taking in ---------------------------------------------------------------------------------------------------


def test_a_picture_is_stored_with_its_line_and_without_its_notes(services: Services) -> None:
    line = take(services, photo(lat=36.1, lon=120.4, taken="2026:11:21 09:30:00"))
    (one,) = line.said.photos
    assert line.said.noted == {"lat": 36.1, "lon": 120.4, "taken_at": "2026-11-21T01:30:00+00:00"}
    with services.unit_of_work() as tx:
        kept = tx.media.get(one)
    assert kept and kept.kind is Kind.PHOTO and kept.content_type == "image/jpeg"
    assert b"2026:11:21" not in kept.body
    assert kept.facts.lat == 36.1
    assert "36.1" not in repr(kept) and "36.1" not in repr(line)


def test_the_same_message_twice_is_one(services: Services) -> None:
    first, second = take(services, photo()), take(services, photo("blue"))
    assert first.said.photos == second.said.photos
    assert rows(services) == 1


def test_the_same_message_at_the_same_time_is_one(services: Services) -> None:
    conversation(services)
    with ThreadPoolExecutor(4) as pool:
        lines = list(pool.map(lambda _n: take(services, photo()), range(4)))
    assert len({line.said.photos for line in lines}) == 1
    assert rows(services) == 1


@pytest.mark.parametrize(
    "files",
    [(), (b"",), (b"<svg/>",), (photo(), b"%PDF"), (photo(), VOICE), (VOICE, VOICE), (photo()[:300],),
     tuple(photo() for _ in range(10)), (VOICE + b"\0" * LARGEST,), (photo() + b"\0" * LARGEST,)],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_words_and_nothing_is_stored(
    services: Services, files: tuple[bytes, ...]
) -> None:
    with pytest.raises(Rejected) as refused:
        take(services, *files)
    assert str(refused.value).endswith("。")
    assert rows(services) == 0
    assert len(services.conversing.history(conversation(services).id)) == 1, "only the greeting"


@pytest.fixture
def our_time(services: Services, clock: FakeClock) -> None:
    """A real Redis does not follow our clock."""
    services.receiving = replace(services.receiving, limiter=MemoryLimiter(clock))


@pytest.mark.usefixtures("our_time")
def test_nobody_fills_the_disk(services: Services, clock: FakeClock) -> None:
    sent, mine = 0, conversation(services)
    with pytest.raises(TooMany):
        for sent in range(100):
            line = take(services, VOICE, key=f"message-{sent}")
            with services.unit_of_work() as tx:
                tx.conversations.settle(mine.id, [line.seq], Hearing.ANSWERED)
            clock.move(seconds=20)
    assert sent == MOST == rows(services)


@pytest.mark.usefixtures("our_time")
def test_a_burst_of_files_is_stopped(services: Services, clock: FakeClock) -> None:
    take(services, *[photo()] * 9)
    take(services, *[photo()] * 9, key="message-2")
    with pytest.raises(TooMany):
        take(services, *[photo()] * 9, key="message-3")
    assert rows(services) == 18
    clock.move(seconds=61)
    take(services, *[photo()] * 9, key="message-3")


# -- whose it is -------------------------------------------------------------------------------------------------


def test_only_its_citizen_sees_it(services: Services) -> None:
    (one,) = take(services, photo()).said.photos
    assert services.receiving.show(conversation(services), one).id == one
    for who, what in (("citizen-2", one), ("citizen-1", "0" * 32), ("citizen-1", "")):
        with pytest.raises(Rejected):
            services.receiving.show(conversation(services, who), what)


# -- being heard -------------------------------------------------------------------------------------------------


def test_rasa_hears_a_picture_with_its_caption_and_its_notes(
    services: Services, listener: FakeListener, run: Run
) -> None:
    line = take(services, photo(lat=36.1, lon=120.4), text=" /海尔路路灯不亮 ")
    run(services.conversing.drive(conversation(services)))
    (said,) = listener.said
    assert (said.payload, said.photos) == (SHOWN, line.said.photos)
    assert "路灯不亮" in said.text
    assert said.noted and said.noted["lat"] == 36.1


def test_pictures_that_come_together_are_one_turn_and_words_another(
    services: Services, listener: FakeListener, run: Run
) -> None:
    object.__setattr__(services.conversing.gathering, "seconds", 0.2)
    for number in range(3):
        take(services, photo(), key=f"message-{number}")
    services.conversing.accept(conversation(services).id, "message-9", Said("路灯不亮。"))
    run(services.conversing.drive(conversation(services)))
    assert [len(said.photos) for said in listener.said] == [3, 0]


def test_a_rasa_that_is_away_loses_no_picture(services: Services, listener: FakeListener, run: Run) -> None:
    take(services, photo())
    listener.lose_answers()
    with pytest.raises(Exception, match="lost"):
        run(services.conversing.drive(conversation(services)))
    run(services.conversing.drive(conversation(services)))
    assert len(listener.said) == 1, "heard once, found again"
    assert services.conversing.history(conversation(services).id)[-1].answers is not None


# -- going with the ticket ---------------------------------------------------------------------------------------


def filed(services: Services, dispatcher: FakeDispatcher) -> Any:
    while services.dispatching.relay_one("worker-1"):
        pass
    (request,) = dispatcher.requests.values()
    return request.complaint


def test_the_department_hears_how_many_there_are(services: Services, dispatcher: FakeDispatcher) -> None:
    photos = take(services, photo(), photo("blue")).said.photos
    take(services, VOICE, key="message-2")
    file(services, *photos)
    told = filed(services, dispatcher)
    assert (told.photos, told.voices, told.media) == (2, 1, ())


def test_with_a_public_address_it_gets_links_that_die(
    services: Services, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    object.__setattr__(services.media_links, "base", "https://city.example/")
    (one,) = take(services, photo()).said.photos
    file(services, one)
    (url,) = filed(services, dispatcher).media
    head, _, token = url.partition("/media/")
    assert head == "https://city.example"
    assert services.media_links.read(token) == one
    medium, until, signature = token.split(".")
    later = f"{int(until, 16) + 1:x}"
    tails = (f"{later}.{signature}", f"{until}.", f"-1.{signature}", f"zz.{signature}", signature)
    for forged in (f"{'0' * 32}.{until}.{signature}", *(f"{medium}.{tail}" for tail in tails), "", "..", "é.1.é"):
        assert services.media_links.read(forged) is None, forged
    clock.move(days=181)
    assert services.media_links.read(token) is None


def test_a_picture_of_somebody_else_goes_with_nobodys_ticket(services: Services, dispatcher: FakeDispatcher) -> None:
    (theirs,) = take(services, photo(), who="citizen-2").said.photos
    file(services, theirs)
    assert filed(services, dispatcher).photos == 0


def test_pictures_right_after_filing_go_to_that_ticket(services: Services, clock: FakeClock) -> None:
    complaint, mine = file(services), conversation(services)
    photos = take(services, photo()).said.photos
    added = services.after_filing.photos(mine.id, photos, "", key="m-1")
    again = services.after_filing.photos(mine.id, photos, "", key="m-1")
    assert added and again and (added.fresh, again.fresh) == (True, False)
    with services.unit_of_work() as tx:
        assert [one.photos for one in tx.reports.of_complaint(complaint.id)] == [(), photos]
        assert tx.media.of_complaint(complaint.id) == [(photos[0], Kind.PHOTO)]
    assert services.after_filing.photos(mine.id, photos, "小区门口的井盖也没了", key="m-2") is None
    clock.move(minutes=31)
    assert services.after_filing.photos(mine.id, photos, "", key="m-3") is None


# -- being erased ------------------------------------------------------------------------------------------------


def end(services: Services, complaint: Any) -> None:
    steps = (Status.DISPATCHED, Actor.DISPATCH), (Status.ACCEPTED, Actor.DEPARTMENT), (Status.CLOSED, Actor.DEPARTMENT)
    for status, actor in steps:
        with services.unit_of_work() as tx:
            known = tx.complaints.get(complaint.id)
            assert known
            services.moving.make(tx, known, status, actor=actor, note="修好了")


def test_erasing_takes_what_goes_with_the_ticket_and_what_does_not(services: Services) -> None:
    photos = take(services, photo(), photo("blue")).said.photos
    theirs = take(services, photo(), who="citizen-2").said.photos
    complaint = file(services, photos[0])
    end(services, complaint)
    copy = services.personal_requests.export(complaint.number, by="a", why="b")
    assert {row["id"] for row in copy["media"]} == set(photos)
    assert all(row["body"] for row in copy["media"])
    services.personal_requests.erase(complaint.number, by="a", why="b")
    with services.unit_of_work() as tx:
        assert [tx.media.get(one) for one in photos] == [None, None]
        assert tx.media.get(theirs[0])
        (report,) = tx.reports.of_complaint(complaint.id)
    assert (report.key, report.photos) == (Report.FIRST, ())


def test_when_their_time_is_over_they_go_too(services: Services, clock: FakeClock) -> None:
    photos = take(services, photo()).said.photos
    end(services, file(services, *photos))
    clock.move(days=366)
    services.retaining.apply()
    assert rows(services) == 0
