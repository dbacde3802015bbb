"""`python -m calibrate` equals `calibrate`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; Ctrl-C while its modules are read is an end like any other."""
    try:
        from calibrate.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. Nothing was written.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
