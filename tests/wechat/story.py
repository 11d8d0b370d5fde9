"""A whole complaint through WeChat, as two citizens' phones show it: told, joined, urged, closed, rated, and a person.

python -m tests.wechat.story

The real system and the emulator in safe mode; nothing leaves this machine. It takes two minutes.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from integrations.store import database
from integrations.store.satisfaction_tables import feedback_rounds
from integrations.store.tables import complaints
from tests.conftest import Department, wait_until
from tests.fake_wechat import Account, Clock, FakeWechat
from tests.fake_wechat.phone import BEIJING, Entry, Phone
from tests.media_files import photo
from tests.system import RunningSystem

ACCOUNT, BESIDE = "接诉", "　　　"
HOWS = {"passive": "被动回复", "customer_service": "客服消息", "subscription": "订阅通知", "fault": "故障"}
NUMBER = re.compile(r"编号是\s(\d{4})\s(\d{4})\s(\d{4})")
CLERK, TEAM = "王芳", "维修三班"
# Real seconds: machines are busy.
SOON, SLOW = 60.0, 7.0


@dataclass
class Told:
    """What the story came to, beside what stands on the phones."""

    first: str = ""
    second: str = ""
    requests: dict[str, list[str]] = field(default_factory=dict)
    typing: bool = False
    rated: tuple[bool, str, bool] | None = None


def shown(entry: Entry, name: str) -> Iterator[str]:
    """One bubble in plain text: when, who, how it came, and the words as they are broken into lines."""
    at = datetime.fromtimestamp(entry.at, UTC).astimezone(BEIJING).strftime("%H:%M:%S")
    if entry.sender == "system":
        yield f"{BESIDE}—— {at} {entry.text} ——"
        return
    who = name if entry.sender == "citizen" else ACCOUNT
    yield f"{who}　{at}" + (f"　{HOWS[entry.how]}" if entry.how else "")
    yield from (f"{BESIDE}{line}".rstrip() for line in entry.text.splitlines())


class Story:
    """Plays it; `tell` gets every line as it happens."""

    def __init__(self, system: RunningSystem, fake: FakeWechat, tell: Callable[[str], None] = print) -> None:
        self.system, self.fake, self.tell = system, fake, tell
        self.aunt = fake.citizen("王阿姨", follows=False)
        self.uncle = fake.citizen("老李", follows=False)
        self.told = Told()
        self._seen = dict.fromkeys((self.aunt.openid, self.uncle.openid), 0)
        self._http = httpx.Client(timeout=20, trust_env=False)

    def play(self) -> Told:
        """From the first greeting to the last answer. Raises TimeoutError with the phone where something never came."""
        try:
            self._first_report()
            self._same_again()
            self._progress()
            self._closing()
            self._person()
            self._slow_moment()
        finally:
            self._http.close()
        return self.told

    # -- the scenes ------------------------------------------------------------------------------------------

    def _first_report(self) -> None:
        self._scene("王阿姨关注公众号，报一盏路灯")
        self._do(self.aunt, self.aunt.follow)
        self.say(self.aunt, "海尔路182号门口的路灯坏了，一到晚上黑乎乎的，昨天晚上开始的")
        self.say(self.aunt, "2")
        self.say(self.aunt, "就一盏")
        self.say(self.aunt, "13812345678")
        self.say(self.aunt, "时间不对，三天前就不亮了")
        self._do(self.aunt, lambda: self.aunt.send_picture(photo("navy")))
        self.say(self.aunt, "1")
        self.told.first = self._number(self.aunt)
        self.told.requests[self.told.first] = self._requests(self.told.first)

    def _same_again(self) -> None:
        self._scene("老李报同一盏灯")
        self._do(self.uncle, self.uncle.follow)
        self.say(self.uncle, "李沧区海尔路182号门口那盏灯不亮了，走路看不见")
        self.say(self.uncle, "1")
        self.told.second = self._number(self.uncle)
        self.told.requests[self.told.second] = self._requests(self.told.second)

    def _progress(self) -> None:
        self._scene("王阿姨问进度，催一下")
        self.say(self.aunt, "到哪一步了")
        self.say(self.aunt, "1")

    def _closing(self) -> None:
        self._scene("路灯管理单位签收、派班、答复、办结；王阿姨评价")
        (request,) = self.told.requests[self.told.first]
        with httpx.Client(base_url=self.system.department, timeout=20, trust_env=False) as client:
            department = Department(self.system.department, client)
            steps = {"accepted": "", "assigned": TEAM, "answered": "今天下午派人去换灯泡。", "closed": "灯泡换好了。"}
            for step, text in steps.items():
                heard = {phone: len(phone.heard()) for phone in (self.aunt, self.uncle)}
                department.step(request, step, text)
                for phone, before in heard.items():
                    phone.wait_for(before + 1, SOON)
        self._look(self.aunt)
        self.say(self.aunt, "1")
        self.say(self.aunt, "2")
        self.say(self.aunt, "1")
        self.say(self.aunt, "不用了")
        self.told.rated = self._rating(self.told.first)

    def _person(self) -> None:
        self._scene("老李找工作人员")
        self._look(self.uncle)
        self.say(self.uncle, "转人工")
        token = self.system.jiesu("staff", "token", CLERK).split()[-1]
        desk = f"{self.system.url}/api/staff/handovers"
        headers = {"Authorization": f"Bearer {token}"}
        (waiting,) = [one for one in self._http.get(desk, headers=headers).json() if one["channel"] == "wechat"]
        self._act(desk, headers, waiting["number"], "take")
        answer = {"id": uuid.uuid4().hex, "text": "李师傅您好，我是工作人员。您有什么事？"}
        self._act(desk, headers, waiting["number"], "messages", answer)
        self.uncle.wait_for("李师傅您好", SOON)
        self._look(self.uncle)
        self._do(self.uncle, lambda: self.uncle.say("旁边那盏灯也一闪一闪的，一起看看吧"), answered=False)
        answer = {"id": uuid.uuid4().hex, "text": "好的，我跟路灯管理单位说，让他们一起修。"}
        self._act(desk, headers, waiting["number"], "messages", answer)
        self.uncle.wait_for("让他们一起修", SOON)
        heard = len(self.uncle.heard())
        self._act(desk, headers, waiting["number"], "give-back")
        self.uncle.wait_for(heard + 1, SOON)
        self._look(self.uncle)

    def _slow_moment(self) -> None:
        self._scene("听话的程序停了几秒：先显示“对方正在输入”，答复随后用客服消息送到")
        heard = len(self.uncle.heard("customer_service"))
        with self._stopped("serve.py"):
            self.uncle.say("查一下我的编号")
            wait_until(lambda: self.uncle.typing, SLOW)
            self.told.typing = True
            self._look(self.uncle)
            self.tell(f"{BESIDE}（对方正在输入…）")
            time.sleep(1)
        self.uncle.wait_for(lambda phone: len(phone.heard("customer_service")) > heard, SOON)
        self._look(self.uncle)

    # -- its means -------------------------------------------------------------------------------------------

    def say(self, phone: Phone, text: str) -> None:
        """Type it and see the answer."""
        self._do(phone, lambda: phone.say(text))

    def _do(self, phone: Phone, act: Callable[[], Any], *, answered: bool = True) -> None:
        heard = len(phone.heard())
        act().wait()
        if answered:
            phone.wait_for(heard + 1, SOON)
        self._look(phone)

    def _look(self, phone: Phone) -> None:
        entries = list(phone.entries)
        for entry in entries[self._seen[phone.openid] :]:
            for line in shown(entry, phone.citizen.name):
                self.tell(line)
            self.tell("")
        self._seen[phone.openid] = len(entries)

    def _scene(self, title: str) -> None:
        self.tell(f"== {title} ==\n")

    @staticmethod
    def _number(phone: Phone) -> str:
        found = NUMBER.search(phone.last.text)
        assert found, phone.shown()
        return "".join(found.groups())

    def _requests(self, number: str) -> list[str]:
        """The department's requests that carry this number, as soon as there is one."""
        with httpx.Client(base_url=self.system.department, timeout=20, trust_env=False) as client:
            department = Department(self.system.department, client)
            wait_until(lambda: department.numbers_of(number), SOON)
            return department.numbers_of(number)

    def _rating(self, number: str) -> tuple[bool, str, bool] | None:
        """Solved, how satisfied, contacted, as they are kept."""
        url = os.environ.get("JIESU_DATABASE_URL") or f"sqlite:///{self.system.folder / 'jiesu.db'}"
        engine = database.connect(url.replace("postgresql://", "postgresql+psycopg://", 1))
        mine = feedback_rounds.join(complaints, feedback_rounds.c.complaint_id == complaints.c.id)
        wanted = select(feedback_rounds.c.solved, feedback_rounds.c.level, feedback_rounds.c.contacted)
        try:
            with engine.connect() as db:
                found = db.execute(wanted.select_from(mine).where(complaints.c.number == number)).one_or_none()
        finally:
            engine.dispose()
        return tuple(found) if found else None

    def _act(
        self, desk: str, headers: dict[str, str], number: int, act: str, body: dict[str, str] | None = None
    ) -> None:
        answer = self._http.post(f"{desk}/{number}/{act}", headers=headers, json=body)
        assert answer.is_success, f"{act}: {answer.status_code} {answer.text}"

    @contextmanager
    def _stopped(self, name: str) -> Iterator[None]:
        """A part of the system stands still: it hears nothing and forgets nothing."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.system.pid), "-f", name], capture_output=True, text=True, check=True
        )
        parts = [int(one) for one in found.stdout.split()]
        for one in parts:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in parts:
                os.kill(one, signal.SIGCONT)


@contextmanager
def told(folder: Path, tell: Callable[[str], None] = print) -> Iterator[tuple[Story, Told]]:
    """The story when it is over, and what it came to; the system still runs."""
    with FakeWechat(Account(mode="safe"), Clock(speed=1)) as fake:
        system = RunningSystem(folder, **fake.environment())
        system.start()
        try:
            fake.hook = f"{system.url}/wechat"
            assert fake.check_hook(), "the console's check of the hook failed"
            story = Story(system, fake, tell)
            yield story, story.play()
        finally:
            system.stop()


def main() -> None:
    """Print it."""
    with tempfile.TemporaryDirectory(prefix="jiesu-story-") as folder, told(Path(folder)):
        pass


if __name__ == "__main__":
    main()
