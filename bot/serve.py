"""Rasa with Jiesu's repairs: takes the arguments of `rasa`, for example `run --port 8005`.

The folder of this file comes first on the path, so that `config.yml` and the endpoints find `components.…`. The token
of Rasa's API comes in the environment (JIESU_RASA_TOKEN), for a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main() -> None:
    """Install the repairs where Rasa is to answer, then do what `rasa` does. Training is Rasa's own."""
    if sys.argv[1:2] == ["run"]:
        from components import repairs

        repairs.install()
    if token := os.environ.pop("JIESU_RASA_TOKEN", ""):
        # in one word: a token may begin with a hyphen, which would be taken for an option
        sys.argv += [f"--auth-token={token}"]
    from rasa.__main__ import main as rasa_main

    rasa_main()


if __name__ == "__main__":
    main()
