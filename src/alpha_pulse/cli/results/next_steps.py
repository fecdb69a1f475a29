"""What can be done with a finished run, as commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence


def next_steps(run: str, bars: Sequence[str] = (), config: str | None = None) -> str:
    """The commands that read a run, and those that start another one over the same bars.

    Parameters
    ----------
    run
        Its id or its store.
    bars
        The arguments of the command line that named its bars.
    config
        The file of its settings; None for the defaults.

    >>> print(next_steps("run.db", ["--data", "eth.csv"]))
    <BLANKLINE>
    what is next:
      alpha-pulse show run.db                        this result again, with risk and trades
      alpha-pulse report run.db --html report.html   a page about the run
      alpha-pulse compare run.db OTHER               beside another run; alpha-pulse runs lists them
      alpha-pulse config show > my.toml              settings to change, then:
      alpha-pulse run --data eth.csv --fresh --config my.toml
    """
    name = shlex.quote(run)
    changed = "changed.toml" if config == "my.toml" else "my.toml"
    shown = ["alpha-pulse", "config", "show", *(() if config is None else ("--config", config))]
    steps = {
        f"alpha-pulse show {name}": "this result again, with risk and trades",
        f"alpha-pulse report {name} --html report.html": "a page about the run",
        f"alpha-pulse compare {name} OTHER": "beside another run; alpha-pulse runs lists them",
        f"{shlex.join(shown)} > {changed}": "settings to change, then:",
    }
    width = max(map(len, steps))
    lines = [f"{command:<{width}}   {about}" for command, about in steps.items()]
    lines.append(shlex.join(["alpha-pulse", "run", *bars, "--fresh", "--config", changed]))
    return "\n".join(["", "what is next:", *(f"  {line}" for line in lines)])
