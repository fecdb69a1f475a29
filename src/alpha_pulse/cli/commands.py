"""The commands. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alpha_pulse.cli.check_commands import check_app
from alpha_pulse.cli.command_line import Commands, in_range
from alpha_pulse.cli.data_commands import data_app
from alpha_pulse.cli.journal.commands import journal_app
from alpha_pulse.cli.models.commands import models_app
from alpha_pulse.cli.reading_options import DataOptions, reads_bars
from alpha_pulse.cli.results.commands import add_result_commands
from alpha_pulse.cli.terminal.program import program
from alpha_pulse.cli.train_command import train
from alpha_pulse.core.systems import check_system
from alpha_pulse.core.version import __version__

app = Commands(
    "An adaptive trading system whose models learn while it trades.\n\n"
    "Start with [bold]alpha-pulse run --demo drift[/], which trades bars on paper and serves a page that shows it, or with "
    "[bold]alpha-pulse replay[/], which trades bundled bars as fast as possible. "
    "The documentation is in docs/README.md of the source.\n\n"
    "Example: [bold]alpha-pulse replay[/]",
    name="alpha-pulse",
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = Commands("Show the settings.\n\nExample: [bold]alpha-pulse config show[/]")
app.add_typer(config_app, name="config")
app.add_typer(data_app, name="data")
app.add_typer(check_app, name="check")
app.add_typer(journal_app, name="journal")
app.add_typer(models_app, name="models")

HOST, PORT = "127.0.0.1", 8650
"""Defaults of `run`: the address of its page."""
SPEED, DRIFT_SPEED = 8.0, 40.0
"""Bars per second of `run` without ``--speed``; in the synthetic demo the market changes about once a minute."""

DataFiles = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE", help="Bars: a file, a folder of files or a quoted pattern; may be repeated (default: EURUSD 2017, 1h)."
    ),
]
DemoName = Annotated[
    str | None,
    typer.Option(
        metavar="drift|eurusd",
        help="Bars that need no file: drift, a synthetic market that changes at known bars; or eurusd, the bundled year.",
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A TOML file; see [bold]alpha-pulse config show[/].")
]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"alpha-pulse {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Options of the program itself."""
    if context.invoked_subcommand != "doctor":
        check_system()


@app.command()
@reads_bars(DataFiles, required=False)
def replay(
    options: DataOptions,
    demo: DemoName = None,
    config: ConfigFile = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where to store the run: sqlite:///FILE, a path, or memory:// (default: a new store)."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the run in --store.")] = False,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write the result as JSON; - for standard output.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also write the signals and orders as JSON, one line for each time step that has any."
        ),
    ] = None,
) -> None:
    """Trade a file of bars on paper, learn from the outcomes, and show the result.

    Example: [bold]alpha-pulse replay --data prices.csv --tz UTC --store run.db --json result.json[/]
    """
    from alpha_pulse.cli.reading import ChosenBars
    from alpha_pulse.cli.replay import Outputs, run
    from alpha_pulse.cli.terminal.paths import check_folders_exist, check_separate_files
    from alpha_pulse.cli.terminal.signals import StoppedError
    from alpha_pulse.cli.terminal.streams import file_of
    from alpha_pulse.library.settings import load_settings

    bars = ChosenBars(options, demo)
    outputs: dict[str, Path | None] = {"--json": file_of(json), "--decisions": decisions}
    check_separate_files(outputs, {"--data": bars.files, "--config": [config]}, store)
    check_folders_exist(outputs, store)
    settings = load_settings(config)
    feed = bars.read()
    command = [program(), "replay", *bars.words()]
    for name, value in {"--config": config, "--json": json, "--decisions": decisions}.items():
        command += [] if value is None else [name, str(value)]
    try:
        run(settings, feed, store, resume=resume, outputs=Outputs(json, decisions), command=command)
    except StoppedError as stopped:
        raise typer.Exit(stopped.exit_code) from None


