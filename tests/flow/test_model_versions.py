"""Versions of a run's models: registered once the journal contains them, and they answer as the run did, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cli_runs
from alpha_pulse.core.errors import NotFoundError, StateError
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import random_walk
from alpha_pulse.journal.block import decoded_blocks
from alpha_pulse.library.registries import registry_of_run
from alpha_pulse.models.base import Row
from alpha_pulse.runtime.models.recorder import VersionRecorder
from alpha_pulse.runtime.models.versions import online_version, origin_of, stored_version
from alpha_pulse.runtime.replay import replay
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.frozen import FrozenModel
from alpha_pulse.stores import open_store
from alpha_pulse.stores.base import Store
from alpha_pulse.stores.memory import MemoryStore
from alpha_pulse.stores.reading import StoreReader
from flow.runs import begun, configured

SETTINGS = {
    "batch.train_bars": 1_500, "batch.retrain_bars": 200, "batch.volatility_trees": 5, "batch.direction_trees": 4,
    "execution.shadow_books": False, "store.checkpoint_steps": 400,
}  # fmt: skip
SESSION = "SYN/direction"
ROUNDS = 3
"""Trainings of each model."""


def market() -> ReplayFeed:
    return random_walk(2_000, seed=8)


def replayed(store: Store, registry: Registry, warn: Callable[[str], object] = pytest.fail, **more: str) -> None:
    """A whole run; ``more`` settings are those of section ``batch``."""
    config = configured({**SETTINGS, **{f"batch.{name}": value for name, value in more.items()}})
    assert replay(config, market(), store, "a-run", on_warning=warn, registry=registry) is not None


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of a finished run, and the registry of its models."""
    folder = tmp_path_factory.mktemp("versions")
    store = open_store(str(folder / "run.db"), configured(SETTINGS).store)
    replayed(store, Registry(folder / "models"))
    store.close()
    return folder


def served(store: Store, target: str) -> tuple[Row, Row, Row]:
    """Of all bars for which the batch model had a probability: the features, the probability before its calibration, and when
    the model was trained."""
    rows, probabilities, trained = [], [], []
    for block in decoded_blocks(store):
        found = block.column("numbers", f"{target}.raw_batch")
        present = ~np.isnan(found)
        rows.append(block.tables["features"][present])
        probabilities.append(found[present])
        trained.append(block.column("codes", f"{target}.batch_trained_ns")[present])
    return np.concatenate(rows), np.concatenate(probabilities), np.concatenate(trained)


def check_answers(registry: Registry, store: Store) -> None:
    """Each training of a run is a version, whose answers are the probabilities in the journal."""
    for target in ("volatility", "direction"):
        features, probabilities, trained = served(store, target)
        infos, _ = registry.versions("SYN", target)
        lineages = [info.lineage for info in reversed(infos) if info.lineage is not None]
        assert [of.made_ts for of in lineages] == sorted(set(trained.tolist()))
        assert len(lineages) == ROUNDS
        assert [of.parent for of in lineages] == [None, *(of.version for of in lineages[:-1])]
        for of in lineages:
            frozen = FrozenModel(registry.load(of.version))
            own = trained == of.made_ts
            answers = frozen.predict_many(np.ascontiguousarray(features[own, : frozen.n_features]))
            assert answers.tolist() == probabilities[own].tolist()


def test_each_registered_batch_model_answers_as_it_did_in_its_run(place: Path) -> None:
    store = open_store(str(place / "run.db"), configured(SETTINGS).store)
    check_answers(Registry(place / "models"), store)
    store.close()


def test_so_does_another_kind_of_batch_model(tmp_path: Path) -> None:
    store, registry = MemoryStore(), Registry(tmp_path)
    replayed(store, registry, model="logistic")
    assert {info.lineage.model for info in registry.versions()[0] if info.lineage is not None} == {"logistic"}
    check_answers(registry, store)


def test_the_lineage_says_where_a_version_comes_from(place: Path) -> None:
    registry = Registry(place / "models")
    with StoreReader(place / "run.db") as reader:
        identity, first = reader.identity, next(reader.blocks())
    assert identity is not None
    store = open_store(str(place / "run.db"), configured(SETTINGS).store)
    models = [model for block in decoded_blocks(store) for _, model in block.structs("models")]
    ready = {(model.session_id, model.trained_ts): model for model in models}
    store.close()
    for info in registry.versions()[0]:
        of = info.lineage
        assert of is not None
        assert (of.run_id, of.config_hash, of.feed_identity) == ("a-run", identity.config_hash, identity.feed_identity)
        assert of.settings["batch"]["train_bars"] == 1_500
        assert of.first_ts == first.first_ts
        assert first.first_ts < of.made_ts < (of.ready_ts or 0)
        assert of.last_ts == of.made_ts
        assert of.served_as == ready[f"SYN/{info.target}", of.made_ts].short_version
        assert 1_200 < of.examples < 2_000
        (move,) = registry.show(info.version).moves
        assert (move.actor, move.reason) == ("run a-run", "trained")


