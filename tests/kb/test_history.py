"""Chains of hashes: whatever is changed, left out, put in or swapped is found, and nothing else is."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.history import FIRST, Anchor, BadAnchor, Chain, Entry, Seal, check, head, link, seal
from kb.lifecycle import ALLOWED_MOVES, RULES, Move, Status, StatusChange, move

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PEKING = timezone(timedelta(hours=8))

words = st.text(st.characters(codec="utf-8"), max_size=30)
notes = words.map(lambda text: text or None)


@st.composite
def chains(draw: st.DrawFn, least: int = 1) -> Chain:
    """A history by the table with texts, sealed."""
    history: list[StatusChange] = []
    for number in range(draw(st.integers(least, 9))):
        latest = history[-1] if history else None
        wishes = sorted(ALLOWED_MOVES[latest.after if latest else None] - {Move.ERASED})
        if not wishes:  # withdrawn
            break
        wish = draw(st.sampled_from(wishes))
        who = min(next(r.by for r in RULES if r.move is wish and (latest.after if latest else None) in r.before))
        carries = {"note": draw(words) + "。", "unit": draw(notes) or "照明三班", "due_at": NOON}
        at = NOON + timedelta(minutes=number, microseconds=draw(st.integers(0, 999_999)))
        photos = tuple(draw(st.lists(words, max_size=2)))
        history.append(move(latest, wish, at=at, actor=who, photos=photos, **carries))  # type: ignore[arg-type]
    return sealed("c1", history)


def sealed(complaint_id: str, history: list[StatusChange], salt: str = "5a17" * 8) -> Chain:
    former, entries = FIRST, []
    for change in history:
        own = seal(former, complaint_id, change, salt=salt)
        entries.append(Entry(replace(change, hash=own.hash), own))
        former = own.hash
    return Chain(complaint_id, "481720935562", len(entries), tuple(entries))


def whole_life() -> Chain:
    history = [move(None, Status.FILED, at=NOON, actor="citizen")]
    for what, who in ((Move.DISPATCHED, "dispatch"), (Move.ANSWERED, "department"), (Move.CLOSED, "department")):
        given = {"note": f"{what}：联系王先生", "photos": ("p1",)} if who == "department" else {}
        history.append(move(history[-1], what, at=NOON, actor=who, **given))  # type: ignore[arg-type]
    return sealed("c1", history)


def without(chain: Chain, index: int) -> Chain:
    return replace(chain, entries=chain.entries[:index] + chain.entries[index + 1 :])


def with_change(chain: Chain, index: int, **values: object) -> Chain:
    one = chain.entries[index]
    other = replace(one, change=replace(one.change, **values))  # type: ignore[arg-type]
    return replace(chain, entries=(*chain.entries[:index], other, *chain.entries[index + 1 :]))


@given(chains())
def test_what_was_written_is_whole(chain: Chain) -> None:
    assert check(chain) is None


OTHERWISE = {
    "before": Status.RETURNED,
    "after": Status.NEEDS_PERSON,
    "kind": Move.REWORK,
    "at": NOON + timedelta(days=400),
    "actor": "clerk:somebody",
    "unit": "another unit of another city",
    "due_at": NOON + timedelta(days=500),
    "solved": True,
    "note": "these are not the words that were written",
    "photos": ("another.jpg", "and.jpg", "one.jpg"),
}


@given(chains(), st.sampled_from(sorted(OTHERWISE)), st.data())
def test_any_field_of_any_entry_that_is_changed_is_found_at_that_entry(
    chain: Chain, name: str, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(chain.entries) - 1))
    changed = with_change(chain, index, **{name: OTHERWISE[name]})
    if changed == chain:
        return
    broken = check(changed)
    assert broken is not None
    assert broken.sequence == index + 1


@given(chains(), st.data())
def test_any_entry_that_is_taken_out_is_found_the_last_one_too(chain: Chain, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(chain.entries) - 1))
    broken = check(without(chain, index))
    assert broken is not None
    assert (broken.sequence, broken.why) == (index + 1, "is missing")


@given(chains(least=2), st.data())
def test_two_entries_that_change_places_are_found(chain: Chain, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(chain.entries) - 2))
    first, second = chain.entries[index : index + 2]
    moved = [
        replace(second, change=replace(second.change, sequence=index + 1)),
        replace(first, change=replace(first.change, sequence=index + 2)),
    ]
    broken = check(replace(chain, entries=(*chain.entries[:index], *moved, *chain.entries[index + 2 :])))
    assert broken is not None
    assert broken.sequence == index + 1


def test_an_entry_put_in_at_the_end_by_hand_is_found_even_with_the_right_hash() -> None:
    chain = whole_life()
    more = move(chain.entries[-1].change, Status.RATED, at=NOON, actor="citizen")
    own = seal(chain.entries[-1].seal.hash, "c1", more, salt="00" * 16)
    broken = check(replace(chain, entries=(*chain.entries, Entry(more, own))))
    assert broken is not None
    assert (broken.sequence, broken.why) == (5, "was put in by hand")


def test_the_history_of_another_complaint_is_not_this_ones() -> None:
    broken = check(replace(whole_life(), complaint_id="c2"))
    assert broken is not None
    assert broken.sequence == 1


def test_a_complaint_without_any_history_is_broken() -> None:
    assert check(Chain("c1", "481720935562", 0, ())).why == "it has no history"  # type: ignore[union-attr]
    assert check(Chain("c1", "481720935562", 4, ())).why == "is missing"  # type: ignore[union-attr]


def test_an_entry_that_was_never_sealed_is_found() -> None:
    chain = whole_life()
    bare = replace(chain.entries[1], seal=Seal(""))
    assert check(replace(chain, entries=(chain.entries[0], bare, *chain.entries[2:]))).sequence == 2  # type: ignore[union-attr]


def test_the_same_moment_in_another_zone_is_the_same_entry() -> None:
    chain = whole_life()
    assert check(with_change(chain, 1, at=NOON.astimezone(PEKING))) is None


# -- erasing -----------------------------------------------------------------------------------------------------


def erased(chain: Chain, *, testified: bool = True) -> Chain:
    """The chain with an entry that says so, and the texts before it gone."""
    history = [one.change for one in chain.entries]
    if testified:
        history.append(move(history[-1], Move.ERASED, at=NOON, actor="system", note="期限已过"))
    kept = sealed("c1", history)
    entries = [
        one
        if one.change.kind is Move.ERASED
        else Entry(replace(one.change, note=None, photos=()), replace(one.seal, salt=None))
        for one in kept.entries
    ]
    return replace(kept, entries=tuple(entries))


@given(chains())
def test_texts_may_be_erased_where_a_later_entry_says_so(chain: Chain) -> None:
    assert check(erased(chain)) is None


@given(chains())
def test_texts_that_are_gone_without_a_word_are_found(chain: Chain) -> None:
    lost = erased(chain, testified=False)
    broken = check(lost)
    texts = [one.change.sequence for one in chain.entries if one.seal.digest]
    assert broken is not None if texts else broken is None
    if broken:
        assert broken.sequence == texts[0]


def test_an_erasing_does_not_excuse_what_is_lost_after_it_nor_its_own_reason() -> None:
    chain = erased(whole_life())
    testimony = chain.entries[-1]
    silent = Entry(replace(testimony.change, note=None), replace(testimony.seal, salt=None))
    assert check(replace(chain, entries=(*chain.entries[:-1], silent))).sequence == 5  # type: ignore[union-attr]


def test_words_cannot_be_put_in_the_place_of_erased_ones() -> None:
    assert check(with_change(erased(whole_life()), 2, note="修好了")).sequence == 3  # type: ignore[union-attr]


def test_what_is_left_of_an_erased_text_does_not_give_it_away() -> None:
    """The same words under two salts leave two digests, so that a list of all phone numbers finds nothing."""
    change = replace(whole_life().entries[2].change, note="13812345678")
    one, other = (seal(FIRST, "c1", change, salt=salt) for salt in ("00" * 16, "11" * 16))
    assert one.digest != other.digest
    assert "salt" not in repr(one)
    assert "00" * 16 not in repr(one)


# -- the anchor --------------------------------------------------------------------------------------------------


def anchor_of(*chains: Chain) -> Anchor:
    return Anchor(NOON, {one.complaint_id: head(one.entries) for one in chains})


def test_an_anchor_is_read_as_it_was_written() -> None:
    anchor = anchor_of(whole_life(), sealed("c0", [whole_life().entries[0].change]))
    assert Anchor.read(anchor.text()) == anchor
    assert len(anchor.root) == 64
    assert anchor.text().splitlines()[-1] == f"root {anchor.root}"


def test_a_chain_that_only_grew_fits_its_anchor_and_a_new_one_is_none_of_its_business() -> None:
    chain = whole_life()
    short = replace(chain, entries=chain.entries[:2], length=2)
    assert anchor_of(short).compare(chain) is None
    assert anchor_of(short).compare(replace(chain, complaint_id="c9")) is None


def test_a_chain_that_was_cut_cleanly_at_its_end_is_found_by_the_anchor() -> None:
    chain = whole_life()
    cut = replace(chain, entries=chain.entries[:2], length=2)
    assert check(cut) is None, "nothing in the chain itself shows it"
    broken = anchor_of(chain).compare(cut)
    assert broken is not None
    assert broken.sequence == 3


def test_a_chain_that_was_written_anew_from_some_entry_on_is_found_by_the_anchor() -> None:
    chain = whole_life()
    history = [one.change for one in chain.entries]
    forged = sealed("c1", [*history[:2], replace(history[2], unit="没有人"), *history[3:]])
    assert check(forged) is None, "nothing in the chain itself shows it"
    assert anchor_of(chain).compare(forged) is not None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: "jiesu-anchor 1\n",
        lambda text: text.replace("jiesu-anchor 1", "jiesu-anchor 2"),
        lambda text: "\n".join(text.splitlines()[:-1]),
        lambda text: "\n".join(text.splitlines()[:2] + text.splitlines()[3:]),
        lambda text: text.replace("c1 4 ", "c1 3 "),
        lambda text: text.replace("c1 4 ", "c1 four "),
        lambda text: text.replace("at 2026", "at once"),
        lambda text: text + "c2 1 1:00\n",
    ],
)
def test_an_anchor_that_was_changed_or_cut_is_not_taken_for_one(spoil: object) -> None:
    with pytest.raises(BadAnchor):
        Anchor.read(spoil(anchor_of(whole_life()).text()))  # type: ignore[operator]


# -- versions ----------------------------------------------------------------------------------------------------


def test_version_1_never_changes() -> None:
    """Hashes that stand in databases: whoever must change this makes a version 2 and lets version 1 be checked."""
    change = StatusChange(
        2,
        Status.ASSIGNED,
        Status.ASSIGNED,
        datetime(2026, 11, 21, 12, 30, 0, 250, tzinfo=UTC),
        "department:李工",
        "缺材料",
        "照明三班",
        kind=Move.EXTENDED,
        due_at=NOON,
        photos=("p1.jpg",),
        solved=False,
    )
    made = seal("1:" + "0" * 64, "0a1b", change, salt="00112233445566778899aabbccddeeff")
    assert made.digest == "1e6567c2729e5ab44853bd88e1e989c5ee114b7c477152d244d48ad7e755f81c"
    assert made.hash == "1:615cce456118d02da166cb0256b7c1f3899b8c08a223c0e530c68456e51bc430"
    assert (
        link(FIRST, "0a1b", replace(change, note=None, photos=()), None)
        == "1:d4ef0516c71873118beefe0d997ee0decbb1c416419c377a1bf75ddb1ba0fc0b"
    )


def test_a_hash_is_the_same_in_another_process() -> None:
    code = (
        "from datetime import UTC, datetime; from kb.history import link; from kb.lifecycle import *; "
        "print(link('', 'c1', move(None, Status.FILED, at=datetime(2026, 11, 21, 12, tzinfo=UTC), "
        "actor='citizen'), None))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert other == whole_life().entries[0].seal.hash
