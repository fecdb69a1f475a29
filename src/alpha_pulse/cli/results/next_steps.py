"""What can be done with a finished run, as commands."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from alpha_pulse.cli.terminal.program import program


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
    name, start = shlex.quote(run), shlex.quote(program())
    changed = "changed.toml" if config == "my.toml" else "my.toml"
    shown = [program(), "config", "show", *(() if config is None else ("--config", config))]
    steps = {
        f"{start} show {name}": "this result again, with risk and trades",
        f"{start} report {name} --html report.html": "a page about the run",
        f"{start} compare {name} OTHER": f"beside another run; {start} runs lists them",
        f"{shlex.join(shown)} > {changed}": "settings to change, then:",
    }
    width = max(map(len, steps))
    lines = [f"{command:<{width}}   {about}" for command, about in steps.items()]
    lines.append(shlex.join([program(), "run", *bars, "--fresh", "--config", changed]))
    return "\n".join(["", "what is next:", *(f"  {line}" for line in lines)])