@app.command()
@reads_bars(DataFiles, required=False)
def run(
    options: DataOptions,
    demo: DemoName = None,
    config: ConfigFile = None,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where to store the run: sqlite:///FILE, a path, or memory://; a stored run is resumed "
            "(default: the newest store with the same data and settings).",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start from the first bar, in a new store; the old store is not deleted.")
    ] = False,
    speed: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            callback=in_range(0),
            help=f"Bars per second; 0: as fast as possible (default: {SPEED:g}; with --demo drift {DRIFT_SPEED:g}).",
        ),
    ] = None,
    host: Annotated[str, typer.Option(metavar="H", help="Address to listen on.")] = HOST,
    port: Annotated[
        int, typer.Option(metavar="P", callback=in_range(0, 65_535), help="Port of the page; 0: any free port.")
    ] = PORT,
    json: Annotated[
        bool, typer.Option("--json", help="Print the page's address as one line of JSON instead of tables.")
    ] = False,
) -> None:
    """Trade on paper slowly enough to watch, and serve a page that shows and controls the run.

    A second start resumes the run. Example: [bold]alpha-pulse run --demo drift[/]
    """
    from alpha_pulse.cli.reading import ChosenBars
    from alpha_pulse.cli.run import run as run_and_serve
    from alpha_pulse.cli.served_run import ServeOptions
    from alpha_pulse.cli.terminal.paths import check_folders_exist, check_separate_files
    from alpha_pulse.cli.terminal.signals import StoppedError
    from alpha_pulse.core.errors import ConfigError
    from alpha_pulse.library.settings import load_settings

    if fresh and store is not None:
        raise ConfigError("--fresh and --store were both given; give only one: a --store without a run starts a new one")
    if speed is not None and not speed < float("inf"):
        raise ConfigError(f"--speed is {speed}; expected bars per second, or 0 for as fast as possible")
    bars = ChosenBars(options, demo)
    check_separate_files({}, {"--data": bars.files, "--config": [config]}, store)
    check_folders_exist({}, store)
    settings = load_settings(config)
    feed = bars.read()
    usual_speed = DRIFT_SPEED if bars.is_synthetic else SPEED
    serving = ServeOptions(
        host, port, usual_speed if speed is None else speed, json, default_store=store is None, bars=tuple(bars.words()),
        config=None if config is None else str(config),
    )  # fmt: skip
    non_defaults = {
        "--config": config, "--store": store,
        "--host": host if host != HOST else None, "--port": port if port != PORT else None,
        "--speed": f"{speed:g}" if speed not in (None, usual_speed) else None,
    }  # fmt: skip
    command = [program(), "run", *bars.words()]
    command += [word for name, value in non_defaults.items() if value is not None for word in (name, str(value))]
    try:
        run_and_serve(settings, feed, bars.name, store, fresh=fresh, serving=serving, command=command)
    except StoppedError as stopped:
        raise typer.Exit(stopped.exit_code) from None


@app.command()
def warmup(
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Compile the kernels (numerical functions) that a configuration uses, so that the next run starts without delay.

    Example: [bold]alpha-pulse warmup[/]
    """
    import msgspec

    from alpha_pulse.core.errors import OutputError
    from alpha_pulse.library.progress import progress
    from alpha_pulse.library.settings import load_settings
    from alpha_pulse.runtime.warmup import about_how_many, warm_up

    settings = load_settings(config)
    with progress("compiling kernels", about_how_many(settings), "kernels", countdown=False) as report:
        done = warm_up(settings, report)
    if done.problem is not None:
        raise OutputError(
            f"compiled kernels cannot be stored in {done.cache}: {done.problem}; set NUMBA_CACHE_DIR to another folder"
        )
    if json:
        print(msgspec.json.encode(done).decode())
    else:
        compiled = f"{done.compiled} kernels compiled" if done.compiled else "all kernels were compiled already"
        print(f"{compiled} in {done.seconds:.1f} s; cache: {done.cache}")


@app.command()
def doctor(
    config: ConfigFile = None,
    port: Annotated[
        int, typer.Option(metavar="P", callback=in_range(1, 65_535), help="Port on which the page will be served.")
    ] = PORT,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Check the installation and show how to fix each problem; exit code 1 if there is one.

    Example: [bold]alpha-pulse doctor[/]
    """
    import msgspec

    from alpha_pulse.cli.doctor import examine

    findings = []
    for finding in examine(config, port):
        findings.append(finding)
        if not json:
            fix = "" if finding.ok else f"; {finding.fix}"
            print(f"{'ok    ' if finding.ok else 'NOT OK'}  {finding.name:<12}  {finding.detail}{fix}", flush=True)
    if json:
        print(msgspec.json.encode({"ok": all(finding.ok for finding in findings), "findings": findings}).decode())
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command("simulate-detectors")
def simulate_detectors(
    table: Annotated[
        list[str] | None, typer.Option(metavar="T", help="Only this table; may be repeated; an unknown name lists the tables.")
    ] = None,
    detector: Annotated[
        list[str] | None,
        typer.Option(metavar="D", help="Only this detector; may be repeated; an unknown name lists the detectors."),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            metavar="N", callback=in_range(2), help="Runs for each cell of a table (default: as many as for the docs)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", callback=in_range(0), help="Seed of all streams.")] = 1,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write the results as JSON; - for standard output.")
    ] = None,
) -> None:
    """Simulate false alarms and delays of detectors, comparisons and promotions: tables of docs/concepts/detectors.md and
    docs/serving.md.

    All tables take more than half an hour.
    Example: [bold]alpha-pulse simulate-detectors --table delays --detector adwin --runs 20[/]
    """
    from alpha_pulse.cli.simulate import run
    from alpha_pulse.cli.terminal.paths import check_folders_exist
    from alpha_pulse.cli.terminal.streams import file_of

    check_folders_exist({"--json": file_of(json)}, None)
    run(table or (), detector or (), runs, seed, json)


