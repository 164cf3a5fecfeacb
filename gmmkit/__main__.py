"""Start of the command line: ``gmmkit …`` and ``python -m gmmkit …`` both come through here."""

import signal
import sys
from types import FrameType

from gmmkit.cli.compiler_cache import usable_compiler_cache


def main() -> int:
    """Run the command line on ``sys.argv`` and return the exit code.

    Returns
    -------
    int
        0 on success; the other codes are listed in README.md.
    """
    signal.signal(signal.SIGTERM, _terminate)
    with usable_compiler_cache():
        # Imported here: the commands may compile, and need the cache directory decided first.
        from gmmkit.cli.app import run

        return run(sys.argv[1:])


def _terminate(number: int, _frame: FrameType | None) -> None:
    """Leave through every ``finally`` on the way, so that nothing stays half-written."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
