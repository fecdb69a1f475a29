"""What can be done with a finished run, as commands."""

from __future__ import annotations

import shlex


def next_steps(run: str) -> str:
    """The commands that read a run, and those that start another one.

    >>> print(next_steps("run.db"))
    <BLANKLINE>
    what is next:
      alpha-pulse show run.db                        this result again, with risk and trades
      alpha-pulse report run.db --html report.html   a page about the run
      alpha-pulse compare run.db OTHER               beside another run; alpha-pulse runs lists them
      alpha-pulse config show > my.toml              settings to change, for: alpha-pulse run --fresh --config my.toml
    """
    name = shlex.quote(run)
    steps = {
        f"alpha-pulse show {name}": "this result again, with risk and trades",
        f"alpha-pulse report {name} --html report.html": "a page about the run",
        f"alpha-pulse compare {name} OTHER": "beside another run; alpha-pulse runs lists them",
        "alpha-pulse config show > my.toml": "settings to change, for: alpha-pulse run --fresh --config my.toml",
    }
    width = max(map(len, steps))
    return "\n".join(["", "what is next:", *(f"  {command:<{width}}   {about}" for command, about in steps.items())])
