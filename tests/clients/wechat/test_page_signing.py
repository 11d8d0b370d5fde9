"""The JS-SDK's signature, by the worked example of WeChat's documentation."""

from __future__ import annotations

import pytest

from integrations.clients.wechat.page_signing import signed

TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
URL = "http://mp.weixin.qq.com?params=value"


@pytest.mark.parametrize("tail", ["", "#wechat_redirect", "#a?b#c"])
def test_the_official_example_is_signed_as_wechat_does_whatever_follows_the_hash(tail: str) -> None:
    made = signed(TICKET, URL + tail, noncestr="Wm3WZYTPz0wzccnW", timestamp=1414587457)
    assert made == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_another_page_has_another_signature() -> None:
    once = {signed(TICKET, f"{URL}{more}", noncestr="n", timestamp=1) for more in ("", "&a=1", "/")}
    assert len(once) == 3
