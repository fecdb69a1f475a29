"""Every online model by name in the loop: it serves, it learns from what came true, and a resumed run goes on bit for bit."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from alpha_pulse.core import plugins
from alpha_pulse.feeds.replay import ReplayFeed
from alpha_pulse.feeds.synthetic import planted_signal
from alpha_pulse.metrics import streaming as metrics
from alpha_pulse.models import ONLINE
from flow.gateways import after_a_crash, stored
from flow.runs import LEAN, begun, finished

NAMES = [*plugins.names("models", ONLINE), "mixture:adahedge(logistic + naive_bayes + hoeffding_tree)"]
BARS, CRASH = 1_000, 530


def feed() -> ReplayFeed:
    return planted_signal(BARS, 11, [], strength=0.9)


@pytest.mark.parametrize("name", NAMES)
def test_a_learner_serves_learns_and_goes_on_after_a_crash(name: str, tmp_path: Path) -> None:
    settings = {**LEAN, "learning.model": name, "store.checkpoint_steps": 300}
    with closing(stored(tmp_path / "run.db", settings)) as store:
        system = begun(feed(), settings, store)
        for _ in range(CRASH):
            system.step()
        store.flush()
        crashed = after_a_crash(tmp_path / "run.db", settings)
        whole = finished(system)
    session = system.learning.session("SYN", "direction")
    assert session.labels_used > BARS - 100
    assert session.quarantines == 0
    scored = metrics.whole_run(session.scores)
    assert scored["online"].log_loss < scored["base"].log_loss
    with closing(crashed):
        again = finished(begun(feed(), settings, crashed, resume=True))
    assert again.hashes == whole.hashes
    assert again.steps == whole.steps
