"""Sealing: nothing opens but with the right key, for the right complaint, unchanged; keys are never shown."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.clients.sealing import AesSealer, BadKeys, Keys, add_key, fingerprint, kept_keys, keys_of, read_keys
from integrations.services.errors import NeedsPerson
from integrations.services.personal_records import Sealed

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
PHONE = "13812345678"


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


@given(plain=st.text(max_size=200), about=st.text(max_size=40))
def test_what_was_sealed_opens_for_the_same_purpose(plain: str, about: str) -> None:
    sealer = AesSealer(Keys({"1": OLD}))
    sealed = sealer.seal(plain, about)
    assert sealer.open(sealed, about) == plain
    assert sealer.seal(plain, about).body != sealed.body, "a nonce was used twice"


@given(flipped=st.integers(min_value=0, max_value=12 + 16 + len(PHONE) - 1), bit=st.integers(0, 7))
def test_one_changed_bit_anywhere_does_not_open(flipped: int, bit: int) -> None:
    sealer = AesSealer(Keys({"1": OLD}))
    sealed = sealer.seal(PHONE, "c1:phone")
    body = bytearray(sealed.body)
    body[flipped] ^= 1 << bit
    with pytest.raises(NeedsPerson, match="JIESU_DATA_KEY"):
        sealer.open(Sealed("1", bytes(body)), "c1:phone")


@pytest.mark.parametrize("about", ["c2:phone", "c1:words", "", "c1:phone "])
def test_a_row_that_was_put_elsewhere_does_not_open(about: str) -> None:
    sealer = AesSealer(Keys({"1": OLD}))
    with pytest.raises(NeedsPerson):
        sealer.open(sealer.seal(PHONE, "c1:phone"), about)


@pytest.mark.parametrize("length", range(28))
def test_a_row_that_was_cut_does_not_open(length: int) -> None:
    sealer = AesSealer(Keys({"1": OLD}))
    sealed = sealer.seal(PHONE, "c1:phone")
    with pytest.raises(NeedsPerson):
        sealer.open(Sealed("1", sealed.body[:length]), "c1:phone")


def test_another_key_under_the_same_id_is_named_with_the_setting_and_shows_nothing() -> None:
    sealed = AesSealer(Keys({"1": OLD})).seal(PHONE, "c1:phone")
    with pytest.raises(NeedsPerson, match=r"JIESU_DATA_KEY.*another key under that id") as error:
        AesSealer(Keys({"1": NEW})).open(sealed, "c1:phone")
    assert PHONE not in str(error.value) and encoded(NEW) not in str(error.value)
    assert error.value.__cause__ is None


def test_a_missing_key_is_named() -> None:
    sealed = AesSealer(Keys({"old": OLD})).seal(PHONE, "c1:phone")
    with pytest.raises(NeedsPerson, match=r"'old'.*JIESU_DATA_KEY.*new"):
        AesSealer(Keys({"new": NEW})).open(sealed, "c1:phone")


def test_the_first_key_seals_and_all_open_and_find() -> None:
    before = AesSealer(Keys({"1": OLD}))
    sealed, mark = before.seal(PHONE, "c1:phone"), before.mark(PHONE)
    both = AesSealer(Keys({"2": NEW, "1": OLD}))
    assert both.seal(PHONE, "x").key_id == "2"
    assert both.open(sealed, "c1:phone") == PHONE
    assert mark in both.marks(PHONE)
    assert both.mark(PHONE) != mark
    assert PHONE[-4:] not in mark or mark != before.mark("13912345678")


def test_a_key_that_another_process_added_is_read_anew() -> None:
    sealed = AesSealer(Keys({"2": NEW})).seal(PHONE, "c1:phone")
    running = AesSealer(Keys({"1": OLD}), again=lambda: Keys({"2": NEW, "1": OLD}))
    assert running.open(sealed, "c1:phone") == PHONE


def test_nothing_of_a_key_is_printed() -> None:
    keys = read_keys(f"2:{encoded(NEW)},1:{encoded(OLD)}")
    shown = repr(keys) + repr(AesSealer(keys).seal(PHONE, "c1:phone"))
    assert encoded(NEW) not in shown and repr(NEW) not in shown and PHONE not in shown


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (encoded(OLD), [fingerprint(OLD)]),
        (f"a:{encoded(OLD)}", ["a"]),
        (f"2:{encoded(NEW)},1:{encoded(OLD)}", ["2", "1"]),
        (f" 2:{encoded(NEW)} ,\n{encoded(OLD)}\n", ["2", fingerprint(OLD)]),
        (base64.urlsafe_b64encode(bytes([255] * 32)).decode(), [fingerprint(bytes([255] * 32))]),
    ],
)
def test_keys_are_read_in_their_order(text: str, ids: list[str]) -> None:
    assert list(read_keys(text).by_id) == ids


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no key"),
        (" , ", "no key"),
        ("secret-pass-phrase!", "key 1 is not base64"),
        (f"{encoded(OLD)},short", "key 2"),
        (encoded(b"short"), "key 1 has 5 bytes; 32"),
        (f"a b:{encoded(OLD)}", "key 1"),
        (f"ä:{encoded(OLD)}", "the id of key 1"),
        (f":{encoded(OLD)}", "the id of key 1"),
        (f"1:{encoded(OLD)},1:{encoded(NEW)}", "key 2 has the id of another"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_without_showing_them(text: str, why: str) -> None:
    with pytest.raises(BadKeys, match=why) as error:
        read_keys(text)
    assert encoded(OLD) not in str(error.value) and "pass-phrase" not in str(error.value)


# -- the file ----------------------------------------------------------------------------------------------------


def test_the_file_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "data_key"
    first = keys_of(path, dict)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys_of(path, dict) == first
    assert [one.name for one in tmp_path.iterdir()] == ["data_key"]


def test_many_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    made, barrier = [], threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        made.append(keys_of(tmp_path / "data_key", dict).first)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1


def test_no_new_key_is_made_beside_what_an_old_one_sealed(tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson, match=r"3 contacts are sealed .keys: ab12.*JIESU_DATA_KEY"):
        keys_of(tmp_path / "data_key", lambda: {"ab12": 3})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"no key", b"\xff\xfe\x00"])
def test_a_broken_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data_key"
    path.write_bytes(content)
    with pytest.raises(NeedsPerson, match=r"data_key.*JIESU_DATA_KEY"):
        keys_of(path, dict)
    assert path.read_bytes() == content


def test_a_key_that_is_added_stands_first_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "data_key"
    before = keys_of(path, dict)
    after = add_key(path)
    assert list(after.by_id)[1:] == [before.first]
    assert after.by_id[before.first] == before.by_id[before.first]
    assert kept_keys(path) == after
    assert path.stat().st_mode & 0o777 == 0o600
