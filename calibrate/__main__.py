"""`python -m calibrate` equals `calibrate`."""

from __future__ import annotations

import os
import sys

_STOPPED = 130


def main() -> None:
    """Run the command line; Ctrl-C while its modules are read is an end like any other."""
    try:
        from calibrate.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing was written.\n")
        _end()
    except SystemExit as ended:
        if ended.code == _STOPPED:
            _end()
        raise


def _end() -> None:
    """End here: Python kills itself by signal when a Ctrl-C once arrived inside `exec`, as dataclasses use it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(_STOPPED)


if __name__ == "__main__":
    main()
