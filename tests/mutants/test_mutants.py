"""The table fits the source as it is now; what the faults do to the tests is `make mutants`."""

from __future__ import annotations

import ast

import msgspec
import pytest

from mutants.catalogue import MUTANTS, TO_KILL
from mutants.report import PAGE
from mutants.runner import result_of
from mutants.table import PACKAGE, ROOT, STAGES, Mutant, StaleMutantError, planted


def source_of(mutant: Mutant) -> str:
    return (ROOT / PACKAGE / mutant.file).read_text()


def test_names_are_different_and_every_stage_is_there() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {mutant.stage for mutant in TO_KILL} == set(STAGES)
    assert len(TO_KILL) >= 40
    assert not any(mutant.equivalent for mutant in TO_KILL)


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_its_text_is_there_once_and_the_fault_is_python(mutant: Mutant) -> None:
    source = source_of(mutant)
    changed = planted(mutant, source)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source)), "nothing is changed"


@pytest.mark.parametrize("test", sorted({test for mutant in MUTANTS for test in mutant.tests}))
def test_the_tests_that_must_notice_exist(test: str) -> None:
    file, _, path = test.partition("::")
    name = path.rpartition("::")[2]
    place = ROOT / "tests" / file
    assert place.exists()
    if name:
        assert f"def {name}(" in place.read_text()


def test_a_text_that_moved_is_stale() -> None:
    mutant = TO_KILL[0]
    for source in ("", mutant.old * 2):
        with pytest.raises(StaleMutantError, match="but exactly 1 is needed"):
            planted(mutant, source)


FAILED = "E   assert 1 == 2\nFAILED tests/unit/test_one.py::test_it[a-b] - assert 1 == 2\n"


@pytest.mark.parametrize(
    ("code", "output", "equivalent", "outcome", "by"),
    [
        (0, "2 passed", "", "survived", ""),
        (1, FAILED, "", "killed", "unit/test_one.py::test_it[a-b]"),
        (None, "", "", "killed", "time was up"),
        (0, "2 passed", "the same number", "equivalent", ""),
        (1, FAILED, "the same number", "error", "unit/test_one.py::test_it[a-b]"),
        (1, "no test failed, and yet", "", "error", ""),
        (2, "ERROR tests/unit/test_one.py", "", "error", "unit/test_one.py"),
        (4, "no such test", "", "error", ""),
        (5, "no tests ran", "", "error", ""),
    ],
)
def test_only_a_test_that_fails_kills(code: int | None, output: str, equivalent: str, outcome: str, by: str) -> None:
    mutant = msgspec.structs.replace(TO_KILL[0], equivalent=equivalent)
    result = result_of(mutant, code, output, 1.0)
    assert (result.outcome, result.by) == (outcome, by)
    assert result.good == (outcome in ("killed", "equivalent"))


def test_the_page_lists_them() -> None:
    listed = PAGE.read_text()
    assert [mutant.name for mutant in MUTANTS if f"`{mutant.name}`" not in listed] == []
