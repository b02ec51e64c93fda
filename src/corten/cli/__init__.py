"""The command line. Each command imports what it needs when it runs, so `corten --help` is quick."""

from __future__ import annotations

import sys

from corten.cli.app import run


def main() -> None:
    """Entry point of the `corten` command: exit 0 done, 1 the user can mend it, 2 Corten is wrong."""
    sys.exit(run(sys.argv[1:]))