def test_equal_runs_register_equal_versions_once(place: Path, tmp_path: Path) -> None:
    registry, first = Registry(tmp_path / "models"), Registry(place / "models")
    replayed(MemoryStore(), registry)
    before = registry.log.read()
    replayed(MemoryStore(), registry)
    assert registry.log.read() == before
    assert set(registry.standing().states) == set(first.standing().states)


def test_a_resumed_run_registers_what_its_former_life_did_not(place: Path, tmp_path: Path) -> None:
    store, registry = MemoryStore(), Registry(tmp_path / "models")
    begun(market(), SETTINGS, store).advance(1_600)
    system = begun(market(), SETTINGS, store, resume=True)
    recorder = VersionRecorder(system, registry)
    system.advance(400)
    recorder.close()
    assert recorder.problem is None
    assert set(registry.standing().states) == set(Registry(place / "models").standing().states)


def test_a_damaged_registry_stops_no_run(tmp_path: Path) -> None:
    (tmp_path / "moves.head").write_text("damaged")
    warnings: list[str] = []
    replayed(MemoryStore(), Registry(tmp_path), warnings.append)
    assert [warning.startswith("a model of this run is not registered: the log of registry") for warning in warnings] == [True]


def test_where_a_run_registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    file = open_store(str(tmp_path / "run.db"), configured().store)
    found = registry_of_run(configured(), file)
    assert found is not None
    assert found.folder == tmp_path / "data" / "alpha-pulse" / "models"
    assert registry_of_run(configured({"store.registry": "none"}), file) is None
    assert registry_of_run(configured(), MemoryStore()) is None
    named = registry_of_run(configured({"store.registry": str(tmp_path / "mine")}), MemoryStore())
    assert named is not None
    assert named.folder == tmp_path / "mine"
    file.close()


def test_an_online_model_of_a_checkpoint_answers_as_the_session_did(place: Path) -> None:
    with StoreReader(place / "run.db") as reader:
        artefact, lineage = stored_version(reader, SESSION, batch=False)
    assert lineage.seq is not None
    system = begun(market(), SETTINGS)
    system.advance(lineage.seq + 1)
    session = system.learning.session(*SESSION.split("/"))
    assert (lineage.examples, lineage.last_ts) == (session.labels_used, session.last_label_ts)
    rows = np.random.default_rng(1).normal(size=(20, session.spec.n_features))
    assert FrozenModel(artefact).predict_many(rows).tolist() == [session.query(row) for row in rows]
    assert lineage.served_as == str(session.labels_used)
    live, same = online_version(origin_of(system), SESSION, session.snapshot(), lineage.seq, system.now_ns())
    assert live.version == artefact.version
    assert same.metrics == lineage.metrics
    assert lineage.metrics["window_skill_millinats"].n > 0


def test_a_batch_model_is_found_in_a_checkpoint(place: Path) -> None:
    registered = Registry(place / "models").standing().states
    with StoreReader(place / "run.db") as reader:
        artefact, _ = stored_version(reader, SESSION, batch=True)
        assert artefact.version in registered
        with pytest.raises(NotFoundError, match=r"has no session 'SYN/directoin'; did you mean 'SYN/direction'\?"):
            stored_version(reader, "SYN/directoin", batch=True)


def test_a_frozen_model_refuses_what_it_cannot_load(place: Path) -> None:
    with StoreReader(place / "run.db") as reader:
        artefact, _ = stored_version(reader, SESSION, batch=True)
    for change, words in (
        ({"model": "my_models:Perceptron"}, "a class of a user's own module"),
        ({"model": "nothing"}, "unknown model 'nothing'"),
        ({"features": artefact.features[:-1]}, "trained on"),
        ({"arguments": {"shoes": 3}}, "cannot be loaded by this version of the program"),
    ):
        with pytest.raises(StateError, match=words):
            FrozenModel(type(artefact)(**{**{name: getattr(artefact, name) for name in artefact.__struct_fields__}, **change}))


