"""The tables about the detectors of changed features, made small."""

from __future__ import annotations

import msgspec
import numpy as np

from alpha_pulse.simulation import covariate_trials as trials


def test_the_streams_are_what_their_names_say() -> None:
    rng = np.random.default_rng(1)
    for stream in (*trials.HELD, *trials.BEYOND[:1]):
        rows = stream.make(20_000, 4, rng)
        kept = [np.corrcoef(row[1:], row[:-1])[0, 1] for row in rows.T]
        np.testing.assert_allclose(kept, stream.kept, atol=0.06)
        assert abs(np.corrcoef(rows[:, 2], rows[:, 3])[0, 1]) < 0.2
    rows = trials.INDEPENDENT.make(20_000, 4, rng)
    np.testing.assert_allclose(np.corrcoef(rows[:, 0], rows[:, 1])[0, 1], trials.SHARED**2, atol=0.03)
    change = next(change for change in trials.CHANGES if change.name.startswith("variance"))
    rows = change.make(2, rng)
    np.testing.assert_allclose(rows[trials.BEFORE :].var(axis=0), [1.0, 2.0], rtol=0.15)


def test_rates_and_delays_of_a_few_runs() -> None:
    alarms = trials.covariate_false_alarms("psi", trials.SLOW, 3, 20, 1)
    assert (alarms.detector, alarms.rows) == ("psi", 200_000)
    assert alarms.alarms / 20 == alarms.rate <= 1.0 < alarms.upper + 1.0
    assert alarms == trials.covariate_false_alarms("psi", trials.SLOW, 3, 20, 1)
    change = next(change for change in trials.CHANGES if change.shift == 1.0)
    found = trials.covariate_delay("psi", change, 2, 8, 1)
    assert found.detected == found.right_feature == 1.0
    assert found.median is not None
    assert found.median < 300
    assert found.change_point_error is not None
    assert found.change_point_error < 60


def test_there_is_a_job_for_every_row_of_the_tables() -> None:
    jobs = trials.covariate_false_alarm_jobs(2, 1, ["ks"])
    assert len(jobs) == (len(trials.HELD) + len(trials.BEYOND)) * 2
    assert len(trials.covariate_delay_jobs(2, 1)) == len(trials.CHANGES) * 4
    row = jobs[0]()
    assert msgspec.to_builtins(row)["detector"] == "ks"
