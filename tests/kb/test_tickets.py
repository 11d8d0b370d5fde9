"""Reading the city's own tickets: whose labels they are, what is left out, and every problem by file, row, column."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.csv_files import FileProblems
from kb.taxonomy import UNLISTED, Taxonomy
from kb.tickets import Kind, Tickets, known_codes, learnable, read_map, read_tickets, with_enough_rows
from tests.small_city import DUTIES, LAMP, NOISE, SMELL


@pytest.fixture(scope="module")
def known(tree: Taxonomy) -> dict[str, str]:
    return known_codes(tree, DUTIES)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """F.csv in the folder where the command runs, so that problems are named as people typed it."""
    monkeypatch.chdir(tmp_path)
    return Path("F.csv")


def write(path: Path, *lines: str, header: str = "text,label", encoding: str = "utf-8", end: str = "\n") -> Path:
    path.write_bytes("".join(f"{line}{end}" for line in (header, *lines)).encode(encoding))
    return path


def problems(path: Path, known: dict[str, str], mapping: dict[str, str] | None = None) -> tuple[str, ...]:
    with pytest.raises(FileProblems) as refused:
        read_tickets(path, known, mapping)
    assert str(refused.value).splitlines()[1:] == list(refused.value.problems)
    return refused.value.problems


def labels(tickets: Tickets) -> list[str]:
    return [row.label for row in tickets.rows]


# -- whose labels ------------------------------------------------------------------------------------------------


def test_codes_and_duties_with_or_without_prefix_are_our_codes(path: Path, known: dict[str, str]) -> None:
    write(path, f"路灯不亮,{LAMP}", "拖欠工资,labour_social", "欠薪半年,duty:labour_social")

    tickets = read_tickets(path, known)

    assert tickets.kind is Kind.CODES
    assert labels(tickets) == [LAMP, "duty:labour_social", "duty:labour_social"]


def test_other_words_are_the_citys_own_labels(path: Path, known: dict[str, str]) -> None:
    tickets = read_tickets(write(path, "路灯不亮,城乡建设", "拖欠工资,4101"), known)

    assert (tickets.kind, labels(tickets)) == (Kind.OWN, ["城乡建设", "4101"])


def test_where_most_are_codes_the_first_row_of_each_other_label_is_named(path: Path, known: dict[str, str]) -> None:
    write(path, f"一,{LAMP}", "二,城建", f"三,{SMELL}", "四,城建", f"五,{NOISE}", "六,999999", f"七,{LAMP}")

    assert problems(path, known) == (
        "F.csv:3: label: '城建' is none of our codes, as 4 other rows have",
        "F.csv:7: label: '999999' is none of our codes, as 4 other rows have",
    )


def test_where_most_are_own_labels_the_codes_are_named(path: Path, known: dict[str, str]) -> None:
    write(path, "一,城建", f"二,{LAMP}", "三,燃气")

    assert problems(path, known) == ("F.csv:3: label: '410101' is one of our codes, and 2 other rows have own labels",)


def test_what_is_for_the_unlisted_is_left_out_and_said(path: Path, known: dict[str, str]) -> None:
    tickets = read_tickets(write(path, f"一,{LAMP}", f"二,{UNLISTED}"), known)

    assert labels(tickets) == [LAMP]
    assert any("1 rows left out" in note and UNLISTED in note for note in tickets.notes)


# -- the map -----------------------------------------------------------------------------------------------------


def test_a_map_makes_own_labels_our_codes_and_an_empty_code_leaves_rows_out(path: Path, known: dict[str, str]) -> None:
    mapping = read_map(write(Path("MAP.csv"), f"灯,{LAMP}", "杂,", "欠薪,labour_social", header="label,code"), known)

    tickets = read_tickets(write(path, "路灯不亮,灯", "说不清,杂", "不发工资,欠薪"), known, mapping)

    assert (tickets.kind, labels(tickets)) == (Kind.CODES, [LAMP, "duty:labour_social"])
    assert any("1 rows left out: mapped to no code" in note for note in tickets.notes)


def test_an_own_label_without_a_row_in_the_map_is_named_with_its_row(path: Path, known: dict[str, str]) -> None:
    write(path, "路灯不亮,灯", "漏气,气", "又漏气,气")

    assert problems(path, known, {"灯": LAMP}) == ("F.csv:3: label: '气' has no row in the map",)


def test_a_wrong_map_is_named_by_row_and_column(path: Path, known: dict[str, str]) -> None:
    write(path, "灯,999999", f",{LAMP}", f"气,{SMELL}", f"气,{LAMP}", f"气,{SMELL}", header="label,code")

    with pytest.raises(FileProblems) as refused:
        read_map(path, known)

    assert refused.value.problems == (
        "F.csv:2: code: '999999' is no category and no duty of another authority",
        "F.csv:3: label: empty",
        "F.csv:5: label: '气' stands on line 4 with another code",
    )


# -- how it is written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_it_is_read_however_a_spreadsheet_saved_it(path: Path, known: dict[str, str], encoding: str, end: str) -> None:
    write(path, f"路灯不亮㐀,{LAMP}", f'"有""引号"",\n两行",{SMELL}', ",", f"漏气,{SMELL}", encoding=encoding, end=end)

    tickets = read_tickets(path, known)

    assert [(row.line, row.text.split("\n")[0]) for row in tickets.rows] == [
        (2, "路灯不亮㐀"), (3, '有"引号",'), (6, "漏气"),
    ]  # fmt: skip
    assert any("GB18030" in note for note in tickets.notes) is (encoding == "gb18030")


def test_other_columns_are_ignored_whatever_stands_in_them(path: Path, known: dict[str, str]) -> None:
    path.write_bytes(f"id, Label ,x,TEXT\n1,{LAMP},\xff\0,".encode("latin-1") + "路灯不亮\n".encode())

    assert [(row.text, row.label) for row in read_tickets(path, known).rows] == [("路灯不亮", LAMP)]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "F.csv:1: the file is empty"),
        (b"\xef\xbb\xbf\n\n", "F.csv:1: the file is empty"),
        (b"text,label\n", "F.csv:1: no rows to use"),
        (b"text,label\n,\n", "F.csv:1: no rows to use"),
        (b"\xff\xfet\0e\0", "F.csv:1: UTF-16; save it as “CSV UTF-8”"),
        (b"PK\x03\x04rest", "F.csv:1: a workbook, not CSV; save it as “CSV UTF-8”"),
        (b"text;label\nx;y\n", "F.csv:1: text: no such column in the first line (text;label)"),
        (b"text,label,text\nx,y,z\n", "F.csv:1: text: stands in the first line twice"),
        (b"text,label\n\xe7\x81,410101\n\xe7\x81\xaf,410101\n", "F.csv:2: text: byte 0xe7 is not UTF-8"),
        (b"text,label\nx,a\0b\n", "F.csv:2: label: a NUL byte"),
        (b"text,label\n\na b,\n", "F.csv:3: label: empty"),
        (b"text,label\n ,x\n", "F.csv:2: text: empty"),
        (b"text,label\nx\n", "F.csv:2: 1 cells, the first line has 2"),
        (b"text,label\nx,y,z\n", "F.csv:2: 3 cells, the first line has 2"),
        (b'text,label\nx,y\n"z,w\nv,u\n', "F.csv:3: a quotation mark opens in this row and is not closed"),
        (b'text,label\n"a"b,y\n', "F.csv:2: a quotation mark inside a quoted cell must be doubled"),
        (b"text,label\n" + b"x" * 20_001 + b",y\n", "F.csv:2: text: 20,001 characters, at most 20,000 are read"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_bad_file_is_named_with_row_and_column(path: Path, known: dict[str, str], raw: bytes, said: str) -> None:
    path.write_bytes(raw)

    assert said in problems(path, known)


def test_a_cell_longer_than_any_reader_takes_is_named_by_the_row_it_begins_on(
    path: Path, known: dict[str, str]
) -> None:
    path.write_bytes(b'text,label\nx,y\n"' + b"x" * 140_000 + b"\n" * 10 + b'",y\n')

    (only, *_) = problems(path, known)

    assert only.startswith("F.csv:3: a cell of more than 131,072 characters")


def test_bytes_that_are_not_gb18030_are_named_in_a_file_of_that_kind(path: Path, known: dict[str, str]) -> None:
    path.write_bytes(
        "text,label\n路灯不亮,城建\n".encode("gb18030") + b"\xc2\xb7\xff,x\n" + "漏气,燃气\n".encode("gb18030")
    )

    assert problems(path, known) == ("F.csv:3: text: byte 0xff is not GB18030",)


def test_a_missing_file_is_named(path: Path, known: dict[str, str]) -> None:
    assert problems(path, known)[0].startswith("F.csv:1: cannot be read")


def test_ten_problems_are_told_at_once_and_that_there_are_more(path: Path, known: dict[str, str]) -> None:
    write(path, *[f"text {number}," for number in range(11)])

    with pytest.raises(FileProblems) as refused:
        read_tickets(path, known)

    assert refused.value.problems == tuple(f"F.csv:{line}: label: empty" for line in range(2, 12))
    assert str(refused.value).startswith("F.csv cannot be used as it is, the first 10 of them:\n")


# -- rows --------------------------------------------------------------------------------------------------------


def test_equal_rows_count_once(path: Path, known: dict[str, str]) -> None:
    tickets = read_tickets(write(path, "路灯不亮,灯", "路 灯不亮,灯", "漏气,气"), known)

    assert [row.line for row in tickets.rows] == [2, 4]
    assert "1 rows left out: equal to an earlier one" in tickets.notes


def test_one_text_under_two_labels_names_both_rows(path: Path, known: dict[str, str]) -> None:
    write(path, "路灯不亮,灯", "漏气,气", "路灯不亮,气")

    (only,) = problems(path, known)

    assert only.startswith("F.csv:4: text: ") and "on line 2" in only
    assert "路灯" not in only


def test_a_label_with_a_single_row_is_left_out_and_said(path: Path, known: dict[str, str]) -> None:
    tickets = with_enough_rows(read_tickets(write(path, "一,a", "二,a", "三,b", "四,b", "五,稀"), known))

    assert tickets.counts == {"a": 2, "b": 2}
    assert tickets.notes == ("1 rows left out: labels with fewer than 2 rows (稀)",)


def test_fewer_than_two_labels_with_enough_rows_are_refused(path: Path, known: dict[str, str]) -> None:
    tickets = read_tickets(write(path, "一,a", "二,a", "三,b"), known)

    with pytest.raises(FileProblems, match=r"F\.csv:1: label: fewer than two labels have 2 rows or more"):
        with_enough_rows(tickets)


# -- personal numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        "13812345678",
        "１３８１２３４５６７８",
        "138-1234-5678",
        "0532-88889999",
        "88889999",
        "370202199001011234",
        "37020219900101123X",
        "370202900101123",
        "6222 0212 3456 7890 123",
    ],
)  # fmt: skip
def test_no_personal_number_is_learned(number: str) -> None:
    assert learnable(f"路灯不亮，打{number}联系我，修3天了") == "路灯不亮，打 联系我，修3天了"


def test_a_text_that_is_only_a_number_is_left_out_and_said(path: Path, known: dict[str, str]) -> None:
    tickets = read_tickets(write(path, "路灯不亮,灯", "13812345678,灯"), known)

    assert len(tickets.rows) == 1
    assert any("nothing remains" in note for note in tickets.notes)