@pytest.fixture(scope="module")
def user(place: Path) -> Path:
    """The folder of a user whose registry has the versions of a run, one of which is champion."""
    (place / "models").rename(place / "mine")
    (place / "data" / "alpha-pulse").mkdir(parents=True)
    (place / "mine").rename(place / "data" / "alpha-pulse" / "models")
    return place


def test_the_commands_tell_a_story(user: Path) -> None:
    added = cli_runs.run(user, "models", "add", "run.db", SESSION, "--json")
    assert added.returncode == 0, added.stderr
    online = json.loads(added.stdout)
    assert (online["kind"], online["state"], online["target"]) == ("online", "candidate", "direction")
    listed = json.loads(cli_runs.run(user, "models", "list", "--json").stdout)
    batch = next(each["version"] for each in listed["versions"] if (each["kind"], each["target"]) == ("batch", "direction"))
    shown = cli_runs.run(user, "models", "list", "--target", "direction").stdout
    listed_ids = [line.split()[0] for line in shown.splitlines() if "candidate" in line]
    assert listed_ids[:2] == [online["version"][:12], batch[:12]]
    assert len(listed_ids) == ROUNDS + 1
    assert "SYN/direction: champion none, challenger none" in shown

    first = cli_runs.run(user, "models", "promote", batch[:8], "--reason", "the first one", "--actor", "me")
    assert first.stdout == f"version {batch[:12]} is champion now; {SESSION}: champion {batch[:12]}, challenger none\n"
    done = cli_runs.run(user, "models", "promote", online["version"], "--reason", "better", "--json")
    assert json.loads(done.stdout)["challenger"] == batch
    frozen = cli_runs.run(user, "models", "freeze", SESSION, "--reason", "audit", "--actor", "risk")
    assert frozen.returncode == 0
    refused = cli_runs.run(user, "models", "rollback", SESSION, "--reason", "worse")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == f"alpha-pulse: the champion of {SESSION} is frozen by risk (audit); unfreeze it first\n"
    assert "frozen by risk: audit" in cli_runs.run(user, "models", "list").stdout
    assert cli_runs.run(user, "models", "unfreeze", SESSION, "--reason", "over").returncode == 0
    back = cli_runs.run(user, "models", "rollback", SESSION, "--reason", "worse")
    assert f"version {batch[:12]} is champion again" in back.stdout

    details = cli_runs.run(user, "models", "show", f"{SESSION}@champion")
    assert f"version   {batch}" in details.stdout
    assert "all hashes fit" in details.stdout
    told = json.loads(cli_runs.run(user, "models", "show", batch, "--json").stdout)
    assert [(move["action"], move["state"], move["actor"]) for move in told["moves"]][:2] == [
        ("add", "candidate", "run a-run"), ("move", "champion", "me"),
    ]  # fmt: skip
    apart = cli_runs.run(user, "models", "diff", batch, online["version"])
    assert "market_default" in apart.stdout
    written = cli_runs.run(user, "models", "export", batch, "--to", "direction.apm", "--json")
    assert json.loads(written.stdout)["bytes"] == (user / "direction.apm").stat().st_size
    there = cli_runs.run(user, "models", "import", "direction.apm", "--registry", "other")
    assert f"version {batch[:12]} of {SESSION} is registered as a candidate" in there.stdout
    assert (user / "other" / "versions" / batch / "artefact.aps").is_file()
    assert "retired" in cli_runs.run(user, "models", "retire", batch, "--reason", "old", "--registry", "other").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["promote", "abcd", "--reason", "x", "--to", "king"],
            "--to 'king' is no state to promote to; known: canary, champion",
        ),
        (["show", "abcd"], "contains no version 'abcd'; give the start of an id, or SYMBOL/target@champion"),
        (["add", "run.db", "SYN/nothing"], "run a-run has no session 'SYN/nothing'"),
        (["import", "run.db"], "run.db cannot be imported: a packed state was expected"),
        (["import", "nothing.apm"], "nothing.apm cannot be read: no such file or directory"),
        (["export", "abcd", "--to", "run.db"], "--to run.db is the store of a run and would be overwritten"),
        (["list", "--registry", "run.db"], "registry run.db is a file; name a folder"),
        (["list", "--state", "king"], "--state 'king' is unknown; known: canary, candidate, champion, retired, shadow"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(user: Path, arguments: list[str], words: str) -> None:
    done = cli_runs.run(user, "models", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
