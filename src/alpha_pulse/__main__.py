"""``python -m alpha_pulse`` is the command ``alpha-pulse``."""

from alpha_pulse.cli.main import main

if __name__ == "__main__":
    main()
