"""`python -m calibrate` equals `calibrate`."""

from calibrate.cli import main

if __name__ == "__main__":
    main()
