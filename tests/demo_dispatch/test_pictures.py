"""A clerk's pictures: real ones only, written anew, shown to whoever knows the address."""

import io
import random
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from integrations.demo_dispatch.app import create_app
from integrations.demo_dispatch.pictures import LARGEST_BYTES, LONGEST_SIDE, PictureRefused, written_anew
from integrations.demo_dispatch.settings import Settings

from .conftest import KEY, OWN_URL, Citizen, Photo, StillClock

GPS, ORIENTATION = 0x8825, 0x0112


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), **how: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "red").save(target, form, **how)  # type: ignore[arg-type]
    return target.getvalue()


def a_photo(name: str = "现场.jpg") -> Photo:
    return (name, picture(), "image/jpeg")


def opened(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg), formats=["JPEG"])


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_every_kind_that_is_taken_becomes_a_jpeg(form: str) -> None:
    (jpeg,) = written_anew([("a", picture(form))])

    red, green, blue = opened(jpeg).convert("RGB").getpixel((10, 10))  # type: ignore[misc]
    assert red > 240
    assert green < 20
    assert blue < 20


def test_nothing_that_the_camera_noted_survives() -> None:
    exif = Image.Exif()
    exif[0x010F] = "MyCamera"
    exif.get_ifd(GPS)[2] = (36.0, 4.0, 1.0)
    content = picture(exif=exif, comment=b"13812345678") + b"<script>hidden behind the end</script>"

    (jpeg,) = written_anew([("a.jpg", content)])

    assert b"MyCamera" in content
    assert not dict(opened(jpeg).getexif())
    for word in (b"MyCamera", b"Exif", b"13812345678", b"<script>"):
        assert word not in jpeg


def test_a_picture_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6

    (jpeg,) = written_anew([("a.jpg", picture(size=(64, 48), exif=exif))])

    assert opened(jpeg).size == (48, 64)


def test_a_large_picture_becomes_smaller_and_keeps_its_shape() -> None:
    (jpeg,) = written_anew([("a.jpg", picture(size=(4000, 3000)))])

    assert opened(jpeg).size == (LONGEST_SIDE, LONGEST_SIDE * 3 // 4)


def test_what_is_transparent_becomes_white() -> None:
    target = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(target, "PNG")

    (jpeg,) = written_anew([("a.png", target.getvalue())])

    assert opened(jpeg).convert("L").getpixel((5, 5)) == 255


GIF, BMP = picture("GIF"), picture("BMP")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    "content", [b"", b"hello", GIF, BMP, SVG, b"%PDF-1.7", picture()[:200], picture("PNG")[:60], picture("WEBP")[:30]]
)
def test_what_is_no_picture_of_ours_is_refused(content: bytes) -> None:
    with pytest.raises(PictureRefused) as refused:
        written_anew([("表.jpg", content)])
    assert (refused.value.reason, refused.value.name) == ("kind", "表.jpg")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 10_000))
