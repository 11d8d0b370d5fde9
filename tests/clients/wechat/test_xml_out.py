"""A reply stays one text to one citizen, whatever stands in it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.clients.wechat.xml_out import cdata, legal, text_reply

AT = 1_763_800_000


def reply(content: str, *, to: str = "o1", from_: str = "gh_1") -> Element:
    root: Element = fromstring(text_reply(to=to, from_=from_, at=AT, content=content), forbid_dtd=True)
    return root


def fields(root: Element) -> dict[str, str | None]:
    assert len({child.tag for child in root}) == len(root)
    return {child.tag: child.text for child in root}


@pytest.mark.parametrize(
    "content",
    [
        "]]>",
        "]]]]>>",
        "]]]]><![CDATA[>",
        "]]></Content><MsgType>news</MsgType><Content><![CDATA[",
        "a]",
        "]]",
        ">",
        "<xml>&amp;&lt;</xml>",
        '<a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=1">1</a>',
        "👨‍👩‍👧‍👦🏳️‍🌈",
        "一行\n两行",
    ],
)
def test_what_looks_like_xml_comes_back_as_it_was(content: str) -> None:
    assert fields(reply(content)) == {
        "ToUserName": "o1",
        "FromUserName": "gh_1",
        "CreateTime": str(AT),
        "MsgType": "text",
        "Content": content,
    }


def test_names_are_no_xml_either() -> None:
    found = fields(reply("好", to="]]><MsgType>x</MsgType>", from_="<a>"))
    assert (found["ToUserName"], found["FromUserName"]) == ("]]><MsgType>x</MsgType>", "<a>")


def test_characters_that_xml_forbids_are_dropped() -> None:
    assert reply("路\x00灯\x08\x0b\x1f坏\ufffe\uffff\ud800了\udfff").findtext("Content") == "路灯坏了"


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="\r"), min_size=1, max_size=500))
def test_every_text_comes_back_but_for_what_xml_forbids(text: str) -> None:
    if not legal(text).strip():
        with pytest.raises(ValueError, match="not"):
            reply(text)
    else:
        assert reply(text).findtext("Content") == legal(text)


@settings(deadline=None)
@given(st.text(st.sampled_from("]>[<!CDATA&\x00"), max_size=60))
def test_no_mixture_of_brackets_ends_the_section(text: str) -> None:
    root: Element = fromstring(f"<x>{cdata(text)}</x>")
    assert len(root) == 0 and (root.text or "") == legal(text)


@pytest.mark.parametrize("content", ["x" * 2048, "路" * 682 + "xx", "😀" * 512, "\x00" + "x" * 2048])
def test_2048_bytes_are_carried(content: str) -> None:
    assert reply(content).findtext("Content") == legal(content)


@pytest.mark.parametrize("content", ["x" * 2049, "路" * 683, "😀" * 512 + "x", "", "\x00", " \n"])
def test_nothing_and_one_byte_more_are_errors_of_the_caller_and_show_no_word(content: str) -> None:
    with pytest.raises(ValueError, match="2048") as error:
        reply(content)
    assert "路" not in str(error.value)