app.command("train")(train)


@app.command()
def evaluate(
    model: Annotated[
        list[str],
        typer.Option(
            metavar="M",
            help="A model, such as logistic or hoeffding_tree; may be repeated; the others are compared with the first. "
            "An unknown name lists the models.",
        ),
    ],
    stream: Annotated[
        str,
        typer.Option(
            metavar="S",
            help="A CSV, ARFF or Parquet file, or a generator (agrawal, hyperplane, led_drift, rbf_drift, sea) with options, "
            "such as sea:n=100000,seed=3.",
        ),
    ],
    target: Annotated[
        str | None, typer.Option(metavar="T", help="The column that contains the class (default: the last).")
    ] = None,
    missing: Annotated[
        str,
        typer.Option(
            metavar="refuse|drop|keep",
            help="A row that lacks a value: refuse it, drop it (and count it), or keep the value as missing.",
        ),
    ] = "refuse",
    delay: Annotated[
        int, typer.Option(metavar="D", callback=in_range(0), help="Number of examples between a prediction and its label.")
    ] = 0,
    window: Annotated[
        int,
        typer.Option(
            metavar="W",
            callback=in_range(1),
            help="Labels in the sliding window, the moving average and the fading metrics.",
        ),
    ] = 1_000,
    seed: Annotated[
        int,
        typer.Option(
            metavar="S", callback=in_range(0), help="Seed of the models, the intervals and a generator without its own."
        ),
    ] = 1,
    alpha: Annotated[
        float, typer.Option(metavar="A", help="Probability of reporting a difference between equal models.")
    ] = 0.05,
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write the result as JSON; - for standard output.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the curves: .png, .svg or .pdf.")] = None,
) -> None:
    """Predict each example of a stream before it is learned, and show the scores beside those of simple baselines.

    Example: [bold]alpha-pulse evaluate --model logistic --model hoeffding_tree --stream sea --plot sea.png[/]
    """
    from alpha_pulse.cli.evaluate import EvaluateOptions, run
    from alpha_pulse.cli.terminal.paths import check_folders_exist, check_separate_files
    from alpha_pulse.cli.terminal.signals import StoppedError
    from alpha_pulse.cli.terminal.streams import file_of

    outputs = {"--json": file_of(json), "--plot": plot}
    check_separate_files(outputs, {"--stream": [Path(stream)]}, None)
    check_folders_exist(outputs, None)
    try:
        run(EvaluateOptions(tuple(model), stream, target, delay, window, seed, alpha, json, plot, missing))
    except StoppedError as stopped:
        typer.echo("alpha-pulse: stopped; nothing was written", err=True)
        raise typer.Exit(stopped.exit_code) from None


@config_app.command("show")
def config_show(
    config: ConfigFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show every setting in effect and where it comes from: default, file or environment.

    Environment variables override the file, such as [bold]ALPHA_PULSE__VENUE__FEE_BPS=2.5[/].

    Example: [bold]alpha-pulse config show > my.toml[/]
    """
    import msgspec

    from alpha_pulse.core.config_toml import origins, to_toml
    from alpha_pulse.library.settings import load_settings

    settings = load_settings(config)
    if json:
        print(msgspec.json.format(msgspec.json.encode(settings), indent=2).decode())
    else:
        print(to_toml(settings, origins(config)), end="")


add_result_commands(app)
