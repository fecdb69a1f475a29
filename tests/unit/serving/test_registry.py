"""The registry: versions, their states, and who serves; the rules hold whatever is asked for, in whatever order."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import AlphaPulseError, ConfigError, ConflictError, NotFoundError, StateError, StoreError
from alpha_pulse.features.schema import FeatureSchema, schema_for
from alpha_pulse.serving.registry import Registry
from alpha_pulse.serving.registry.ladder import ALLOWED, Standing
from registry_samples import SESSION, SYMBOL, TARGET, add, artefact, filled, lineage

KEY = (SYMBOL, TARGET)


def test_a_version_is_loaded_as_it_was_registered(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path / "models")
    loaded = Registry(tmp_path / "models").load(versions[2])
    assert loaded.to_bytes() == artefact(3).to_bytes()
    assert loaded.state.arrays["weights"].tolist() == artefact(3).state.arrays["weights"].tolist()
    assert registry.lineage(versions[2]) == lineage(artefact(3), 3)


def test_a_version_that_is_registered_again_stays_as_it_is(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    before = registry.log.read()
    assert add(registry, 2) == versions[1]
    assert registry.log.read() == before


def test_versions_are_found_by_id_by_its_start_and_by_alias(tmp_path: Path) -> None:
    registry, (first, second, third) = filled(tmp_path)
    assert registry.find(third) == registry.find(third[:8]) == third
    assert registry.find(f"{SESSION}@champion") == second
    assert registry.find(f"{SESSION}@challenger") == first
    assert registry.find(f"{SESSION}@newest") == third
    assert registry.find("member-2") == second


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("nothing", NotFoundError, "contains no version 'nothing'; give the start of an id, or SYMBOL/target@champion"),
        ("SYN/directoin@champion", NotFoundError, "did you mean 'SYN/direction'?"),
        ("SYN/direction@champoin", ConfigError, "alias 'champoin' is unknown; did you mean 'champion'?"),
        ("", NotFoundError, "contains no version ''"),
    ],
)
def test_an_unknown_name_is_answered_with_what_there_is(tmp_path: Path, name: str, kind: type[Exception], words: str) -> None:
    registry, _ = filled(tmp_path)
    with pytest.raises(kind) as caught:
        registry.load(name)
    assert words in str(caught.value)


def test_a_start_of_three_characters_is_too_short(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    with pytest.raises(ConfigError, match="give 4 or more characters"):
        registry.find(versions[0][:3])


def test_an_empty_registry_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="contains no versions yet; alpha-pulse models add registers one"):
        Registry(tmp_path / "none").load("abcd")
    assert Registry(tmp_path / "none").versions() == ([], [])
    assert not (tmp_path / "none").exists()


def test_a_promotion_makes_the_former_champion_the_challenger(tmp_path: Path) -> None:
    registry, (first, second, third) = filled(tmp_path)
    infos, (served,) = registry.versions()
    assert [(info.version, info.state, info.alias) for info in infos] == [
        (third, "candidate", None), (second, "champion", "champion"), (first, "shadow", "challenger"),
    ]  # fmt: skip
    assert (served.champion, served.challenger, served.frozen) == (second, first, False)


def test_a_rollback_moves_the_alias_back_and_retires_the_champion(tmp_path: Path) -> None:
    registry, (first, second, third) = filled(tmp_path)
    registry.move(third, "champion", actor="me", reason="try")
    assert registry.rollback(SESSION, actor="me", reason="worse", evidence={"labels": 40}) == second
    assert registry.rollback(SESSION, actor="me", reason="worse still") == first
    known = registry.standing()
    assert [known.states[version] for version in (first, second, third)] == ["champion", "retired", "retired"]
    assert (known.champion(KEY), known.challenger(KEY)) == (first, None)
    with pytest.raises(ConflictError, match="no earlier champion"):
        registry.rollback(SESSION, actor="me", reason="once more")


def test_after_a_champion_was_retired_a_rollback_brings_the_one_before(tmp_path: Path) -> None:
    registry, (first, second, _) = filled(tmp_path)
    registry.move(second, "retired", actor="me", reason="broken")
    assert registry.standing().champion(KEY) is None
    with pytest.raises(NotFoundError, match="has no champion; promote a version"):
        registry.load(f"{SESSION}@champion")
    assert registry.rollback(SESSION, actor="me", reason="the one before") == first
    assert registry.standing().states[second] == "retired"


def test_a_frozen_champion_stays(tmp_path: Path) -> None:
    registry, (first, second, third) = filled(tmp_path)
    registry.freeze(SESSION, actor="risk", reason="quarter end")
    for change in (
        lambda: registry.move(third, "champion", actor="me", reason="try"),
        lambda: registry.move(first, "canary", actor="me", reason="try"),
        lambda: registry.move(second, "retired", actor="me", reason="try"),
        lambda: registry.rollback(SESSION, actor="me", reason="try"),
    ):
        with pytest.raises(ConflictError, match=r"is frozen by risk \(quarter end\); unfreeze it first"):
            change()
    registry.move(third, "shadow", actor="me", reason="it does not serve")
    _, (served,) = registry.versions()
    assert (served.frozen, served.frozen_by, served.frozen_reason) == (True, "risk", "quarter end")
    with pytest.raises(ConflictError, match="is frozen already"):
        registry.freeze(SESSION, actor="me", reason="again")
    registry.unfreeze(SESSION, actor="risk", reason="over")
    registry.move(third, "champion", actor="me", reason="now")
    assert registry.standing().champion(KEY) == third


def test_a_move_that_skips_a_step_says_what_is_possible(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    with pytest.raises(
        ConflictError, match="is candidate and cannot become canary; it can become shadow or champion or retired"
    ):
        registry.move(versions[2], "canary", actor="me", reason="hurry")


@pytest.mark.parametrize(("actor", "reason", "what"), [("", "why", "actor"), ("me", " ", "reason")])
def test_every_move_says_who_and_why(tmp_path: Path, actor: str, reason: str, what: str) -> None:
    registry, versions = filled(tmp_path)
    with pytest.raises(ConfigError, match=f"the {what} of a move of SYN/direction is empty"):
        registry.move(versions[2], "shadow", actor=actor, reason=reason)


def test_the_first_feature_that_differs_is_named(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    own = schema_for(True, False)
    made = artefact(1, features=own.names[: own.n_common])
    made = msgspec.structs.replace(made, schema_id=own.schema_id)
    registry.add(made, lineage(made), actor="test")
    assert registry.load(made.version, own).features == own.names[: own.n_common]
    with pytest.raises(StateError, match="feature 31 is 'volume_z' there and 'vol_level_half' here"):
        registry.load(made.version, schema_for(False, False))
    with pytest.raises(StateError, match="the names are equal, but the definition of a feature or the horizon"):
        registry.load(made.version, schema_for(True, False, volatility_horizon=24))
    with pytest.raises(StateError, match="feature 3 is 'ret_6' there, and there is none here"):
        registry.load(made.version, FeatureSchema("other", own.names[:2], 2))


def test_a_lineage_of_another_model_is_refused(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(StateError, match="the lineage states version"):
        registry.add(artefact(1), lineage(artefact(2)), actor="test")
    assert registry.versions() == ([], [])


def test_what_was_done_is_shown_with_actor_reason_and_evidence(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    details = registry.show(versions[1])
    assert [(move.action, move.state, move.actor) for move in details.moves] == [
        ("add", "candidate", "test"), ("move", "champion", "test"),
    ]  # fmt: skip
    assert details.moves[1].evidence == {"e_value": 40.0, "labels": 900}
    assert details.problem is None
    assert details.size == len(artefact(2).to_bytes())


def test_a_version_goes_to_another_registry_as_one_file(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path / "one")
    other = Registry(tmp_path / "two")
    content = registry.export(f"{SESSION}@champion")
    assert other.import_version(content, "model.apm", actor="me") == versions[1]
    assert other.load(versions[1]).to_bytes() == artefact(2).to_bytes()
    assert other.lineage(versions[1]) == registry.lineage(versions[1])
    assert other.standing().states == {versions[1]: "candidate"}
    with pytest.raises(StateError, match=r"model\.apm cannot be imported"):
        other.import_version(artefact(2).to_bytes(), "model.apm", actor="me")


def test_the_difference_of_two_versions(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    found = registry.diff(versions[0], versions[2])
    assert {field.name for field in found.fields} == {"version", "last_ts", "examples", "made_ts", "served_as"}
    assert [(field.name, field.first, field.second) for field in found.settings] == [("batch.leaves", 9, 11)]
    assert [(array.name, array.different, array.largest) for array in found.arrays] == [
        ("counts", 3, 2.0),
        ("weights", 19, 38.0),
    ]
    assert registry.diff(versions[0], versions[0]).fields == ()


def test_a_file_of_the_registry_that_is_missing_is_named_and_the_others_are_served(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    (tmp_path / "versions" / versions[0] / "artefact.aps").unlink()
    with pytest.raises(StateError, match=r"artefact\.aps is damaged: it is missing; use another version"):
        registry.load(versions[0])
    assert "it is missing" in str(registry.show(versions[0]).problem)
    assert registry.load(versions[1]).state.scalars == {"number": 2}
    (tmp_path / "versions" / versions[0] / "lineage.json").unlink()
    assert [info.problem is None for info in registry.versions()[0]] == [True, True, False]


def test_a_log_without_its_head_is_refused(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    (tmp_path / "moves.head").unlink()
    for use in (lambda: registry.load(versions[0]), lambda: add(registry, 4), registry.versions):
        with pytest.raises(StateError, match=r"is damaged: moves\.head is missing; nothing is loaded from it"):
            use()


def test_a_line_that_is_removed_or_made_up_is_noticed(tmp_path: Path) -> None:
    registry, _ = filled(tmp_path)
    log = tmp_path / "moves.log"
    lines = log.read_bytes().splitlines(keepends=True)
    for changed in (lines[:-1], lines[1:], [*lines[:2], *lines[3:]], [lines[1], lines[0], *lines[2:]]):
        log.write_bytes(b"".join(changed))
        with pytest.raises(StateError):
            registry.versions()
    head, text = lines[-1].split(b" ", 1)
    log.write_bytes(b"".join(lines[:-1]) + head + b" " + text.replace(b"better", b"bitter"))
    with pytest.raises(StateError, match="line 5 differs from what was written"):
        registry.versions()


def test_what_an_interrupted_write_left_is_not_read_and_is_overwritten(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    log = tmp_path / "moves.log"
    whole = log.read_bytes()
    log.write_bytes(whole + b"0123 {half of a li")
    assert registry.standing().champion(KEY) == versions[1]
    registry.move(versions[2], "champion", actor="me", reason="next")
    assert log.read_bytes().startswith(whole)
    assert b"half of a li" not in log.read_bytes()
    assert Registry(tmp_path).standing().champion(KEY) == versions[2]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be written: not a directory; name a folder you may write to"):
        add(Registry(tmp_path / "file" / "models"), 1)


def test_the_lineage_is_plain_json(tmp_path: Path) -> None:
    _, versions = filled(tmp_path)
    read = json.loads((tmp_path / "versions" / versions[0] / "lineage.json").read_text())
    assert read["version"] == versions[0]
    assert read["metrics"]["log_loss_nats"] == {"value": 0.69, "low": 0.68, "high": None, "n": 500}


def test_a_writer_waits_for_another_one_and_says_if_that_takes_too_long(tmp_path: Path) -> None:
    registry, versions = filled(tmp_path)
    with ThreadPoolExecutor() as others, registry.log.locked():
        waiting = others.submit(Registry(tmp_path).move, versions[2], "champion", actor="me", reason="next")
        hasty = Registry(tmp_path)
        hasty.log.wait_s = 0.05
        late = others.submit(hasty.freeze, SESSION, actor="me", reason="test")
        assert isinstance(late.exception(), StoreError)
        assert "is being written by another process for more than 0.05 seconds" in str(late.exception())
        assert not waiting.done()
        assert registry.standing().champion(KEY) == versions[1]
    assert waiting.result() == KEY
    assert registry.standing().champion(KEY) == versions[2]


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "champion", "champion", "rollback", "freeze", "unfreeze", *ALLOWED]),
        st.integers(1, 4),
        st.sampled_from([False, False, True]),
    ),
    max_size=40,
)


@given(ACTIONS)
def test_one_champion_at_most_whatever_is_asked_for(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int, bool]]
) -> None:
    registry, _ = filled(tmp_path_factory.mktemp("models"))
    for action, number, other in actions:
        symbol = "OTHER" if other else SYMBOL
        key, version = (symbol, TARGET), artefact(number, symbol=symbol).version
        before = registry.standing()
        frozen, champion = key in before.frozen, before.champion(key)
        try:
            if action == "add":
                add(registry, number, symbol=symbol)
            elif action == "rollback":
                registry.rollback("/".join(key), actor="me", reason="test")
            elif action in ("freeze", "unfreeze"):
                getattr(registry, action)("/".join(key), actor="me", reason="test")
            else:
                registry.move(version, action, actor="me", reason="test")  # type: ignore[arg-type]
        except AlphaPulseError:
            assert registry.standing().states == before.states
        known = registry.standing()
        if frozen and action != "unfreeze":
            assert known.champion(key) == champion
        for each in known.keys:
            states = [known.states[version] for version, entry in known.added.items() if (entry.symbol, entry.target) == each]
            assert states.count("champion") == (known.champion(each) is not None)
            if known.challenger(each) is not None:
                assert known.challenger(each) != known.champion(each)
    assert Standing(registry.log.read()).states == registry.standing().states
