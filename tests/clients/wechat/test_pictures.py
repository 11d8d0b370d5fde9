"""Pictures by their address: only from the one host, whatever an address tries."""

from __future__ import annotations

import httpx
import pytest

from integrations.clients.wechat.pictures import LARGEST, Pictures
from integrations.services.errors import TryLater
from integrations.services.wechat.errors import MediaGone, MediaTooLarge
from tests.clients.wechat.server import FakeWechat, Reply, fails, says, serving, write

PICTURE, PATH = b"\xff\xd8\xff picture", "/mmbiz_jpg/abc-DEF_9/0"
FINE = says(PICTURE, content_type="image/jpeg")


def pictures(host: FakeWechat, url: str = "https://mmbiz.qpic.cn") -> Pictures:
    return Pictures(url, transport=httpx.MockTransport(host))


def served(*replies: Reply) -> FakeWechat:
    host = FakeWechat()
    host.script(PATH, *(replies or (FINE,)))
    return host


@pytest.mark.parametrize(
    "address",
    [
        "",
        "mmbiz.qpic.cn" + PATH,
        "//mmbiz.qpic.cn" + PATH,
        "ftp://mmbiz.qpic.cn" + PATH,
        "file:///etc/passwd",
        "gopher://mmbiz.qpic.cn/x",
        "https://evil.example" + PATH,
        "https://mmbiz.qpic.cn.evil.example" + PATH,
        "https://evil.example/?mmbiz.qpic.cn" + PATH,
        "https://evil.example#mmbiz.qpic.cn" + PATH,
        "https://x.mmbiz.qpic.cn" + PATH,
        "https://qpic.cn" + PATH,
        "https://mmbiz.qpic.cn." + PATH,
        "https://mmbiz.qpic.cn@evil.example" + PATH,
        "https://user@mmbiz.qpic.cn" + PATH,
        "https://user:word@mmbiz.qpic.cn" + PATH,
        "https://mmbiz.qpic.cn:8443" + PATH,
        "http://mmbiz.qpic.cn:80" + PATH,
        "http://mmbiz.qpic.cn:6379" + PATH,
        "https://mmbiz.qpic.cn:" + PATH,
        "https://mmbiz.qpic.cn:99999" + PATH,
        "https://mmbiz.qpic.cn:x" + PATH,
        "https://127.0.0.1" + PATH,
        "https://[::1]" + PATH,
        "https://[::1" + PATH,
        "https://2130706433" + PATH,
        "https://169.254.169.254/latest/meta-data",
        "https://localhost" + PATH,
        "https:\\\\evil.example" + PATH,
        "https://mmbiz.qpic.cn\\@evil.example" + PATH,
        "https://mmbiz.qpic.cn\n.evil.example" + PATH,
        "https://mmbiz.qpic.cn/a b",
        "https://mmbiz.qpic.cn/a\r\nhost: evil",
        "https://ｍmbiz.qpic.cn" + PATH,
        "https://mmbiz.qpic.cn/" + "a" * 3000,
    ],
)
def test_every_other_address_is_never_asked(address: str) -> None:
    host = served()
    with pytest.raises(MediaGone):
        pictures(host).picture(address)
    assert host.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "https://mmbiz.qpic.cn" + PATH,
        "https://MMBIZ.qpic.cn" + PATH,
        "https://mmbiz.qpic.cn:443" + PATH,
        "http://mmbiz.qpic.cn" + PATH,
        "https://mmbiz.qpic.cn" + PATH + "#part",
    ],
)
def test_a_picture_of_the_host_is_fetched_and_always_over_tls(address: str) -> None:
    host = served()
    assert pictures(host).picture(address) == PICTURE
    assert str(host.asked[0].url) == "https://mmbiz.qpic.cn" + PATH


def test_a_query_is_kept_and_a_path_that_looks_like_a_host_stays_a_path() -> None:
    host = FakeWechat()
    host.script("//evil.example/x", FINE)
    pictures(host).picture("https://mmbiz.qpic.cn//evil.example/x?wx_fmt=jpeg&a=%2F@b")
    (request,) = host.asked
    assert (request.url.host, request.url.query) == ("mmbiz.qpic.cn", b"wx_fmt=jpeg&a=%2F@b")


def test_plain_http_is_used_only_where_the_setting_itself_says_so() -> None:
    host = served()
    local = pictures(host, "http://127.0.0.1:8123")
    assert local.picture("http://127.0.0.1:8123" + PATH) == PICTURE
    for other in ("http://127.0.0.1" + PATH, "http://127.0.0.1:8124" + PATH):
        with pytest.raises(MediaGone):
            local.picture(other)
    assert [request.url.scheme for request in host.asked] == ["http"]


def test_without_a_setting_nothing_is_fetched() -> None:
    with pytest.raises(MediaGone):
        pictures(served(), "").picture("https://mmbiz.qpic.cn" + PATH)


def test_a_redirect_is_not_followed() -> None:
    host = served(says(b"", 302, location="https://mmbiz.qpic.cn/other", content_type="image/jpeg"))
    with pytest.raises(MediaGone):
        pictures(host).picture("https://mmbiz.qpic.cn" + PATH)
    assert len(host.asked) == 1


def test_no_cookie_or_credential_goes_along() -> None:
    host = served(says(PICTURE, content_type="image/png", set_cookie="a=1"))
    fetching = pictures(host)
    for _ in range(2):
        fetching.picture("https://mmbiz.qpic.cn" + PATH)
    for request in host.asked:
        assert not {"cookie", "authorization", "referer"} & set(request.headers)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (says(b"", 404), MediaGone),
        (says(b"", 403), MediaGone),
        (says(b"<html>", content_type="text/html"), MediaGone),
        (says({"errcode": 40007}), MediaGone),
        (says(b"", content_type="image/jpeg"), MediaGone),
        (says(b"", 500), TryLater),
        (says(b"", 503), TryLater),
        (says(b"", 429), TryLater),
        (says(PICTURE, content_type="image/jpeg", content_encoding="gzip"), TryLater),
        (fails(httpx.ConnectError("refused")), TryLater),
        (fails(httpx.ReadTimeout("slow")), TryLater),
        (says(b"x" * (LARGEST + 1), content_type="image/jpeg"), MediaTooLarge),
    ],
)
def test_what_is_no_picture_is_named_by_what_to_do(reply: Reply, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        pictures(served(reply)).picture("https://mmbiz.qpic.cn" + PATH)
    assert PATH not in str(caught.value)


def test_a_picture_from_a_real_server_comes_whole() -> None:
    whole = bytes(range(256)) * 4000
    with serving(lambda handler: write(handler, whole, content_type="image/jpeg; q=1")) as server:
        assert Pictures(server.url).picture(server.url + PATH) == whole
