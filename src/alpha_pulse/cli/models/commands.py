"""The commands ``alpha-pulse models``. Everything heavy is imported inside them, so that ``--help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alpha_pulse.cli.command_line import Commands

models_app = Commands(
    "List, compare, promote and exchange versions of models.\n\n"
    "The batch models of stored runs are registered by themselves, as candidates.\n\n"
    "Example: [bold]alpha-pulse models list[/]"
)
Version = Annotated[
    str,
    typer.Argument(
        metavar="VERSION",
        help="The start of an id, its name in predictions, or [bold]SYMBOL/target@champion[/] ([bold]@challenger[/], "
        "[bold]@newest[/]).",
    ),
]
Session = Annotated[str, typer.Argument(metavar="SESSION", help="[bold]SYMBOL/target[/], such as BTCUSDT/direction.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is stored with the change.")]
Actor = Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Who does it (default: the user's name).")]
Folder = Annotated[
    Path | None, typer.Option("--registry", metavar="FOLDER", help="Another registry (default: the one in your data folder).")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@models_app.command("list")
def models_list(
    symbol: Annotated[str | None, typer.Option(metavar="S", help="Only versions for this symbol.")] = None,
    target: Annotated[str | None, typer.Option(metavar="T", help="Only versions for this target.")] = None,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="Only versions in this state: candidate, shadow, canary, champion or retired."),
    ] = None,
    registry: Folder = None,
    json: Json = False,
) -> None:
    """List the versions in the registry, the newest first, and who is champion and challenger.

    Example: [bold]alpha-pulse models list --symbol EURUSD[/]
    """
    from alpha_pulse.cli.models.reading import list_versions

    list_versions(registry, symbol, target, state, json=json)


@models_app.command("show")
def models_show(version: Version, registry: Folder = None, json: Json = False) -> None:
    """Show one version: where it comes from, what was measured, and what was done with it. Its files are checked.

    Example: [bold]alpha-pulse models show EURUSD/direction@champion[/]
    """
    from alpha_pulse.cli.models.reading import show_version

    show_version(registry, version, json=json)


@models_app.command("diff")
def models_diff(
    first: Version,
    second: Annotated[str, typer.Argument(metavar="OTHER", help="The other version, as VERSION.")],
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Show what differs between two versions: their data, settings, features and states.

    Example: [bold]alpha-pulse models diff 78b93f4d EURUSD/volatility@champion[/]
    """
    from alpha_pulse.cli.models.reading import compare

    compare(registry, first, second, json=json)


@models_app.command("add")
def models_add(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="The id of a run in your data folder, a part of it, [bold]latest[/], or a store (sqlite:///FILE or a path).",
        ),
    ],
    session: Session,
    batch: Annotated[
        bool, typer.Option("--batch", help="Register the batch model of the session, not its online model.")
    ] = False,
    actor: Actor = None,
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Register the model of a session as it is in the newest checkpoint of a stored run, which may be in progress.

    Example: [bold]alpha-pulse models add latest EURUSD/direction[/]
    """
    from alpha_pulse.cli.models.exchange import add_from_run

    add_from_run(registry, run, session, batch=batch, actor=actor, json=json)


@models_app.command("promote")
def models_promote(
    version: Version,
    reason: Reason,
    to: Annotated[
        str, typer.Option("--to", metavar="STATE", help="The state to enter: shadow, canary or champion.")
    ] = "champion",
    actor: Actor = None,
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Let a version enter a higher state. A champion replaces the present one, which becomes the challenger.

    Example: [bold]alpha-pulse models promote 78b93f4d --reason 'lower log loss in shadow'[/]
    """
    from alpha_pulse.cli.models.changing import promote

    promote(registry, version, to, actor, reason, json=json)


@models_app.command("retire")
def models_retire(version: Version, reason: Reason, actor: Actor = None, registry: Folder = None, json: Json = False) -> None:
    """Let a version serve no longer. Its files stay.

    Example: [bold]alpha-pulse models retire 78b93f4d --reason 'trained on wrong bars'[/]
    """
    from alpha_pulse.cli.models.changing import retire

    retire(registry, version, actor, reason, json=json)


@models_app.command("rollback")
def models_rollback(session: Session, reason: Reason, actor: Actor = None, registry: Folder = None, json: Json = False) -> None:
    """Make the earlier champion the champion again, and retire the present one.

    Example: [bold]alpha-pulse models rollback EURUSD/direction --reason 'worse since Monday'[/]
    """
    from alpha_pulse.cli.models.changing import rollback

    rollback(registry, session, actor, reason, json=json)


@models_app.command("freeze")
def models_freeze(session: Session, reason: Reason, actor: Actor = None, registry: Folder = None, json: Json = False) -> None:
    """Forbid any change of the champion, also automatic ones, until it is unfrozen.

    Example: [bold]alpha-pulse models freeze EURUSD/direction --reason 'audit'[/]
    """
    from alpha_pulse.cli.models.changing import freeze

    freeze(registry, session, actor, reason, json=json)


@models_app.command("unfreeze")
def models_unfreeze(session: Session, reason: Reason, actor: Actor = None, registry: Folder = None, json: Json = False) -> None:
    """Allow changes of the champion again.

    Example: [bold]alpha-pulse models unfreeze EURUSD/direction --reason 'audit is over'[/]
    """
    from alpha_pulse.cli.models.changing import unfreeze

    unfreeze(registry, session, actor, reason, json=json)


@models_app.command("export")
def models_export(
    version: Version,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file, which another registry can import.")],
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Write a version with its lineage to a file.

    Example: [bold]alpha-pulse models export EURUSD/direction@champion --to direction.apm[/]
    """
    from alpha_pulse.cli.models.exchange import export

    export(registry, version, to, json=json)


@models_app.command("import")
def models_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file of [bold]alpha-pulse models export[/].")],
    actor: Actor = None,
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Register a version from a file as a candidate. Import only files whose origin you trust.

    Example: [bold]alpha-pulse models import direction.apm[/]
    """
    from alpha_pulse.cli.models.exchange import import_file

    import_file(registry, file, actor, json=json)


@models_app.command("push")
def models_push(
    version: Version,
    to: Annotated[str, typer.Option("--to", metavar="URI", help="The tracking server, such as http://127.0.0.1:5000.")],
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Upload a version with its lineage to an MLflow tracking server, and set its aliases there.

    Example: [bold]alpha-pulse models push EURUSD/direction@champion --to http://127.0.0.1:5000[/]
    """
    from alpha_pulse.cli.models.mlflow import push

    push(registry, version, to, json=json)


@models_app.command("pull")
def models_pull(
    version: Annotated[
        str,
        typer.Argument(
            metavar="VERSION",
            help="A whole id, or [bold]SYMBOL/target@champion[/] (or [bold]@challenger[/], [bold]@newest[/]) of the server.",
        ),
    ],
    source: Annotated[str, typer.Option("--from", metavar="URI", help="The tracking server, such as http://127.0.0.1:5000.")],
    actor: Actor = None,
    registry: Folder = None,
    json: Json = False,
) -> None:
    """Register a version from an MLflow tracking server as a candidate. Pull only from servers that you trust.

    Example: [bold]alpha-pulse models pull EURUSD/direction@champion --from http://127.0.0.1:5000[/]
    """
    from alpha_pulse.cli.models.mlflow import pull

    pull(registry, version, source, actor, json=json)
