"""What a clerk's form said, and what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.datastructures import FormData, UploadFile

from integrations.demo_dispatch.casework import Doing, Event
from integrations.demo_dispatch.clock import CITY_TIME
from integrations.demo_dispatch.pictures import LARGEST_BYTES, MOST
from integrations.demo_dispatch.staff import Staff

SOLVED: Mapping[str, bool] = {"yes": True, "no": False}


class Unreadable(Exception):
    """The form makes no sense; a page of ours never sends such a one."""


@dataclass(frozen=True, slots=True)
class StepForm:
    """What a clerk sent; ``seen`` is the number of steps the page had shown, ``files`` names and contents."""

    step: str = ""
    text: str = ""
    token: str = ""
    seen: str = ""
    due: str = ""
    clerk: str = ""
    solved: str = ""
    checks: frozenset[str] = frozenset()
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def event(self) -> Event:
        """Raises Unreadable."""
        try:
            return Event(self.step)
        except ValueError as error:
            raise Unreadable("step") from error

    @property
    def steps_seen(self) -> int:
        """Raises Unreadable."""
        if not (self.seen.isascii() and self.seen.isdigit() and len(self.seen) < 6):
            raise Unreadable("seen")
        return int(self.seen)

    def doing(self, staff: Staff) -> Doing:
        """Without pictures. Raises Unreadable."""
        if self.clerk and self.clerk not in staff.clerks:
            raise Unreadable("clerk")
        if self.solved and self.solved not in SOLVED:
            raise Unreadable("solved")
        return Doing(
            text=self.text,
            clerk=self.clerk or None,
            due_at=_moment(self.due),
            solved=SOLVED.get(self.solved),
            checks=self.checks,
        )


def _moment(text: str) -> datetime | None:
    """A browser's date and time without a zone is the city's; None for none."""
    try:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=CITY_TIME)
    except ValueError:
        return None


async def read_form(form: FormData) -> StepForm:
    """Raises nothing: what is missing is empty."""

    def one(name: str) -> str:
        value = form.get(name, "")
        # browsers write line ends as CR LF, and count them as one character
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    uploads = [value for value in form.getlist("photos") if isinstance(value, UploadFile) and value.filename]
    files = [(str(upload.filename)[:100], await upload.read(LARGEST_BYTES + 1)) for upload in uploads[: MOST + 1]]
    return StepForm(
        step=one("step"),
        text=one("text"),
        token=one("token"),
        seen=one("seen"),
        due=one("due"),
        clerk=one("clerk"),
        solved=one("solved"),
        checks=frozenset(value for value in form.getlist("checks") if isinstance(value, str)),
        files=tuple(files),
    )
