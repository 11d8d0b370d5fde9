"""Plain facts about text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kb.text import (
    bigrams,
    clean,
    find_phone,
    find_since,
    folded,
    hide_personal,
    mask_phone,
    says_something,
    shortened,
    spoken_digits,
)


@pytest.mark.parametrize(
    ("given_text", "meant"),
    [
        ("路灯\x00坏\x07了", "路灯坏了"),
        ("路\u200b灯\u200c坏\u200d了", "路灯坏了"),
        ("\ufeff路灯坏了", "路灯坏了"),
        ("路灯\u202e坏了\u202c", "路灯坏了"),
        ("\u2066路灯\u2069坏了", "路灯坏了"),
        ("路灯\u200e坏\u200f了", "路灯坏了"),
        ("路灯  坏了\u3000\u3000在海尔路\t", "路灯 坏了 在海尔路"),
        ("路灯坏了\r\n三天了\r没人修", "路灯坏了\n三天了\n没人修"),
        ("  \n路灯坏了 \n ", "路灯坏了"),
        ("e\u0301", "é"),
        ("уличный фонарь", "уличный фонарь"),
        ("\u200b\u202e\x00", ""),
        ("", ""),
    ],
)
def test_clean_keeps_what_the_citizen_meant_and_drops_what_nobody_types(given_text: str, meant: str) -> None:
    assert clean(given_text) == meant


@given(st.text(st.characters(codec="utf-8"), max_size=60))
@example("e\u200b\u0301")
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_nothing_invisible_is_left(text: str) -> None:
    assert not set(clean(text)) & {chr(n) for n in (*range(9), *range(0x200B, 0x2010), *range(0x202A, 0x202F))}


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("我电话13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("138－1234－5678", "13812345678"),
        ("座机0532-85912345", "053285912345"),
        ("053285912345", "053285912345"),
        ("座机0532-85912345，手机13812345678", "13812345678"),
        ("19912345678或13812345678", "19912345678"),
        ("+8613812345678", "13812345678"),
        ("1381234567", None),
        ("138123456789", None),
        ("12812345678", None),
        ("身份证370202199001011234", None),
        ("编号481720935562", None),
        ("没有电话", None),
        ("", None),
    ],
)
def test_the_first_phone_is_found_and_nothing_that_only_looks_like_one(text: str, phone: str | None) -> None:
    assert find_phone(text) == phone


@given(st.text(st.sampled_from("0123456789１３８٣٨ -－电话"), max_size=24))
def test_a_phone_is_plain_digits(text: str) -> None:
    phone = find_phone(text)
    assert phone is None or (phone.isascii() and phone.isdigit())


def test_a_masked_phone_shows_its_owner_enough_and_nobody_else() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("053285912345") == "053****2345"
    assert mask_phone("12345") == "****"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("找我13812345678", "找我（电话已隐藏）"),
        ("找我138-1234-5678或0532-85912345", "找我（电话已隐藏）或（电话已隐藏）"),
        ("身份证370202199001011234", "身份证（证件号已隐藏）"),
        ("身份证37020219900101123X", "身份证（证件号已隐藏）"),
        ("身份证37020219900101123x，电话13812345678", "身份证（证件号已隐藏），电话（电话已隐藏）"),
        ("海尔路65号3号楼的路灯", "海尔路65号3号楼的路灯"),
        ("编号481720935562", "编号481720935562"),
    ],
)
def test_phones_and_identity_cards_are_hidden_and_addresses_stay(text: str, left: str) -> None:
    assert hide_personal(text) == left


@pytest.mark.parametrize(
    "text", ["１３８１２３４５６７８", "138－1234－5678", "+8613812345678", "３７０２０２１９９００１０１１２３４"]
)
def test_a_number_typed_another_way_is_hidden_too(text: str) -> None:
    assert "已隐藏" in hide_personal(f"找我{text}谢谢")


@given(st.text(st.sampled_from("0123456789１２３ -－Xx电话路灯，"), max_size=40))
def test_a_phone_that_can_be_found_is_never_left_to_read(text: str) -> None:
    assert find_phone(hide_personal(text)) is None


SINCE = [
    ("路灯坏了三天了", "三天了"),
    ("昨晚十点就开始吵", "昨晚十点"),
    ("都半个月了没人管", "都半个月了"),
    ("半个月了", "半个月了"),
    ("昨晚22点", "昨晚22点"),
    ("昨晚10:30", "昨晚10:30"),
    ("从昨天晚上开始停水", "从昨天晚上开始"),
    ("今天早上8点停的", "今天早上8点"),
    ("前天下午三点半", "前天下午三点半"),
    ("大前天", "大前天"),
    ("上周三来过一次", "上周三"),
    ("上个月报过", "上个月"),
    ("去年就这样", "去年"),
    ("最近总停电", "最近"),
    ("这几天一直冒水", "这几天"),
    ("每天晚上都吵", "每天晚上"),
    ("天天半夜放炮", "天天半夜"),
    ("刚才有人撞了", "刚才"),
    ("10月3日晚上塌的", "10月3日晚上"),
    ("11月20号开始不热", "11月20号开始"),
    ("一年多了", "一年多了"),
    ("快两个月了", "快两个月了"),
    ("已经一个多星期了", "已经一个多星期了"),
    ("都半年多了", "都半年多了"),
    ("停了两个小时", "两个小时"),
    ("20多天了", "20多天了"),
    ("2年了", "2年了"),
    ("二十分钟前", "二十分钟前"),
    ("三四天了", "三四天了"),
    ("几个月了", "几个月了"),
    ("5号楼下水道堵了三天了", "三天了"),
    ("海尔路65号，昨天就这样", "昨天"),
    ("三天了，从昨天更厉害", "三天了"),
    ("十来天了没人收", "十来天了"),
    ("从周一开始停水", "从周一开始"),
]


@pytest.mark.parametrize(("text", "since"), SINCE)
def test_since_when_is_found_in_the_citizens_own_words(text: str, since: str) -> None:
    assert find_since(text) == since


@pytest.mark.parametrize(
    "text",
    [
        "65号",
        "海尔路65号",
        "3号楼",
        "三号楼二单元",
        "地铁3号线",
        "一楼漏水",
        "路灯坏了",
        "12345打不通",
        "",
        "孩子上三年级，学校门口没有斑马线",
        "三天两头停水",
        "一天到晚放音乐",
    ],
)
def test_numbers_and_idioms_are_not_a_time(text: str) -> None:
    assert find_since(text) is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("四八一七 2093", "48172093"),
        ("幺三八", "138"),
        ("两零二六", "2026"),
        ("４８１７", "4817"),
        ("壹贰叁肆伍陆柒捌玖", "123456789"),
        ("零〇0", "000"),
        ("①②", "12"),
        ("没有数字", ""),
    ],
)
def test_spoken_and_full_width_digits_are_digits(text: str, digits: str) -> None:
    assert spoken_digits(text) == digits


@given(st.text(max_size=60))
def test_digits_are_always_plain(text: str) -> None:
    assert all(c in "0123456789" for c in spoken_digits(text))


@pytest.mark.parametrize("text", ["", "  ", "？？？", "😀😀", "……", "👍🏻"])
def test_signs_alone_say_nothing(text: str) -> None:
    assert not says_something(text)


@pytest.mark.parametrize("text", ["灯", "1", "a", "😀灯", "ок"])
def test_one_letter_says_something(text: str) -> None:
    assert says_something(text)


def test_two_spellings_fold_to_one() -> None:
    assert folded("ＡＢ 路　１２号") == folded("ab路12号") == "ab路12号"


def test_likeness_ignores_punctuation_and_width() -> None:
    assert bigrams("路灯，坏了！") == bigrams("路灯坏了") == {"路灯", "灯坏", "坏了"}
    assert bigrams("灯") == {"灯"}
    assert bigrams("！？") == set()


def test_a_cut_is_marked_and_never_longer_than_the_limit() -> None:
    assert shortened("路灯坏了，三天了", 20) == "路灯坏了，三天了"
    assert shortened("路灯坏了，三天了", 6) == "路灯坏了…"
    assert shortened("路灯\n坏了", 20) == "路灯 坏了"


@given(st.text(max_size=80), st.integers(min_value=2, max_value=50))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= limit
