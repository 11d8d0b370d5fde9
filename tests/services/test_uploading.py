"""Files in pieces: whose they are, where they go on, how much is kept and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from integrations import timetable
from integrations.bootstrap import Services
from integrations.services import uploading
from integrations.services.errors import Rejected
from integrations.services.media import LARGEST, TooMany
from integrations.services.records import Line
from integrations.services.upload_records import Upload
from integrations.services.uploading import (
    KEPT,
    MOST_UNFINISHED,
    SMALLEST_PIECE,
    Gone,
    TooLarge,
    Unfinished,
    WrongOffset,
)
from integrations.store.upload_tables import upload_pieces, uploads
from integrations.store.uploads import UploadTable
from tests.builders import conversation
from tests.fakes import FakeClock
from tests.media_files import photo


def own(services: Services, who: str = "citizen-1") -> str:
    return conversation(services, who).id


def whole(services: Services, content: bytes, who: str = "citizen-1") -> str:
    """An upload with all of its bytes."""
    upload = services.uploading.begin(own(services, who), len(content))
    services.uploading.append(upload.conversation_id, upload.id, 0, content)
    return upload.id


def take(services: Services, *ids: str, key: str = "message-1", who: str = "citizen-1") -> Line:
    return services.receiving.take(own(services, who), key, [], "路灯不亮", uploads=ids)


def kept(services: Services) -> tuple[int, int, int]:
    """Rows of uploads, of pieces, and timers."""
    with services.engine.connect() as db:
        counts = [
            int(db.execute(select(func.count()).select_from(one)).scalar_one()) for one in (uploads, upload_pieces)
        ]
    with services.unit_of_work() as tx:
        return counts[0], counts[1], len(tx.timers.list(kind=uploading.EXPIRES))


def begun(services: Services, length: int = 3 * SMALLEST_PIECE) -> Upload:
    return services.uploading.begin(own(services), length)


def test_pieces_become_a_picture_and_nothing_of_them_stays(services: Services) -> None:
    content = photo() + bytes(9_000)
    upload = begun(services, len(content))
    for at in range(0, len(content), SMALLEST_PIECE):
        piece = content[at : at + SMALLEST_PIECE]
        assert services.uploading.append(upload.conversation_id, upload.id, at, piece).received == at + len(piece)
    assert services.uploading.look(upload.conversation_id, upload.id).whole
    assert len(take(services, upload.id).said.photos) == 1
    assert kept(services) == (0, 0, 0)


def test_the_same_message_twice_is_one_also_when_its_uploads_are_used_up(services: Services) -> None:
    one = whole(services, photo())
    assert take(services, one) == take(services, one)
    with pytest.raises(Gone):
        take(services, one, key="message-2")


def test_what_is_refused_keeps_its_uploads(services: Services) -> None:
    good, bad = whole(services, photo()), whole(services, b"<svg onload=1>")
    with pytest.raises(Rejected):
        take(services, good, bad)
    assert len(take(services, good).said.photos) == 1


def test_an_upload_named_twice_is_one_picture(services: Services) -> None:
    one = whole(services, photo())
    assert len(take(services, one, one).said.photos) == 1


def test_two_messages_at_once_share_no_upload(services: Services) -> None:
    one = whole(services, photo())

    def attempt(key: str) -> int:
        try:
            return len(take(services, one, key=key).said.photos)
        except Gone:
            return 0

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(attempt, ("message-1", "message-2"))) == [0, 1]


def test_the_same_message_twice_at_once_is_one(services: Services) -> None:
    one = whole(services, photo())

    with ThreadPoolExecutor(4) as pool:
        lines = list(pool.map(lambda _: take(services, one), range(4)))

    assert len({line.seq for line in lines}) == 1
    assert len(lines[0].said.photos) == 1


def test_pieces_that_go_while_they_are_read_make_no_message(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another message uses the file up between a look at its row and a look at its pieces."""
    one, read = whole(services, photo()), UploadTable.bodies

    def later(table: UploadTable, uploads: Sequence[Upload]) -> Sequence[bytes]:
        table.delete(one)
        return read(table, uploads)

    monkeypatch.setattr(UploadTable, "bodies", later)
    with pytest.raises(Gone):
        take(services, one)


def test_what_is_not_whole_makes_no_message(services: Services) -> None:
    with pytest.raises(Unfinished):
        take(services, begun(services).id)


def test_nobody_else_has_it(services: Services) -> None:
    upload = begun(services, 5)
    other = own(services, "citizen-2")
    for attempt in (
        lambda: services.uploading.look(other, upload.id),
        lambda: services.uploading.append(other, upload.id, 0, b"12345"),
        lambda: take(services, upload.id, who="citizen-2"),
    ):
        with pytest.raises(Gone):
            attempt()
    assert services.uploading.look(upload.conversation_id, upload.id).received == 0


