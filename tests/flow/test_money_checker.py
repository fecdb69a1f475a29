"""Invariant 11, by an independent recount: the money in a store follows exactly from its bars, orders and configuration."""

from __future__ import annotations

import ast
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alpha_pulse.engine.verification import verify
from alpha_pulse.stores.reading import StoreReader
from money_runs import Steps, random_run, recount, rows_of, run

TESTS = Path(__file__).parent.parent
QUICK_SEEDS = (0, 1, 2, 5, 6, 8, 9, 11, 13, 14, 17, 18, 37, 38, 54)
"""Of the first sixty those of few bars that have ruins, jumps, latencies, late symbols and daily losses among them."""
SOAK_SEEDS = 400
MONEY = {
    "fills": ("quantity", "price", "reference", "cost", "fee", "ts", "order_id", "signal_id"),
    "lots": ("quantity", "gross_pnl", "costs", "net_pnl", "opened_ts", "open_reference", "close_reference", "open_fill_id"),
    "orders": ("quantity",),
}


def counted(seeds: Iterable[int], folder: Path) -> Counter[str]:
    """No difference in any run, and `journal verify` finds all in order; what happened, and in how many runs it did."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        feed, settings = random_run(seed)
        store = folder / f"{seed}.db"
        checked = run(store, feed, settings, stops=seed % 3)
        assert not checked.differences, f"run {seed}: {checked.differences[0]}"
        with StoreReader(store) as reader:
            verified = verify(reader)
        assert verified.ok, f"run {seed}: {verified.checks}"
        seen.update(checked.seen, runs=1, **{f"runs with {what}": 1 for what, count in checked.seen.items() if count})
        store.unlink()
    return seen


def test_random_runs(tmp_path: Path) -> None:
    seen = counted(QUICK_SEEDS, tmp_path)
    assert seen["runs with market fills"] >= 0.8 * len(QUICK_SEEDS)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_many_random_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seen = counted(range(1_000, 1_000 + SOAK_SEEDS), tmp_path)
    with capsys.disabled():
        print(f"\nrecounted, with 0 differences: {dict(seen)}")
    assert seen["runs with market fills"] >= 0.8 * SOAK_SEEDS
    for what in ("flips", "partial closes", "stop fills"):
        assert seen[f"runs with {what}"] >= 0.2 * SOAK_SEEDS


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of a run in which much happens, closed."""
    store = tmp_path_factory.mktemp("recorded") / "run.db"
    assert not run(store, *random_run(18)).differences
    return store


def altered(value: Any) -> Any:
    """The least change that should be seen."""
    if isinstance(value, str):
        return value + "x"
    return value + 1 if isinstance(value, int) else value * (1.0 + 1e-6)


def places(steps: Steps) -> Iterator[tuple[int, int, str, int, str]]:
    """Every figure of money in the journal: step, 1 for its record and 2 for its decision, list, place in it, field."""
    for seq, step in enumerate(steps):
        for part in (1, 2):
            content: dict[str, Any] = step[part]  # type: ignore[assignment]
            for name, fields in MONEY.items():
                for place in range(len(content.get(name, ()))):
                    yield from ((seq, part, name, place, field) for field in fields)


def test_a_changed_figure_is_found(recorded: Path) -> None:
    rng, steps = random.Random(5), rows_of(recorded)
    every = sorted(places(steps))
    by_field = {
        (name, field): [at for at in every if at[2] == name and at[4] == field] for name in MONEY for field in MONEY[name]
    }
    for planted in (rng.choice(found) for found in by_field.values()):
        seq, part, name, place, field = planted
        element: dict[str, Any] = steps[seq][part][name][place]  # type: ignore[index]
        true = element[field]
        element[field] = altered(true)
        assert recount(recorded, steps).differences, planted
        element[field] = true
    assert not recount(recorded, steps).differences


def test_the_recount_imports_nothing_of_the_program() -> None:
    for name in ("money_books", "money_checker", "money_report"):
        tree = ast.parse((TESTS / f"{name}.py").read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
        names = {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
        names |= {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
        assert {each.split(".")[0] for each in names} <= {*sys.stdlib_module_names, "money_books", "money_report"}
