"""Every online model by name in the loop: it serves, it learns from what came true, and a resumed run goes on bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest

from alpha_pulse.core import plugins
from alpha_pulse.core.config import Store as StoreConfig
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import planted_signal
from alpha_pulse.learning import metrics
from alpha_pulse.models import ONLINE
from alpha_pulse.stores import open_store
from flow.runs import LEAN, begun, finished, run

NAMES = [*plugins.names("models", ONLINE), "mixture:adahedge(logistic + naive_bayes + hoeffding_tree)"]
BARS = 1_500


def feed() -> ReplayFeed:
    return planted_signal(BARS, 11, [], strength=0.9)


@pytest.mark.parametrize("name", NAMES)
def test_a_learner_serves_learns_and_goes_on_after_a_restart(name: str, tmp_path: Path) -> None:
    settings = {**LEAN, "learning.model": name, "store.checkpoint_steps": 200}
    whole = run(feed(), settings)
    session = whole.system.learning.session("SYN", "direction")
    assert session.learnt > BARS - 100
    assert session.quarantines == 0
    scored = metrics.whole_run(session.scores)
    assert scored["online"].log_loss < scored["base"].log_loss
    path = str(tmp_path / "run.db")
    store = open_store(path, StoreConfig())
    system = begun(feed(), settings, store)
    for _ in range(730):
        system.step()
    store.close()
    store = open_store(path, StoreConfig())
    try:
        again = finished(begun(feed(), settings, store, resume=True))
    finally:
        store.close()
    assert again.hashes == whole.hashes
    assert again.steps == whole.steps
