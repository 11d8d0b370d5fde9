"""A sketched city for reading texts: two districts, two streets each, some villages and roads; and hostile texts.

Nothing of it exists, so a test that passes does so by the rules and not by the lists of a city.
"""

import random
from itertools import pairwise

from kb.places.element import Element
from kb.places.gazetteer import Division, Gazetteer, NamedPlace

EAST, WEST = "990101", "990102"
ELM, RIDGE = f"{EAST}001", f"{EAST}002"
MOUTH, DRAGON = f"{WEST}001", f"{WEST}002"
DIVISIONS = (
    Division(EAST, "district", "东岬区", "9901", ("东岬", "老岬县")),
    Division(WEST, "district", "西湾区", "9901", ("西湾",)),
    Division(ELM, "street", "榆钱街道", EAST, ("榆钱", "榆钱街道办")),
    Division(RIDGE, "street", "中峰镇", EAST, ("中峰",)),
    Division(MOUTH, "street", "河埠街道", WEST),
    Division(DRAGON, "street", "龙牙街道", WEST),
    Division(f"{ELM}001", "community", "柳塘村村民委员会", ELM, ("柳塘村", "柳塘")),
    Division(f"{MOUTH}001", "community", "沙坡社区居民委员会", MOUTH, ("沙坡社区", "沙坡")),
    Division(f"{DRAGON}001", "community", "柳塘社区居民委员会", DRAGON, ("柳塘社区", "柳塘")),
    Division(f"{DRAGON}002", "community", "蟹屯村村民委员会", DRAGON, ("蟹屯村", "蟹屯")),
)
FORMER = (
    Division("", "street", "石磨镇", EAST, ("石磨",), was="2001年并入"),
    Division("", "community", "旧柳庄村", MOUTH, ("旧柳庄",), was="已合并"),
)
PLACES = (
    NamedPlace("海泉路", "road", ("东岬区",), "榆钱街道"),
    NamedPlace("海泉一路", "road", ("东岬区",), None, ("海泉头路",)),
    NamedPlace("人和路", "road", ("东岬区", "西湾区"), None),
    NamedPlace("蟹湾中路", "road", ("西湾区",), None),
    NamedPlace("翠屏", "landmark", ("西湾区",), None),
    NamedPlace("鸥鸣广场", "park", ("东岬区",), "榆钱街道", ("鸥鸣",), 36.05, 120.05),
    NamedPlace("青杉小区", "compound", ("西湾区",), "河埠街道", (), 36.15, 119.95),
    NamedPlace("幸福小区", "compound", ("东岬区",), "中峰镇"),
    NamedPlace("幸福小区", "compound", ("西湾区",), "龙牙街道"),
)


def sketched() -> Gazetteer:
    """The city's gazetteer."""
    return Gazetteer({one.code: one for one in DIVISIONS}, PLACES, FORMER)


# Names, parts of names, endings, words around them, and what no sentence should have.
PIECES = (
    *(name for one in DIVISIONS for name in (one.name, *one.aliases)),
    *(one.name for one in PLACES),
    *"东岬区西湾榆钱街道中峰镇河埠龙牙柳塘村海泉路人和蟹湾翠屏鸥鸣广场青杉小区支苑城居委会办事处社新国际",
    *"北一二三十百1290甲与和到从不是在住家号楼单元室门口期组院段线对面附近米站桥",
    *"，。、；！？,.;!?()（）-－—/\\|·:：\"'",
    *("G204", "308国道", "3号楼", "2单元501", "往北走200米", "我家住", "不是在", "人家", "公司", "啤酒", "路口"),
    *(
        " ",
        "\t",
        "\n",
        "\r",
        "\0",
        "\u3000",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\u0301",
        "\U00020000",
        "□",
        "😀",
        "ⅷ",
        "１",
    ),
    *("A", "z", "é", "я", "ا", "ガ", "{", "}", "[", "^", "$", "*", "+", "?", "%s"),
)
LONGEST = 200


def hostile(chance: random.Random) -> str:
    """A text of up to 200 characters."""
    return "".join(chance.choices(PIECES, k=chance.randint(1, LONGEST)))[: chance.randint(1, LONGEST)]


def check(text: str, elements: list[Element]) -> None:
    """What holds for the elements of every text."""
    for one in elements:
        assert 0 <= one.start < one.end <= one.tail <= len(text), (text, one)
        assert one.name, (text, one)
    for one, after in pairwise(elements):
        assert one.tail <= after.start, (text, one, after)
