"""``python -m integrations.demo_dispatch``."""

import sys

from integrations.demo_dispatch.server import main

if __name__ == "__main__":
    sys.exit(main())
