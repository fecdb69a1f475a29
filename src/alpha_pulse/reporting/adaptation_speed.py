"""Speed of adaptation: the time from a change to its alarm, its action and its recovery, over the same episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from alpha_pulse.adaptation.recovery import Episode
from alpha_pulse.core.durations import SECOND_NS
from alpha_pulse.reporting.success_types import AdaptationSpeed, ResponseTimes


def adaptation_speed(episodes: Sequence[Episode]) -> AdaptationSpeed:
    """Sum up episodes, of one session or of several.

    >>> one = Episode("a", 100, 140, 1_000_000_000, 5_000_000_000, 0.4, action_sample=140, action_ts=5_000_000_000)
    >>> one.accepted = False
    >>> found = adaptation_speed([one])
    >>> found.drifts, found.acted.samples_to_alarm, found.acted.market_s_to_action, found.recovered.episodes
    (1, 40.0, 4.0, 0)
    """
    acted = [episode for episode in episodes if episode.action_ts is not None]
    over = [episode for episode in episodes if episode.recovery_ts is not None and not episode.on_trial]
    recovered = [episode for episode in over if episode.accepted]
    recovered_without_adaptation = [episode for episode in over if not episode.accepted]
    return AdaptationSpeed(
        drifts=len(episodes),
        accepted=sum(episode.accepted is True for episode in episodes),
        acted=_speed(acted, action=True),
        recovered=_speed(recovered, action=True, recovery=True),
        recovered_without_adaptation=_speed(recovered_without_adaptation, recovery=True),
    )


def _speed(episodes: Sequence[Episode], *, action: bool = False, recovery: bool = False) -> ResponseTimes:
    if not episodes:
        return ResponseTimes(0)

    def samples(end: Callable[[Episode], int | None]) -> float:
        return sum((end(episode) or 0) - episode.change_sample for episode in episodes) / len(episodes)

    def seconds(end: Callable[[Episode], int | None]) -> float:
        return sum((end(episode) or 0) - episode.change_ts for episode in episodes) / len(episodes) / SECOND_NS

    return ResponseTimes(
        len(episodes),
        samples(lambda episode: episode.alarm_sample),
        seconds(lambda episode: episode.alarm_ts),
        samples(lambda episode: episode.action_sample) if action else None,
        seconds(lambda episode: episode.action_ts) if action else None,
        samples(lambda episode: episode.recovery_sample) if recovery else None,
        seconds(lambda episode: episode.recovery_ts) if recovery else None,
    )
