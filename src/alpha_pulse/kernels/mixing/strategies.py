"""Strategies that give weights to any number of members, as pure functions of learned statistics and of who is present.

One call of `learn` per labelled example keeps the statistics of all strategies, so a strategy can be changed at any time:
weights of fixed share (see `alpha_pulse.kernels.mixing.hedge`), the faded loss of each member, and its number of scores. A
member that is asleep (NaN) keeps its relative weight, and its faded loss counts as that of the mixture.

A member that joins later is limited: until it has `LIMITED_SCORES` scores, neither its learned nor its served weight exceeds
the even share 1/n. What exceeds it goes to the other members in proportion, so their weights only rise, and the bound of fixed
share against every sequence of members that are not limited stays as it was (docs/serving.md).

State (float64): head | per member weight | configured weight | excess | scores | limit | order. ``excess`` is the faded sum of
the member's log loss minus that of the mixture; ``limit`` the number of scores after which the member is not limited any more;
``order`` the members that `FALLBACK` asks, the first one first, and -1 after the last.

Sources: Freund, Schapire, Singer & Warmuth, "Using and combining predictors that specialize", STOC (1997), doi
10.1145/258533.258616, on sleeping members; Herbster & Warmuth, "Tracking the best expert", Machine Learning 32 (1998), doi
10.1023/A:1007424614876.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from alpha_pulse.kernels.base.jit import kernel
from alpha_pulse.kernels.mixing.hedge import fixed_share, log_loss, mixture

ENSEMBLE, FIXED, FADED, CHAMPION, BEST_RECENT, FALLBACK = range(6)
"""Weights of fixed share; configured weights; weights that fall exponentially with the faded loss; the champion alone; the
member with the smallest faded loss alone; the first present member of the order alone."""

MEMBERS, EXPONENT, SHARE, KEEP = range(4)
HEAD = 4
WEIGHT, CONFIGURED, EXCESS, SCORES, LIMIT, ORDER = range(6)
BLOCKS = 6
LIMITED_SCORES = 500
NOBODY = -1

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@kernel
def size(n: int) -> int:
    """Size in floats of the state of ``n`` members."""
    return HEAD + BLOCKS * n


@kernel
def place(block: int, n: int) -> int:
    """Where the numbers of a block, `WEIGHT` to `ORDER`, begin."""
    return HEAD + block * n


@kernel
def start(state: Floats, n: int, horizon: int, share: float, window: int) -> None:
    """The state of ``n`` members at the start of a run: equal weights, and nobody limited.

    Labels overlap over ``horizon`` steps; ``share`` is redistributed per horizon; a loss of ``window`` labels ago counts 1/e.
    """
    state[:] = 0.0
    state[MEMBERS] = n
    state[EXPONENT] = 1.0 / horizon
    state[SHARE] = share / horizon
    state[KEEP] = 1.0 - 1.0 / window
    for k in range(n):
        state[place(WEIGHT, n) + k] = 1.0 / n
        state[place(CONFIGURED, n) + k] = 1.0 / n
        state[place(ORDER, n) + k] = k


@kernel
def admit(before: Floats, state: Floats) -> None:
    """Let a member join: ``state`` becomes that of ``before`` with one more, which is limited.

    Its configured weight is 0, and it is not in the order. It begins with the even share, as if it had been asleep until now.
    """
    n = int(before[MEMBERS])
    state[:HEAD] = before[:HEAD]
    state[MEMBERS] = n + 1
    for block in range(BLOCKS):
        for k in range(n):
            state[place(block, n + 1) + k] = before[place(block, n) + k]
        state[place(block, n + 1) + n] = 0.0
    for k in range(n):
        state[place(WEIGHT, n + 1) + k] *= n / (n + 1.0)
    state[place(WEIGHT, n + 1) + n] = 1.0 / (n + 1.0)
    state[place(LIMIT, n + 1) + n] = LIMITED_SCORES
    state[place(ORDER, n + 1) + n] = NOBODY


@kernel
def learn(state: Floats, probabilities: Floats, label: int) -> None:
    """Learn from the label of one example and what each of the n members had predicted for it (NaN: asleep)."""
    n = int(state[MEMBERS])
    loss = log_loss(mixture(state, HEAD, probabilities, n), label)
    fixed_share(state, HEAD, probabilities, n, label, state[EXPONENT], state[SHARE])
    excess, scores = place(EXCESS, n), place(SCORES, n)
    for k in range(n):
        state[excess + k] *= state[KEEP]
        if not math.isnan(probabilities[k]):
            state[excess + k] += log_loss(probabilities[k], label) - loss
            state[scores + k] += 1.0
    _hold_to_even_share(state, state[HEAD : HEAD + n], n)


@kernel
def weigh(strategy: int, state: Floats, probabilities: Floats, ready: Ints, champion: int, out: Floats) -> None:
    """Write the serving weight of each member into ``out`` (n,); the state does not change.

    Parameters
    ----------
    strategy
        `ENSEMBLE` to `FALLBACK`.
    probabilities, ready
        A member is present if its probability is not NaN and ``ready`` is not 0.
    champion
        The member that `CHAMPION` lets serve (`alpha_pulse.kernels.mixing.promotion.serving`); if it is not present, the first
        present member of the order does.

    The weights of present members sum to 1, those of the others are 0. All are 0 if nobody is present, or nobody of the order
    where the order decides: also with `FIXED` if no present member has a configured weight.
    """
    n = int(state[MEMBERS])
    if strategy == ENSEMBLE:
        for k in range(n):
            out[k] = state[HEAD + k]
    elif strategy == FIXED:
        for k in range(n):
            out[k] = state[place(CONFIGURED, n) + k]
    elif strategy == FADED:
        _faded_weights(state, probabilities, ready, n, out)
    if strategy <= FADED and _normalise(probabilities, ready, n, out):
        if strategy != FIXED:
            _hold_to_even_share(state, out, n)
        return
    chosen = _first_in_order(state, probabilities, ready, n)
    if strategy == CHAMPION and is_present(probabilities, ready, champion):
        chosen = champion
    elif strategy == BEST_RECENT:
        chosen = _least_excess(state, probabilities, ready, n)
    for k in range(n):
        out[k] = 1.0 if k == chosen else 0.0


@kernel
def is_present(probabilities: Floats, ready: Ints, k: int) -> bool:
    """Whether a member has a probability and may serve it."""
    return ready[k] != 0 and not math.isnan(probabilities[k])


@kernel
def is_limited(state: Floats, k: int) -> bool:
    """Whether a member joined later and does not have its scores yet."""
    n = int(state[MEMBERS])
    return bool(state[place(SCORES, n) + k] < state[place(LIMIT, n) + k])


@kernel
def _normalise(probabilities: Floats, ready: Ints, n: int, out: Floats) -> bool:
    """Take the weight of absent members away, and make the rest sum to 1; whether there is any."""
    total = 0.0
    for k in range(n):
        out[k] = out[k] if is_present(probabilities, ready, k) else 0.0
        total += out[k]
    if total == 0.0:
        return False
    for k in range(n):
        out[k] /= total
    return True


@kernel
def _hold_to_even_share(state: Floats, weights: Floats, n: int) -> None:
    """Hold limited members to the even share 1/n; the others receive the rest in proportion to their weights.

    If none of the others has any weight, the limited ones keep theirs.
    """
    taken, others = 0.0, 0.0
    for k in range(n):
        if is_limited(state, k):
            taken += max(weights[k] - 1.0 / n, 0.0)
        else:
            others += weights[k]
    if taken == 0.0 or others == 0.0:
        return
    for k in range(n):
        if is_limited(state, k):
            weights[k] = min(weights[k], 1.0 / n)
        else:
            weights[k] *= 1.0 + taken / others


@kernel
def _faded_weights(state: Floats, probabilities: Floats, ready: Ints, n: int, out: Floats) -> None:
    excess, least = place(EXCESS, n), math.inf
    for k in range(n):
        if is_present(probabilities, ready, k):
            least = min(least, state[excess + k])
    for k in range(n):
        out[k] = math.exp(-state[EXPONENT] * max(state[excess + k] - least, 0.0))


@kernel
def _first_in_order(state: Floats, probabilities: Floats, ready: Ints, n: int) -> int:
    for at in range(n):
        k = int(state[place(ORDER, n) + at])
        if k != NOBODY and is_present(probabilities, ready, k):
            return k
    return NOBODY


@kernel
def _least_excess(state: Floats, probabilities: Floats, ready: Ints, n: int) -> int:
    """The present member with the smallest faded loss; a limited one only if there is no other."""
    chosen, chosen_limited = NOBODY, True
    for k in range(n):
        if not is_present(probabilities, ready, k):
            continue
        limited = is_limited(state, k)
        smaller = chosen == NOBODY or state[place(EXCESS, n) + k] < state[place(EXCESS, n) + chosen]
        if (chosen_limited and not limited) or (limited == chosen_limited and smaller):
            chosen, chosen_limited = k, limited
    return chosen
