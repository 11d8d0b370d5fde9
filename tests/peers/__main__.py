"""`python -m tests.peers`: make the peers' environment."""

from __future__ import annotations

import sys

from tests.peers.speaking import Missing, Peer, ensure


def main() -> int:
    """0 when it is there and answers."""
    try:
        python = ensure()
    except Missing as why:
        print(why, file=sys.stderr)
        return 1
    with Peer(python=lambda: python) as peer:
        answer = peer.ask("sign", token="a", signature="b", nonce="c", timestamp="1")
    print(f"{python}: {'ready' if answer == {'right': False} else answer}")
    return 0 if answer == {"right": False} else 1


if __name__ == "__main__":
    sys.exit(main())
