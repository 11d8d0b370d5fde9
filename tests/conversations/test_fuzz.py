"""Random and mutated messages through the public chat API of a running system of its own.

`JIESU_FUZZ` says how many are sent, `JIESU_FUZZ_SEED` which ones: the same seed sends the same again. What is wrong is
told with the citizen, the number of the request and the request itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conversations.fuzzing import markers, storing, watching
from tests.conversations.fuzzing.leaks import Ledger
from tests.conversations.fuzzing.playing import Fuzzed, Tally
from tests.system import RunningSystem

pytestmark = [pytest.mark.conversation]

# What about four minutes are enough for on two slow cores.
MESSAGES = 800
SEED = 7
AT_ONCE = 12
# One citizen may say 40 things in a minute; who is done in less than that waits in vain.
OF_ONE = 40
LEAST_CITIZENS = 24
# A part that was warm may grow by so much, whatever is sent: caches have their bounds.
MOST_GROWTH_MB = 200.0


def wanted() -> tuple[int, int]:
    """(messages, seed) of this run."""
    return int(os.environ.get("JIESU_FUZZ") or MESSAGES), int(os.environ.get("JIESU_FUZZ_SEED") or SEED)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """A system of its own, for its logs and its memory are looked at."""
    running = RunningSystem(tmp_path_factory.mktemp("fuzzed"))
    running.start()
    yield running
    running.stop()


def _play(system: RunningSystem, citizen: int, count: int, ledger: Ledger, tally: Tally) -> tuple[str, str]:
    """One citizen from the first message to the ticket; gives their conversation and session."""
    one = Fuzzed(system.url, citizen, ledger, tally)
    try:
        one.begin()
        one.play(count)
        if not tally.is_enough:
            where = f"李沧区书院路{100 + citizen}号"
            one.finish(f"{where}门口的路灯坏了三天了，{ledger.citizens[citizen].word}", where)
        tally.conversations += 1
    except Exception as broken:  # noqa: BLE001 - told with everything else that is wrong
        tally.found(citizen, 0, f"{type(broken).__name__}: {broken}")
    finally:
        one.close()
    return one.conversation, one.cookie


def _logs(folder: Path, ledger: Ledger, cookies: list[str]) -> Iterator[str]:
    """What must not stand in a log: an error, anything of a citizen, a session."""
    sessions = [cookie.partition(".")[0] for cookie in cookies if cookie]
    for file, line in watching.log_lines(folder):
        if watching.is_failure(line):
            yield f"{file}: {line[:500]}"
        yield from (f"{file}: {marker} stands in a log line" for marker in ledger.anybodys(line))
        if any(session in line for session in sessions):
            yield f"{file}: a session stands in a log line"


def _told(tally: Tally, ledger: Ledger, watch: watching.Watch, seconds: float) -> str:
    """The figures of a run."""
    refused = {status: count for status, count in sorted(tally.statuses.items()) if status >= 400}
    rows = [
        f"fuzz: seed {tally.seed}, {tally.sent} requests in {tally.conversations} conversations, {seconds:.0f} s",
        f"taken {tally.statuses[200]}, refused {refused}, answers heard {tally.answers}, tickets {ledger.tickets}",
        f"by kind {dict(tally.kinds.most_common())}",
    ]
    rows += [
        f"memory of {name}: {warm:.0f} MB warm, {most:.0f} at most" for name, (warm, most) in watch.grown().items()
    ]
    return "\n  ".join(("", *rows))


@pytest.mark.timeout(4 * 3600)
def test_whatever_is_sent_nothing_breaks_sticks_or_leaks(
    fuzzed: RunningSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    count, seed = wanted()
    citizens = max(LEAST_CITIZENS, count // OF_ONE)
    ledger = Ledger({number: markers.of(seed, number) for number in range(citizens)})
    tally, watch = Tally(seed), watching.Watch(fuzzed.pid)
    shares = [count // citizens + (number < count % citizens) for number in range(citizens)]
    began = time.monotonic()
    watch.begin()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        played = list(pool.map(lambda one: _play(fuzzed, one, shares[one], ledger, tally), range(citizens)))
    watch.end()
    late = sum(watching.is_late(line) for _, line in watching.log_lines(fuzzed.folder))
    with capsys.disabled():
        print(
            _told(tally, ledger, watch, time.monotonic() - began),
            f"\n  turns that were heard again, for they took long: {late}",
        )

    owners = {conversation: number for number, (conversation, _) in enumerate(played) if conversation}
    wrong = [
        *tally.findings,
        *storing.leaks(fuzzed.folder, ledger, owners),
        *storing.unanswered(fuzzed.folder, owners),
        *_logs(fuzzed.folder, ledger, [cookie for _, cookie in played]),
    ]
    assert not wrong, f"{len(wrong)} with JIESU_FUZZ={count} JIESU_FUZZ_SEED={seed}:\n" + "\n".join(wrong[:40])
    assert len(owners) == citizens == tally.conversations, "conversations were mixed up"
    grown = {name: most - warm for name, (warm, most) in watch.grown().items()}
    assert all(by <= MOST_GROWTH_MB for by in grown.values()), f"memory has grown (MB): {grown}"
