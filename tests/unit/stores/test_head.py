"""The high-water mark: two slots, one lock."""

import fcntl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alpha_pulse.core.errors import StoreError
from alpha_pulse.stores.head import HeadFile, head_path


def digest(number: int) -> bytes:
    return number.to_bytes(32, "little")


def test_a_new_file_says_nothing(tmp_path: Path) -> None:
    head = HeadFile(tmp_path / "run.db")
    assert head.read() is None
    head.close()
    assert (tmp_path / "run.db.head").exists()


@pytest.mark.parametrize("reopens", [True, False])
@given(count=st.integers(1, 9), spoilt=st.integers(0, 1), offset=st.integers(0, 43), bit=st.integers(0, 7))
def test_one_spoilt_slot_costs_at_most_one_write(
    tmp_path_factory: pytest.TempPathFactory, reopens: bool, count: int, spoilt: int, offset: int, bit: int
) -> None:
    store = tmp_path_factory.mktemp("head") / "run.db"
    head = HeadFile(store)
    for number in range(count):
        head.write(number, digest(number))
        assert head.read() == (number, digest(number))
        if reopens:
            head.close()
            head = HeadFile(store)
    head.close()
    file = store.with_name("run.db.head")
    content = bytearray(file.read_bytes())
    content[512 * spoilt + offset] ^= 1 << bit
    file.write_bytes(content)
    head = HeadFile(store)
    found = head.read()
    head.close()
    if found is None:
        assert count == 1
    else:
        assert found[0] in (count - 2, count - 1)
        assert found[1] == digest(found[0])


def test_the_lock_goes_with_the_holder(tmp_path: Path) -> None:
    first = HeadFile(tmp_path / "run.db")
    with pytest.raises(StoreError, match="in use by process"):
        HeadFile(tmp_path / "run.db")
    first.close()
    HeadFile(tmp_path / "run.db").close()


def test_discard_takes_away_only_what_opening_made(tmp_path: Path) -> None:
    HeadFile(tmp_path / "run.db").discard()
    assert not list(tmp_path.iterdir())
    HeadFile(tmp_path / "run.db").close()
    HeadFile(tmp_path / "run.db").discard()
    assert [file.name for file in tmp_path.iterdir()] == ["run.db.head"]


def test_the_lock_is_on_the_file_that_others_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, flock, times = tmp_path / "run.db", fcntl.flock, 0

    def after_its_holder_removed_it(descriptor: int, kind: int) -> None:
        nonlocal times
        times += 1
        if times <= 2:
            head_path(store).unlink()
        flock(descriptor, kind)

    monkeypatch.setattr("alpha_pulse.stores.head.fcntl.flock", after_its_holder_removed_it)
    head = HeadFile(store)
    assert times == 3
    with pytest.raises(StoreError, match="in use by process"):
        HeadFile(store)
    head.close()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="or name a file in a folder you may write to"):
        HeadFile(tmp_path / "missing" / "run.db")
