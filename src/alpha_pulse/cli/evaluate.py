"""The command ``alpha-pulse evaluate``: read or generate the stream, evaluate the models, show or write the scores."""

from __future__ import annotations

import io
import sys
from contextlib import closing
from pathlib import Path

import msgspec

from alpha_pulse.cli.render.evaluation import show
from alpha_pulse.cli.terminal.signals import StoppedError, signals
from alpha_pulse.cli.terminal.streams import STANDARD_OUTPUT, file_of, result_file
from alpha_pulse.core.errors import ConfigError
from alpha_pulse.evaluation.delays import timeline
from alpha_pulse.evaluation.prequential import Evaluation, evaluate, to_json
from alpha_pulse.evaluation.streams.named import open_stream
from alpha_pulse.library.progress import Phases

PLOTS = (".png", ".svg", ".pdf")


class EvaluateOptions(msgspec.Struct, frozen=True):
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


def run(options: EvaluateOptions) -> None:
    """Evaluate the models, and show or write the scores.

    Raises
    ------
    AlphaPulseError
        The message is one sentence for the user.
    StoppedError
        By Ctrl-C or SIGTERM; no file is written then.
    """
    if options.plot is not None and options.plot.suffix.lower() not in PLOTS:
        raise ConfigError(f"--plot {options.plot} has an unsupported format; use a name that ends in {', '.join(PLOTS)}")
    with signals() as caught, result_file(file_of(options.json)) as json_file, result_file(options.plot) as plot_file:
        evaluation = _evaluate(options, caught)
        if json_file is not None:
            json_file.write(to_json(evaluation))
        if plot_file is not None and options.plot is not None:
            from alpha_pulse.evaluation.plot import draw  # half a second of imports

            # In memory first: matplotlib may write to the descriptor, where a failure would be a traceback.
            drawn = io.BytesIO()
            draw(evaluation, drawn, options.plot.suffix.lower().removeprefix("."))
            plot_file.write(drawn.getvalue())
    if options.json == STANDARD_OUTPUT:
        sys.stdout.buffer.write(to_json(evaluation))
    else:
        show(evaluation)
    sys.stdout.flush()


def _evaluate(options: EvaluateOptions, caught: list[int]) -> Evaluation:
    stream = open_stream(options.stream, options.target, options.seed, options.missing)
    with closing(Phases()) as phases:

        def report(model: str, done: int) -> None:
            if caught:
                raise StoppedError(caught[0])
            phases.show(f"evaluating {model}", len(stream.labels), "examples", done)

        return evaluate(
            stream,
            options.models,
            known=timeline(stream.labels, options.delay),
            window=options.window,
            seed=options.seed,
            alpha=options.alpha,
            report=report,
        )
