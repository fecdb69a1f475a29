"""What ``alpha-pulse evaluate`` does: read or make the stream, evaluate, show, and leave nothing half written."""

from __future__ import annotations

import io
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.cli.render.evaluation import show
from alpha_pulse.cli.terminal.progress import Phases
from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.cli.terminal.streams import STANDARD_OUTPUT, result_file
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.evaluation.delays import timeline
from alpha_pulse.evaluation.prequential import Evaluation, evaluate, to_json
from alpha_pulse.evaluation.streams.named import open_stream

PLOTS = (".png", ".svg", ".pdf")


class Asked(msgspec.Struct, frozen=True):
    """The options of the command."""

    models: tuple[str, ...]
    stream: str
    target: str | None
    delay: int
    window: int
    seed: int
    alpha: float
    json: str | None
    plot: Path | None
    missing: str = "refuse"


def run(asked: Asked) -> None:
    """Evaluate, and show or write what came of it.

    Raises
    ------
    AlphaPulseError
        With one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM; nothing is written then.
    """
    if asked.plot is not None and asked.plot.suffix.lower() not in PLOTS:
        raise ConfigError(f"--plot {asked.plot} is of a kind that is not drawn; give a name that ends in {', '.join(PLOTS)}")
    json_path = None if asked.json in (None, STANDARD_OUTPUT) else Path(str(asked.json))
    with signals() as caught, result_file(json_path) as json_file, result_file(asked.plot) as plot_file:
        found = _evaluated(asked, caught)
        if json_file is not None:
            json_file.write(to_json(found))
        if plot_file is not None and asked.plot is not None:
            from alpha_pulse.evaluation.plot import draw  # half a second of imports

            # In memory first: who draws may write past the file's own door, whose errors are sentences.
            drawn = io.BytesIO()
            draw(found, drawn, asked.plot.suffix.lower().removeprefix("."))
            plot_file.write(drawn.getvalue())
    if asked.json == STANDARD_OUTPUT:
        sys.stdout.buffer.write(to_json(found))
    else:
        show(found)
    sys.stdout.flush()


def _evaluated(asked: Asked, caught: list[int]) -> Evaluation:
    stream = open_stream(asked.stream, asked.target, asked.seed, asked.missing)
    with closing(Phases()) as phases:

        def report(model: str, done: int) -> None:
            if caught:
                raise StoppedError(caught[0])
            phases.show(f"evaluating {model}", len(stream.labels), "examples", done)

        return evaluate(
            stream,
            asked.models,
            known=timeline(stream.labels, asked.delay),
            window=asked.window,
            seed=asked.seed,
            alpha=asked.alpha,
            report=report,
        )
