"""A supervisor of its own process, to be killed outright: `python -m tests.running.supervising FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from integrations.running.parts import Part
from integrations.running.supervisor import Supervisor
from integrations.settings import Settings


async def _ready() -> bool:
    return True


def main() -> None:
    folder = Path(sys.argv[1])
    code = f"import os, time; open({str(folder / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    part = Part("sleeper", 0, [sys.executable, "-c", code], _ready)
    supervisor = Supervisor([part], Settings(_env_file=None, data_dir=folder), say=print)
    asyncio.run(supervisor.run(lambda: print("started", flush=True)))


if __name__ == "__main__":
    main()
