"""What leads into somebody's home is in no place's words; house numbers, buildings and roads stay."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.places import without_flat

FLATS = [
    "501", "501室", "501 室", "501户", "1203房", "502房间", "五零二室", "五〇二户", "伍零贰室", "五百零二室", "五零二",
    "2单元", "2单元501", "2单元501室", "2 单元 501 室", "２单元５０１室", "2单元，501", "2单元-501", "三单元五零二室",
    "二单元五零二", "一单元一零一", "壹单元伍零贰室", "甲单元301", "A单元301", "2单元601号", "2单元5楼", "二单元三楼",
    "1单元1楼东户", "2单元6层601", "二单元十二楼1202室", "二单元四楼东户", "四楼东户", "5楼西户", "2门401", "二门401",
    "2-1-501", "2-1-501室", "2－1－501", "2—1—501", "2 - 1 - 501", "3-2-5-1", "二杠一杠五零二", "12-301", "2-501室",
]  # fmt: skip
AFTER_A_BUILDING = ["1-302", "2-501室", "1-2-302", "1203", "1203房", "B501", "601号", "五零二", "-502", "，501", " 501"]
STAY = [
    "12号", "688号", "合肥路100-3号", "100-3号", "36-1号", "五号-2", "甲3号", "12号楼", "3号楼", "A12栋", "5幢", "A座",
    "3-5-7号楼", "二期", "五区", "2区3号楼", "8号大院", "123号门头", "123号至135号", "308国道", "G204国道", "S209",
    "204路公交站", "2号线", "100米", "往北走200米处", "2026年", "2026-11-21", "401医院", "39中", "三中", "第三中学",
    "路灯杆号1234", "井盖编号0532", "一楼大厅", "二楼餐厅", "B1层停车场", "500平方米", "两室一厅", "三户人家",
    "4S店", "120公里处", "三号楼和五号楼之间", "一百二十户", "北门", "二院", "八中", "十字路口", "三百米",
]  # fmt: skip
NUMBERS = ["13812345678", "138-1234-5678", "１３８１２３４５６７８", "0532-85012345", "85012345", "+86 138 1234 5678",
           "370203199001011234", "37020319900101123X", "一三八一二三四五六七八"]  # fmt: skip
_LEFT = re.compile(r"单元|[室户杠]|501|502|301|302|401|601|1202|1203|零|[东西]户|[-－—]$")


@pytest.mark.parametrize("flat", FLATS)
@pytest.mark.parametrize("before", ["老槐树小院", "老槐树小院3号楼", "老槐树小院88号", ""])
@pytest.mark.parametrize("after", ["", "楼下"])
def test_unit_and_flat_are_taken_out(before: str, flat: str, after: str) -> None:
    left = without_flat(f"{before}{flat}{after}")
    assert not _LEFT.search(left), left
    assert left.startswith(before)


@pytest.mark.parametrize("flat", AFTER_A_BUILDING)
@pytest.mark.parametrize("building", ["3号楼", "三号楼", "8栋", "A座", "5幢", "3#楼"])
def test_a_flat_right_after_its_building_is_taken_out_and_the_building_stays(building: str, flat: str) -> None:
    assert without_flat(f"小院{building}{flat}") == f"小院{building}"


@pytest.mark.parametrize("said", STAY)
@pytest.mark.parametrize("before", ["", "老槐树"])
def test_what_leads_a_worker_there_stays(before: str, said: str) -> None:
    assert without_flat(before + said) == before + said


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("around", ["大坑旁边{}", "{}大坑旁边", "大坑旁边，电话{}"])
def test_telephones_and_identity_cards_are_taken_out(number: str, around: str) -> None:
    left = without_flat(around.format(number))
    assert not re.search(r"\d|[一-九]{2}", left), left
    assert left.startswith("大坑旁边")
    assert not left.endswith(("；", "，", "-"))


@given(st.integers(1, 999), st.integers(1, 30), st.integers(1, 9), st.integers(1, 33), st.integers(1, 12))
def test_every_house_and_building_stays_and_every_flat_goes(
    house: int, building: int, unit: int, floor: int, door: int
) -> None:
    there, flat = f"合肥路{house}号翠湖小区{building}号楼", f"{floor}{door:02}"
    for home in (f"{unit}单元{flat}", f"{unit}单元{flat}室", f"{unit}-{flat}", f"{unit}-{flat}室", f"{flat}室", flat):
        assert without_flat(there + home) == there
        assert without_flat(f"{there}{home}漏水") == f"{there}漏水"


@given(st.text(alphabet="一二三零0123456789-—号楼栋室户单元门层东西 路#A杠", max_size=60))
def test_taking_out_is_done_once_and_never_adds_anything(text: str) -> None:
    left = without_flat(text)
    assert len(left) <= len(text)
    assert left == " ".join(left.split())


@pytest.mark.parametrize("piece", ["1", "一", "1-", "1 ", "一单元", "1单元1", "号楼1", "一二", "1 - "])
def test_a_long_text_takes_no_time(piece: str) -> None:
    began = time.perf_counter()
    without_flat(piece * (4_000 // len(piece)))
    assert time.perf_counter() - began < 1
