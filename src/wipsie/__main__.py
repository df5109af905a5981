"""`python -m wipsie` is `wipsie`."""

from __future__ import annotations

from wipsie.cli.main import main

if __name__ == "__main__":
    main()
