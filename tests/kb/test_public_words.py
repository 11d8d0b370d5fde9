"""Nothing personal is left in what other citizens read; what the problem is and where stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.places import Place
from kb.public_words import left, public_place, public_words

# What is said of a person, and what of it must be gone.
PERSONAL = [
    ("电话13812345678", "2345678"),
    ("打138-1234-5678", "5678"),
    ("打１３８１２３４５６７８", "345678"),
    ("打1 3 8 1 2 3 4 5 6 7 8", "7 8"),
    ("打138.1234.5678", "5678"),
    ("打一三八一二三四五六七八", "五六七"),
    ("座机0532-85012345", "850"),
    ("身份证370203199001011234", "1990"),
    ("身份证 370203 19900101 123X", "1990"),
    ("我叫张伟", "张伟"),
    ("我叫欧阳小明", "小明"),
    ("我叫阿依古丽", "古丽"),
    ("我名叫做李雷", "李雷"),
    ("我叫Tom", "Tom"),
    ("我叫张伟家住这里", "张伟"),
    ("本人姓王", "王"),
    ("我姓王", "王"),
    ("免贵姓欧阳", "欧阳"),
    ("我是王小明", "王小明"),
    ("姓名：李雷", "李雷"),
    ("联系人是韩梅梅", "梅"),
    ("王女士", "王"),
    ("翠湖小区3号楼2单元501", "501"),
    ("翠湖小区3号楼2单元501室", "单元"),
    ("翠湖小区3号楼2-501", "501"),
    ("3号楼三单元五零二", "五零二"),
    ("住在501", "501"),
    ("四楼东户", "东户"),
    ("微信abc_12345", "abc"),
    ("微信号是abc-12345", "abc"),
    ("加V：abc12345", "abc"),
    ("vx abc12345", "abc"),
    ("abc_12345是我微信", "abc"),
    ("wxid_9k2m1c", "9k2"),
    ("qq 12345678", "1234"),
    ("邮箱li.lei@example.com", "li.lei"),
    ("鲁B12345", "12345"),
    ("鲁B·D12345", "12345"),
    ("鲁Ｂ１２３４５", "345"),
    ("鲁b 1234学", "1234"),
    ("鲁BD12345", "D123"),
    ("车牌号B12345", "12345"),
]
STAY = [
    "我叫了三次物业都没人来",
    "我叫保安来也不管",
    "我叫他们别放了",
    "我是车主，车被划了",
    "我是高新区居民",
    "我是于家村的，路灯坏了",
    "合肥路100-3号门口井盖松动",
    "3号楼楼道灯不亮",
    "204路公交车站牌倒了",
    "2026-11-21 12:30开始停水",
    "打了12345没用",
    "室内只有16度",
    "1、2、3、5、6、7、8、9、10、11号楼都停水",
    "微信支付的物业费1200元一年",
    "路灯杆号1234不亮",
    "三户人家都漏水，两室一厅",
    "业主安全没人管",
]
_PARTS = st.one_of(
    st.sampled_from([said for said, _ in PERSONAL]),
    st.sampled_from(STAY),
    st.text(alphabet="我叫姓是王张李微信号车牌鲁Bb1２3五零室单元楼栋-－·:： ，。@vxwidqq先生女士某（）", max_size=12),
    st.text(max_size=8),
)


@pytest.mark.parametrize(("said", "gone"), PERSONAL)
@pytest.mark.parametrize("around", ["{}", "{}，路灯不亮", "路灯不亮，{}", "你好。{}。路灯不亮"])
def test_what_leads_to_a_person_is_gone_and_the_problem_stays(around: str, said: str, gone: str) -> None:
    shown = public_words(around.format(said))

    assert gone not in shown
    assert ("路灯不亮" in shown) is ("路灯不亮" in around)


@pytest.mark.parametrize("said", STAY)
def test_what_leads_to_nobody_stays(said: str) -> None:
    assert public_words(said) == said


def test_the_building_stays_and_the_flat_goes() -> None:
    assert public_words("翠湖小区3号楼2单元501漏水") == "翠湖小区3号楼漏水"


def test_what_is_taken_out_is_marked() -> None:
    said = "我叫张伟，鲁B12345停在3号楼2单元501门口，微信abc12345"

    assert public_words(said) == "我叫某某，（车牌已隐藏）停在3号楼门口，（联系方式已隐藏）"


@given(st.lists(_PARTS, max_size=5))
def test_nothing_is_left_and_twice_is_as_once(parts: list[str]) -> None:
    shown = public_words("".join(parts))

    assert left(shown) == []
    assert public_words(shown) == shown
    assert not re.search(r"1[3-9]\d{9}|\d{17}|\d单元", shown)


@given(st.text(max_size=300))
def test_any_text_gives_one_line(text: str) -> None:
    assert "\n" not in public_words(text)


def test_no_name_of_a_place_says_a_flat() -> None:
    place = Place("翠湖小区3号楼2单元501", "市南区", spot="翠湖小区3号楼501室", road="合肥路", lat=36.1, lon=120.4)

    shown = public_place(place)

    assert (shown.text, shown.spot, shown.road, shown.lat) == ("翠湖小区3号楼", "翠湖小区3号楼", "合肥路", 36.1)


def test_a_place_that_was_nothing_but_a_flat_is_no_name() -> None:
    assert public_place(Place("501室", spot="501室")).spot is None
