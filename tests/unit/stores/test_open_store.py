"""From what a person writes behind --store to a store."""

from pathlib import Path

import pytest

from alpha_pulse.core.config import StoreConfig
from alpha_pulse.core.errors import StoreError
from alpha_pulse.stores import open_store

SETTINGS = StoreConfig()


@pytest.mark.parametrize("form", ["sqlite:///{}", "{}"])
def test_urls_and_plain_paths_name_the_same_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "new" / "run.db"
    store = open_store(form.format(path), SETTINGS)
    store.close()
    assert path.exists()
    assert store.location == f"sqlite:///{path}"


def test_relative_paths_start_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url, name in (("sqlite:///one.db", "one.db"), ("two.db", "two.db"), ("runs/three.db", "runs/three.db")):
        open_store(url, SETTINGS).close()
        assert (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://host/db", "unknown scheme 'postgresql'; known: memory, sqlite"),
        ("sqllite:///x.db", "did you mean 'sqlite'"),
        ("sqlite://x.db", "give sqlite:///FILE"),
        ("sqlite://", "give sqlite:///FILE"),
        ("sqlite:///", "give sqlite:///FILE"),
        ("sqlite:///:memory:", "memory:// for a store in memory"),
        ("memory://here", "give memory://"),
        ("memory", "has no file path; give memory://"),
        ("memory:", "has no file path; give memory://"),
        ("", "has no file path"),
    ],
)
def test_what_names_no_store_is_refused(url: str, sentence: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url, SETTINGS)
    assert sentence in str(caught.value)