def test_a_piece_from_elsewhere_is_told_where_to_go_on(services: Services) -> None:
    upload = begun(services)
    services.uploading.append(upload.conversation_id, upload.id, 0, bytes(SMALLEST_PIECE))
    for offset in (0, 1, 2 * SMALLEST_PIECE, LARGEST):
        with pytest.raises(WrongOffset) as told:
            services.uploading.append(upload.conversation_id, upload.id, offset, bytes(SMALLEST_PIECE))
        assert told.value.upload.received == SMALLEST_PIECE


def test_of_two_that_send_the_same_piece_one_is_first(services: Services) -> None:
    upload = begun(services)

    def attempt(fill: bytes) -> bytes:
        try:
            services.uploading.append(upload.conversation_id, upload.id, 0, fill * SMALLEST_PIECE)
        except WrongOffset as other:
            assert other.upload.received == SMALLEST_PIECE
            return b""
        return fill

    with ThreadPoolExecutor(6) as pool:
        first = [one for one in pool.map(attempt, [b"a", b"b", b"c", b"d", b"e", b"f"]) if one]
    assert len(first) == 1
    with services.unit_of_work() as tx:
        assert tx.uploads.bodies([upload]) == [first[0] * SMALLEST_PIECE]


def test_no_piece_goes_over_the_end_or_is_tiny(services: Services) -> None:
    upload = begun(services, 2 * SMALLEST_PIECE)
    with pytest.raises(TooLarge):
        services.uploading.append(upload.conversation_id, upload.id, 0, bytes(2 * SMALLEST_PIECE + 1))
    with pytest.raises(Rejected):
        services.uploading.append(upload.conversation_id, upload.id, 0, b"1")
    large = begun(services, LARGEST)
    with pytest.raises(TooLarge):
        services.uploading.append(large.conversation_id, large.id, 0, bytes(uploading.PIECE + 1))
    assert kept(services)[1] == 0


@pytest.mark.parametrize(("length", "error"), [(0, Rejected), (LARGEST + 1, TooLarge)])
def test_nothing_and_too_much_are_not_begun(services: Services, length: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        begun(services, length)


def test_so_many_and_so_much_wait_at_most(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(MOST_UNFINISHED):
        begun(services, 5)
    with pytest.raises(TooMany):
        begun(services, 5)
    assert services.uploading.begin(own(services, "citizen-2"), 5), "others are not held up"
    monkeypatch.setattr(uploading, "MOST_PROMISED", 100)
    with pytest.raises(TooMany):
        services.uploading.begin(own(services, "citizen-3"), 50)


def test_too_large_together_is_no_message(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "MOST_TOGETHER", len(photo()) + 1)
    one, other = whole(services, photo()), whole(services, photo())
    with pytest.raises(TooLarge):
        take(services, one, other)
    assert take(services, one).said.photos


def test_after_a_day_it_is_gone_and_the_worker_deletes_it(services: Services, clock: FakeClock) -> None:
    upload = begun(services)
    services.uploading.append(upload.conversation_id, upload.id, 0, bytes(SMALLEST_PIECE))
    clock.move(seconds=KEPT.total_seconds() + 1)
    with pytest.raises(Gone):
        services.uploading.look(upload.conversation_id, upload.id)
    assert kept(services) == (1, 1, 1)
    assert uploading.EXPIRES in timetable.handlers(services)
    services.timing.run_due("worker-1")
    assert kept(services) == (0, 0, 0)


def test_it_goes_with_its_conversation(services: Services) -> None:
    upload = begun(services)
    services.uploading.append(upload.conversation_id, upload.id, 0, bytes(SMALLEST_PIECE))
    with services.unit_of_work() as tx:
        services.erasing.conversation(tx, upload.conversation_id)
    assert kept(services)[:2] == (0, 0)


def test_a_gateway_that_died_costs_the_piece_it_was_writing(services: Services) -> None:
    upload = begun(services)
    with pytest.raises(RuntimeError), services.unit_of_work() as tx:
        assert tx.uploads.append(upload, bytes(SMALLEST_PIECE))
        raise RuntimeError("killed before the commit")
    again = services.uploading.look(upload.conversation_id, upload.id)
    assert again.received == 0 and again.until - services.clock() <= timedelta(hours=24)
    assert services.uploading.append(upload.conversation_id, upload.id, 0, bytes(SMALLEST_PIECE)).received
