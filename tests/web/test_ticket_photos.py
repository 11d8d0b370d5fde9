"""Pictures that are added to a ticket, small pictures for lists, and pictures of the department."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from PIL import Image

from integrations.bootstrap import Services
from integrations.clients.photos import SMALL_SIDE
from integrations.services.media import QUICK
from integrations.services.records import Complaint
from integrations.services.uploading import PIECE
from kb import ticket_number
from kb.lifecycle import Status
from kb.report import MOST_PHOTOS
from tests.builders import outbox, read, relay_all
from tests.fakes import FakeClock, FakeDispatcher
from tests.media_files import photo
from tests.web.conftest import Browser, is_chinese, problem
from tests.web.test_tickets import act, find, get, mine
from tests.web.test_uploads import begin, send, whole

UNKNOWN = ticket_number.new(lambda _: 5)
HOSTILE = "http://169.254.169.254/latest/meta-data/?x=<img src=x onerror=alert(1)>"


def large(width: int = 2400, height: int = 1200) -> bytes:
    target = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(target, "JPEG", quality=60)
    return target.getvalue()


def upload(browser: Browser, content: bytes) -> str:
    return whole(browser, content)


def added(browser: Browser, number: str, *uploads: str, id: str = "act-00001", text: str = "") -> httpx.Response:
    return act(browser, number, "supplement", id=id, text=text, uploads=list(uploads))


def reports(services: Services, complaint: Complaint) -> list[tuple[str, int]]:
    """What was added: the words, and how many pictures."""
    with services.unit_of_work() as tx:
        return [(one.text, len(one.photos)) for one in tx.reports.of_complaint(complaint.id)][1:]


def media_of(services: Services, complaint: Complaint) -> list[str]:
    with services.unit_of_work() as tx:
        return [one for one, _ in tx.media.of_complaint(complaint.id)]


# -- added to a ticket -------------------------------------------------------------------------------------------


def test_pictures_and_words_go_together_and_are_shown_with_the_ticket(
    services: Services, browser: Browser, dispatcher: FakeDispatcher
) -> None:
    complaint = mine(services, browser)
    relay_all(services)
    one, two = upload(browser, photo("red")), upload(browser, photo("blue"))

    answer = added(browser, complaint.number, one, two, text="灯杆也歪了").json()

    assert answer["done"]
    assert reports(services, complaint) == [("灯杆也歪了", 2)]
    shown = answer["ticket"]["media"]
    assert len(shown) == 2 and {each["kind"] for each in shown} == {"photo"}
    for each in shown:
        picture = browser.client.get(each["url"])
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    last = answer["ticket"]["card"]["timeline"][-1]["text"]
    assert last == "您补充：灯杆也歪了（照片2张）"
    relay_all(services)
    told = dispatcher.told[-1][1].text
    assert "灯杆也歪了" in told and "2张照片" in told
    assert browser.client.head(f"/api/chat/uploads/{one}").status_code == 404, "used up"
    assert all(one["from"] != "citizen" for one in browser.messages()), "no message of the talk"


def test_pictures_alone_are_enough(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    answer = added(browser, complaint.number, upload(browser, photo())).json()
    assert answer["done"] and reports(services, complaint) == [("", 1)]
    assert answer["ticket"]["card"]["timeline"][-1]["text"] == "您补充了1张照片"


def test_the_addition_stands_where_it_belongs_in_time(
    services: Services, browser: Browser, dispatcher: FakeDispatcher, clock: FakeClock
) -> None:
    complaint = mine(services, browser)
    clock.move(minutes=5)
    added(browser, complaint.number, text="昨晚也没亮")
    clock.move(minutes=5)
    relay_all(services)

    lines = [one["text"] for one in get(browser, f"/{complaint.number}").json()["card"]["timeline"]]

    assert lines[1] == "您补充：昨晚也没亮" and len(lines) == 3


def test_sent_again_it_is_added_once(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    picture = upload(browser, photo())
    before = sum(outbox(services).values())

    first, again = (added(browser, complaint.number, picture, text="看照片").json() for _ in range(2))

    assert first["done"] and again["done"] and first["text"] == again["text"]
    assert reports(services, complaint) == [("看照片", 1)] and len(media_of(services, complaint)) == 1
    assert sum(outbox(services).values()) == before + 1


def test_sent_six_times_at_once_it_is_added_once(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    picture = upload(browser, photo())

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: added(browser, complaint.number, picture, text="看照片"), range(6)))

    assert [one.status_code for one in answers] == [200] * 6
    assert all(one.json()["done"] for one in answers)
    assert reports(services, complaint) == [("看照片", 1)] and len(media_of(services, complaint)) == 1


def test_an_upload_named_twice_is_one_picture(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    picture = upload(browser, photo())
    assert added(browser, complaint.number, picture, picture).json()["done"]
    assert reports(services, complaint) == [("", 1)]


# -- attacks -----------------------------------------------------------------------------------------------------


def test_anothers_upload_is_as_one_that_is_gone(
    services: Services, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    complaint, other = mine(services, browser), new_browser()
    other.begin()
    theirs = upload(other, photo())

    refused = problem(added(browser, complaint.number, theirs, text="看"), 410)

    assert refused["code"] == "upload_gone" and is_chinese(refused["message"])
    assert refused == problem(added(browser, complaint.number, "0" * 32, text="看"), 410)
    assert reports(services, complaint) == [] and media_of(services, complaint) == []
    assert send(other, theirs).status_code == 200, "its owner still has it"


def test_to_anothers_ticket_nothing_is_added_and_nothing_told_of_it(
    services: Services, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    complaint = mine(services, new_browser())
    browser.begin()
    picture = upload(browser, photo())

    theirs, nobodys = added(browser, complaint.number, picture), added(browser, UNKNOWN, picture)

    assert (theirs.status_code, theirs.text) == (nobodys.status_code, nobodys.text) == (404, theirs.text)
    assert media_of(services, complaint) == []
    assert send(browser, picture).status_code == 200, "it was not used up"


def test_an_upload_that_was_used_is_gone(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    picture, in_the_talk = upload(browser, photo()), upload(browser, photo("blue"))
    assert added(browser, complaint.number, picture).json()["done"]
    assert send(browser, in_the_talk).status_code == 200

    for used in (picture, in_the_talk):
        assert problem(added(browser, complaint.number, used, id="act-00002"), 410)["code"] == "upload_gone"
    assert problem(send(browser, picture, key="picture-2"), 410)["code"] == "upload_gone"
    assert len(media_of(services, complaint)) == 1


def test_what_is_not_whole_is_not_added_and_neither_are_the_words(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    rest = begin(browser, PIECE).headers["location"].rpartition("/")[2]
    good = upload(browser, photo())

    refused = added(browser, complaint.number, good, rest, text="看")

    assert problem(refused, 409)["code"] == "upload_unfinished"
    assert reports(services, complaint) == []
    assert added(browser, complaint.number, good, text="看").json()["done"], "the same id, once it can be taken"


@pytest.mark.parametrize(
    "uploads",
    [["0" * 31], ["../../etc/passwd"], ["A" * 32], [1], "0" * 32, [f"{n:032x}" for n in range(MOST_PHOTOS + 1)]],
)
def test_too_many_and_what_is_no_id_are_refused(services: Services, browser: Browser, uploads: Any) -> None:
    complaint = mine(services, browser)
    refused = act(browser, complaint.number, "supplement", text="看", uploads=uploads)
    assert problem(refused, 422)["code"] == "bad_request"
    assert reports(services, complaint) == []


@pytest.mark.parametrize("content", [b"OggS" + bytes(400), b"<svg/>", b"\xff\xd8\xff" + bytes(300)])
def test_what_is_no_picture_is_refused_in_words(services: Services, browser: Browser, content: bytes) -> None:
    complaint = mine(services, browser)
    refused = problem(added(browser, complaint.number, upload(browser, content), text="看"), 422)
    assert refused["code"] == "not_accepted" and is_chinese(refused["message"])
    assert reports(services, complaint) == []


def test_pictures_in_a_row_are_counted_with_those_of_the_talk(services: Services, browser: Browser) -> None:
    complaint = mine(services, browser)
    codes = [
        added(browser, complaint.number, upload(browser, photo()), id=f"act-{n:05}").status_code
        for n in range(QUICK - 2)
    ]
    assert codes == [200] * (QUICK - 2)
    three = [upload(browser, photo()) for _ in range(3)]
    assert problem(added(browser, complaint.number, *three, id="act-10000"), 429)["code"] == "too_fast"


def test_the_description_shows_how(browser: Browser) -> None:
    document = browser.client.get("/api/openapi.json").json()
    said = document["components"]["schemas"]["Addition"]
    assert any(example.get("uploads") for example in said["examples"]) and "uploads" in said["properties"]
    assert {"409", "410"} <= set(document["paths"]["/api/tickets/{number}/supplement"]["post"]["responses"])


# -- by number and phone -----------------------------------------------------------------------------------------


def test_who_opened_it_by_phone_may_add_pictures_that_its_owner_then_sees(
    services: Services, new_browser: Callable[[], Browser]
) -> None:
    owner, daughter, stranger = new_browser(), new_browser(), new_browser()
    complaint = mine(services, owner)
    daughter.begin(), stranger.begin()
    find(daughter, complaint.number)

    answer = added(daughter, complaint.number, upload(daughter, photo()), text="我爸家门口").json()

    assert answer["done"] and answer["ticket"]["media"] == []
    assert "我爸家门口" not in str(answer["ticket"]["card"]["timeline"])
    seen = get(owner, f"/{complaint.number}").json()
    (picture,) = seen["media"]
    assert owner.client.get(picture["url"]).status_code == 200
    assert "我爸家门口" in seen["card"]["timeline"][-1]["text"]
    assert stranger.client.get(picture["url"]).status_code == 404
    services.own_data.erase(complaint.conversation_id)
    assert owner.client.get(picture["url"]).status_code == 200, "it is still worked on"


def test_they_are_erased_with_the_words_of_the_ticket(
    services: Services, new_browser: Callable[[], Browser], dispatcher: FakeDispatcher
) -> None:
    owner, daughter = new_browser(), new_browser()
    complaint = mine(services, owner)
    daughter.begin()
    find(daughter, complaint.number)
    added(daughter, complaint.number, upload(daughter, photo()))
    (picture,) = media_of(services, complaint)
    services.withdrawing.withdraw(complaint.conversation_id, complaint.number, key="w-1")

    services.own_data.erase(complaint.conversation_id)

    assert media_of(services, complaint) == []
    assert daughter.client.get(f"/api/chat/media/{picture}").status_code == 404


# -- small ones --------------------------------------------------------------------------------------------------


def test_a_small_one_is_small_and_kept_by_nobody_elses_cache(services: Services, browser: Browser) -> None:
    line, *_ = send(browser, upload(browser, large())).json()["messages"]
    url = line["media"][0]["url"]

    whole_one, small = browser.client.get(url), browser.client.get(url, params={"size": "small"})

    assert Image.open(io.BytesIO(whole_one.content)).size == (1600, 800)
    assert Image.open(io.BytesIO(small.content)).size == (SMALL_SIDE, SMALL_SIDE // 2)
    assert len(small.content) * 8 < len(whole_one.content)
    assert small.headers["content-type"] == "image/jpeg" and small.headers["x-content-type-options"] == "nosniff"
    assert small.headers["cache-control"].startswith("private") and small.headers["vary"] == "Cookie"
    assert whole_one.headers["cache-control"] == "private, no-store"
    assert problem(browser.client.get(url, params={"size": "huge"}), 422)["code"] == "bad_request"


def test_a_small_one_is_only_for_who_may_see_it(browser: Browser, new_browser: Callable[[], Browser]) -> None:
    line, *_ = send(browser, upload(browser, photo())).json()["messages"]
    other, nobody = new_browser(), new_browser()
    other.begin()
    params = {"size": "small"}
    assert problem(other.client.get(line["media"][0]["url"], params=params), 404)["code"] == "not_found"
    assert nobody.client.get(line["media"][0]["url"], params=params).status_code == 401


def test_a_recording_has_no_small_one(services: Services, browser: Browser) -> None:
    line, *_ = send(browser, upload(browser, b"OggS" + bytes(400))).json()["messages"]
    heard = browser.client.get(line["media"][0]["url"], params={"size": "small"})
    assert (heard.status_code, heard.headers["content-type"]) == (200, "audio/ogg")


# -- of the department -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("photos", [(HOSTILE,), ("javascript:alert(1)", "//evil.example/x.png")])
def test_of_the_departments_pictures_only_their_number_is_told(
    services: Services, browser: Browser, dispatcher: FakeDispatcher, photos: tuple[str, ...]
) -> None:
    complaint = mine(services, browser)
    relay_all(services)
    with services.unit_of_work() as tx:
        request = tx.backend_requests.of_complaint(complaint.id)
    assert request is not None
    dispatcher.do(request.request_id, "closed", note="修好了", photos=photos)
    services.dispatching.poll()

    answer = get(browser, f"/{complaint.number}")

    assert read(services, complaint).status is Status.CLOSED
    assert f"单位拍了{len(photos)}张照片" in answer.json()["card"]["timeline"][-1]["text"]
    for address in photos:
        assert address not in answer.text and "evil" not in answer.text and "169.254" not in answer.text
    assert answer.json()["media"] == []
    assert "evil" not in str(browser.messages()) and "169.254" not in str(browser.messages())
