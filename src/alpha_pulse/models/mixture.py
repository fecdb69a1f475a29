"""A mixture over any set of online models: ``mixture:logistic + hoeffding_tree``, as one online model."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.core import plugins
from alpha_pulse.core.errors import ConfigError, StateError
from alpha_pulse.core.stateful import State, scalar, take
from alpha_pulse.kernels.base import baselines
from alpha_pulse.kernels.base.example_weight import share_of
from alpha_pulse.kernels.mixing import adahedge, hedge
from alpha_pulse.models import ONLINE
from alpha_pulse.models.base import OnlineModel, Row
from alpha_pulse.models.validation import check_example, check_examples, check_out, check_row, check_rows

METHODS = ("fixed_share", "hedge", "adahedge")
SHARE = 1e-3

_WITH_METHOD = re.compile(r"(\w+)\((.*)\)", re.DOTALL)


def named(path: str) -> Callable[..., Mixture]:
    """The factory of mixtures for ``path``: model names joined by ``+``, inside ``method(...)`` unless the method is fixed
    share.

    Raises
    ------
    ConfigError
        Fewer than two names, or an unknown method.
    UnknownNameError
        A name is not an online model, or is the ``module:Class`` of a user's own module.

    >>> model = named("adahedge(logistic + hoeffding_tree)")(n_features=2)
    >>> model.expert_names
    ('logistic', 'hoeffding_tree', 'base_rate')
    """
    if path.count("(") != path.count(")"):
        raise ConfigError(f"mixture:{path} has unbalanced parentheses; write mixture:adahedge(logistic + sgd)")
    match = _WITH_METHOD.fullmatch(path.strip())
    method, inner = (match[1], match[2]) if match is not None else (METHODS[0], path)
    if method not in METHODS:
        raise ConfigError(f"mixture:{path} mixes by {method!r}; expected one of {', '.join(METHODS)}")
    names = tuple(name.strip() for name in inner.split("+"))
    if len(names) < 2:
        raise ConfigError(
            f"mixture:{path} names {len(names)} model; expected two or more with ' + ' between them, "
            "such as mixture:logistic + hoeffding_tree"
        )
    return partial(_made, tuple((name, plugins.load("models", ONLINE, name, own=False)) for name in names), method)


def _made(
    kinds: Sequence[tuple[str, Callable[..., OnlineModel]]], method: str, n_features: int, horizon: int = 1, seed: int = 1
) -> Mixture:
    members = {f"{name} {i}" if i else name: kind(n_features, horizon, seed + i) for i, (name, kind) in _numbered(kinds)}
    return Mixture(members, horizon, method=method)


def _numbered(
    kinds: Sequence[tuple[str, Callable[..., OnlineModel]]],
) -> list[tuple[int, tuple[str, Callable[..., OnlineModel]]]]:
    """Number the factories of each name from 0, so that two models of one name get different seeds."""
    names = [name for name, _ in kinds]
    return [(names[:i].count(name), (name, kind)) for i, (name, kind) in enumerate(kinds)]


class Mixture:
    """Online models mixed by the losses of their served predictions. The running base rate is always one of the experts.

    With labels that overlap over ``horizon`` events, each loss counts 1/horizon: full losses would make the mixture
    overconfident. An example of weight 0 changes nothing; one of a weight below 1 counts as that fraction. A member that
    predicts NaN sleeps: it has no vote, and its weight relative to the mixture does not change.

    ``hedge`` loses at most horizon * log(n) nats more than the best member when labels are immediate. With labels that arrive d
    events late, each of the d interleaved streams has that regret, so the total is at most d times as large. ``fixed_share``
    has that bound for each period between two changes of the best member, plus log(1 / share) per change. ``adahedge`` adapts
    its rate.

    The outputs are the probability of each expert, then the outputs of the members. A prediction costs 1 to 2 µs more than the
    members alone.

    Parameters
    ----------
    members
        Two or more fresh models by name, all with the same number of features.
    horizon
        Events over which labels overlap, >= 1.
    method
        ``fixed_share``, ``hedge`` or ``adahedge``.

    Examples
    --------
    >>> from alpha_pulse.models.linear import Logistic
    >>> model = Mixture({"slow": Logistic(1, rate=1e-4), "fast": Logistic(1, rate=0.1)}, horizon=1)
    >>> rows = np.array([[-1.0], [1.0]] * 300)
    >>> _ = model.learn_many(rows, np.array([0, 1] * 300), np.ones(600))
    >>> model.weights.round(2).argmax().item(), model.expert_names[1]
    (1, 'fast')

    References
    ----------
    Herbster & Warmuth (1998), "Tracking the best expert". de Rooij et al. (2014), "Follow the leader if you can, hedge if you
    must". Freund et al. (1997), "Using and combining predictors that specialize". Joulani et al. (2013), "Online learning
    under delayed feedback".
    """

    def __init__(self, members: Mapping[str, OnlineModel], horizon: int = 1, *, method: str = METHODS[0]) -> None:
        if len(members) < 2:
            raise ConfigError(f"a mixture has {len(members)} members; expected two or more")
        if method not in METHODS:
            raise ConfigError(f"the method of a mixture is {method!r}; expected one of {', '.join(METHODS)}")
        widths = {member.n_features for member in members.values()}
        if len(widths) > 1:
            raise ConfigError(f"the members of a mixture take {sorted(widths)} features; expected one number for all")
        self.n_features = widths.pop()
        self._members = list(members.values())
        self.expert_names = (*members, "base_rate")
        self._n = n = len(self.expert_names)
        ends = np.cumsum([n, *(member.n_outputs for member in self._members)]).tolist()
        self._places = [slice(start, stop) for start, stop in pairwise(ends)]
        self.n_outputs: int = ends[-1]
        self._method, self._horizon = method, horizon
        self._share = SHARE / horizon
        self._boost = 1.0
        self._state: Row = np.zeros(baselines.SIZE + adahedge.size(n))
        baselines.start(self._state, 0)
        adahedge.start(self._state, baselines.SIZE, n)

    @property
    def takes_missing(self) -> bool:
        """Whether every member distinguishes a missing value from 0."""
        return all(getattr(member, "takes_missing", False) for member in self._members)

    @property
    def weights(self) -> Row:
        """The experts' weights, a copy; they sum to 1."""
        return self._state[baselines.SIZE : baselines.SIZE + self._n].copy()

    @property
    def memory_bytes(self) -> int:
        """Size in bytes of its state and of its members' state, which never changes."""
        return self._state.nbytes + sum(member.memory_bytes for member in self._members)

    def predict(self, features: Row, outputs: Row) -> float:
        """P(label = 1); fills ``outputs`` with the probability of each expert, then the outputs of the members."""
        check_row(features, self.n_features)
        check_out(outputs, self.n_outputs, "outputs")
        for k, member in enumerate(self._members):
            outputs[k] = member.predict(features, outputs[self._places[k]])
        outputs[self._n - 1] = baselines.base_rate(self._state, 0)
        return hedge.mixture(self._state, baselines.SIZE, outputs, self._n)

    def learn(self, features: Row, label: int, weight: float, outputs: Row) -> None:
        """Learn one labelled example: weights by the stored ``outputs``, then each member."""
        label, weight = check_example(features, self.n_features, label, 2, weight)
        check_out(outputs, self.n_outputs, "outputs")
        if weight == 0.0:
            return
        share = share_of(weight)
        exponent = share / self._horizon
        if self._method == "adahedge":
            adahedge.learn(self._state, baselines.SIZE, outputs, self._n, label, exponent)
        elif self._method == "hedge":
            adahedge.learn_at_rate_one(self._state, baselines.SIZE, outputs, self._n, label, exponent)
        else:
            moves = min(self._share * self._boost, 0.5) * share
            hedge.fixed_share(self._state, baselines.SIZE, outputs, self._n, label, exponent, moves)
        for member, place in zip(self._members, self._places, strict=True):
            member.learn(features, label, weight, outputs[place])
        baselines.learn(self._state, 0, label, baselines.UNKNOWN, share)

    def predict_many(self, features: Row) -> Row:
        """P(label = 1) for each row."""
        check_rows(features, self.n_features)
        outputs = np.zeros(self.n_outputs)
        return np.array([self.predict(row, outputs) for row in features])

    def learn_many(self, features: Row, labels: NDArray[np.int64], weights: Row) -> Row:
        """For each row predict, then learn; returns the predictions."""
        check_examples(features, self.n_features, labels, 2, weights)
        out, outputs = np.empty(len(features)), np.zeros(self.n_outputs)
        for i, (row, label, weight) in enumerate(zip(features, labels.tolist(), weights.tolist(), strict=True)):
            out[i] = self.predict(row, outputs)
            self.learn(row, label, weight, outputs)
        return out

    def set_boost(self, factor: float) -> None:
        """Multiply the share and the learning speed of the members by ``factor`` from now on."""
        self._boost = factor
        for member in self._members:
            member.set_boost(factor)

    def reset(self) -> None:
        """Reset the members and their weights; the base rate is kept."""
        adahedge.start(self._state, baselines.SIZE, self._n)
        for member in self._members:
            member.reset()

    def healthy(self) -> bool:
        """Whether the weights are finite and every member is healthy or recovers."""
        return bool(np.isfinite(self._state).all()) and all(
            member.healthy() or getattr(member, "warming_up", False) for member in self._members
        )

    def snapshot(self) -> State:
        """See `alpha_pulse.core.stateful.Stateful`."""
        saved = [member.snapshot() for member in self._members]
        arrays = {f"{k}.{key}": array for k, state in enumerate(saved) for key, array in state.arrays.items()}
        scalars = {"layout": self._layout, "boost": self._boost, "members": [state.scalars for state in saved]}
        return State(scalars=scalars, arrays={"mixture": self._state.copy(), **arrays})

    def restore(self, state: State) -> None:
        """See `alpha_pulse.core.stateful.Stateful`. A state that does not match is refused without a change."""
        saved = state.scalars.get("layout")
        if saved != self._layout:
            raise StateError(
                f"a saved mixture of layout {saved} does not fit this one, {self._layout}; "
                "restore with the configuration that saved it"
            )
        before = self.snapshot()
        try:
            self._take(state)
        except StateError:
            self._take(before)
            raise

    @property
    def _layout(self) -> dict[str, Any]:
        return {"kind": "mixture", "version": 2, "method": self._method, "experts": list(self.expert_names)}

    def _take(self, state: State) -> None:
        boost, members = scalar(state, "boost", float), scalar(state, "members", list)
        if len(members) != len(self._members):
            raise StateError(f"a saved mixture has {len(members)} members; expected {len(self._members)}")
        for k, member in enumerate(self._members):
            prefix = f"{k}."
            arrays = {key.removeprefix(prefix): array for key, array in state.arrays.items() if key.startswith(prefix)}
            member.restore(State(scalars=members[k], arrays=arrays))
        take(self._state, state, "mixture")
        self._boost = boost