def test_a_broken_file_is_taken_or_refused_and_never_anything_else(form: str, seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(picture(form, size=(40, 30)))
    for _ in range(chance.randint(1, 12)):
        content[chance.randrange(len(content))] = chance.randrange(256)

    try:
        (jpeg,) = written_anew([("x", bytes(content[: chance.randint(1, len(content))]))])
    except PictureRefused:
        return
    assert opened(jpeg).format == "JPEG"


@pytest.mark.parametrize("size", [(20_000, 20_000), (10_000, 5_001)])
def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused(size: tuple[int, int]) -> None:
    target = io.BytesIO()
    Image.new("1", size).save(target, "PNG")
    assert len(target.getvalue()) < 100_000

    with pytest.raises(PictureRefused) as refused:
        written_anew([("bomb.png", target.getvalue())])
    assert refused.value.reason == "large"


def test_too_many_or_too_large_are_refused() -> None:
    with pytest.raises(PictureRefused) as many:
        written_anew([("a", picture())] * 4)
    with pytest.raises(PictureRefused) as large:
        written_anew([("a", b"\0" * (LARGEST_BYTES + 1))])
    assert (many.value.reason, large.value.reason) == ("many", "large")


# -- at the desk -------------------------------------------------------------------------------------------------


def assigned(citizen: Citizen) -> str:
    number = citizen.file()
    citizen.step(number, "accepted")
    citizen.step(number, "assigned", "二班")
    return number


def test_a_picture_goes_with_its_step_to_reader_and_page(citizen: Citizen) -> None:
    number = assigned(citizen)

    citizen.step(number, "answered", "已到场", photos=[a_photo("一.jpg"), a_photo("二.jpg")])

    urls = citizen.history(number)[-1]["photos"]
    assert len(set(urls)) == 2
    assert citizen.history(number)[0]["photos"] == []
    for url in urls:
        answer = citizen.client.get(url.removeprefix(OWN_URL))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert opened(answer.content).size == (64, 48)
    page = citizen.client.get(f"/requests/{number}").text
    assert page.count("<img") == 2
    assert "img-src 'self'" in citizen.client.get(f"/requests/{number}").headers["content-security-policy"]


def test_a_picture_is_for_whoever_knows_its_address_and_kept_nowhere(citizen: Citizen) -> None:
    number = assigned(citizen)
    citizen.step(number, "closed", "已修复", photos=[a_photo()])
    (url,) = citizen.history(number)[-1]["photos"]

    answer = citizen.client.get(url.removeprefix(OWN_URL))

    assert len(url.rpartition("/")[2]) == len("0" * 32 + ".jpg")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-robots-tag"] == "noindex"
    unknown = citizen.client.get(f"/photos/{'0' * 32}.jpg")
    assert (unknown.status_code, "没有这个页面" in unknown.text) == (404, True)


@pytest.mark.parametrize(
    ("photos", "words"),
    [
        ([("表.pdf", b"%PDF-1.7", "application/pdf")], "“表.pdf”打不开"),
        ([("假.jpg", b"not one", "image/jpeg")], "“假.jpg”打不开"),
        ([("大.jpg", b"\0" * (LARGEST_BYTES + 1), "image/jpeg")], "“大.jpg”太大了"),
        ([a_photo()] * 4, "一次最多 3 张照片"),
        ([("<b>.jpg", b"no", "image/jpeg")], "“&lt;b&gt;.jpg”打不开"),
    ],
)
def test_a_file_that_is_not_taken_is_explained_and_the_words_are_kept(
    citizen: Citizen, photos: list[Photo], words: str
) -> None:
    number = assigned(citizen)

    answer = citizen.send(number, citizen.form(number, "answered", "已经到场看过"), photos)

    assert answer.status_code == 409
    assert words in answer.text
    assert "照片需要重新选择" in answer.text
    assert "已经到场看过" in answer.text
    assert citizen.states(number) == ["accepted", "assigned"]


def test_an_empty_file_field_is_no_picture(citizen: Citizen) -> None:
    number = assigned(citizen)

    answer = citizen.send(number, citizen.form(number, "answered", "已到场"), [("", b"", "application/octet-stream")])

    assert answer.status_code == 303
    assert citizen.history(number)[-1]["photos"] == []


def test_a_second_tap_keeps_one_picture(citizen: Citizen, settings: Settings) -> None:
    number = assigned(citizen)
    form = citizen.form(number, "answered", "已到场")

    answers = [citizen.send(number, form, [a_photo()]) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(citizen.history(number)[-1]["photos"]) == 1


def test_a_step_that_takes_no_pictures_leaves_them_aside(citizen: Citizen) -> None:
    number = citizen.file()

    citizen.step(number, "accepted", photos=[a_photo()])

    assert citizen.history(number)[-1]["photos"] == []


def test_a_body_without_end_is_refused_with_a_page(citizen: Citizen) -> None:
    number = assigned(citizen)
    huge = [("大.jpg", b"\0" * (40 * 1024 * 1024), "image/jpeg")]

    answer = citizen.send(number, citizen.form(number, "answered", "已到场"), huge)

    assert answer.status_code == 413
    assert "太大了" in answer.text
    assert citizen.states(number) == ["accepted", "assigned"]


def test_pictures_survive_a_restart(settings: Settings, clock: StillClock, tmp_path: Path) -> None:
    with TestClient(create_app(settings, clock=clock)) as client:
        citizen = Citizen(client)
        number = assigned(citizen)
        citizen.step(number, "answered", "已到场", photos=[a_photo()])

    with TestClient(create_app(Settings(settings.database, KEY), clock=clock)) as client:
        (url,) = Citizen(client).history(number)[-1]["photos"]
        assert opened(client.get(url).content).size == (64, 48)
