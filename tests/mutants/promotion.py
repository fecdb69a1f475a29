"""Faults of the weights of members, and of how a challenger replaces a champion."""

from __future__ import annotations

from .table import Mutant

LADDER = "unit/kernels/test_promotion.py::"
WEIGHTS = "unit/kernels/test_strategies.py::"
ORDERED = "flow/test_member_commands.py::"

PROMOTION = (
    Mutant(
        "every-comparison-has-the-level-of-the-first",
        "serve",
        "kernels/mixing/promotion.py",
        "    state[COMPARISONS] += 1.0\n",
        "    state[COMPARISONS] = 1.0\n",
        (LADDER + "test_the_levels_of_all_comparisons_sum_to_alpha",),
    ),
    Mutant(
        "labels-pending-at-the-start-of-a-comparison-count",
        "serve",
        "kernels/mixing/promotion.py",
        "    state[at + LEFT_OUT] = state[HORIZON]\n",
        "    state[at + LEFT_OUT] = 0.0\n",
        (LADDER + "test_labels_of_predictions_before_the_comparison_started_do_not_count",),
    ),
    Mutant(
        "a-bad-canary-is-promoted",
        "serve",
        "kernels/mixing/promotion.py",
        "_compare(state, k, -better if stage == CANARY_STAGE else better, step)",
        "_compare(state, k, better, step)",
        (LADDER + "test_a_canary_that_is_worse_than_the_champion_is_retired_before_it_is_promoted",),
    ),
    Mutant(
        "the-comparison-of-a-canary-is-lost-at-its-promotion",
        "serve",
        "kernels/mixing/promotion.py",
        "    comparison(state, former)[:] = comparison(state, canary)\n",
        "",
        (LADDER + "test_every_move_is_that_of_a_slow_twin",),
    ),
    Mutant(
        "others-keep-their-evidence-against-the-former-champion",
        "serve",
        "kernels/mixing/promotion.py",
        "    state[block(state, champion) + STAGE] = RETIRED\n    _compare_others_anew(state)\n",
        "    state[block(state, champion) + STAGE] = RETIRED\n",
        (LADDER + "test_rolled_back_by_hand_the_others_are_compared_anew",),
    ),
    Mutant(
        "a-frozen-champion-is-replaced",
        "serve",
        "kernels/mixing/promotion.py",
        "return _decide(state) if state[FROZEN] == 0.0 else NOTHING",
        "return _decide(state)",
        (LADDER + "test_frozen_nothing_is_decided_and_the_comparisons_go_on",),
    ),
    Mutant(
        "a-challenger-promoted-without-a-minimum-of-labels",
        "serve",
        "kernels/mixing/promotion.py",
        "        if comparison(state, k)[eprocess.SEEN] < state[MINIMUM]:\n            continue\n",
        "",
        (LADDER + "test_no_challenger_is_the_canary_before_the_minimum_of_labels",),
    ),
    Mutant(
        "a-new-member-is-not-limited",
        "serve",
        "kernels/mixing/strategies.py",
        "    state[place(LIMIT, n + 1) + n] = LIMITED_SCORES\n",
        "",
        (WEIGHTS + "test_a_new_member_has_at_most_the_even_share_until_its_500th_score",),
    ),
    Mutant(
        "only-the-served-weight-of-a-new-member-is-limited",
        "serve",
        "kernels/mixing/strategies.py",
        "    _hold_to_even_share(state, state[HEAD : HEAD + n], n)\n",
        "",
        (WEIGHTS + "test_the_weights_of_every_strategy_are_those_of_a_slow_twin",),
    ),
    Mutant(
        "an-absent-champion-serves",
        "serve",
        "kernels/mixing/strategies.py",
        "if strategy == CHAMPION and is_present(probabilities, ready, champion):",
        "if strategy == CHAMPION:",
        (WEIGHTS + "test_the_weights_of_every_strategy_are_those_of_a_slow_twin",),
    ),
    Mutant(
        "a-shadow-pays-no-costs-for-turning",
        "money",
        "kernels/mixing/shadow_return.py",
        "abs(position - state[place]) / horizon",
        "abs(position) / horizon",
        ("unit/kernels/test_shadow_return.py::test_who_is_always_right_earns_every_move_and_pays_for_turning",),
    ),
    Mutant(
        "a-stopped-challenger-goes-on-after-a-restart",
        "serve",
        "serving/further_members.py",
        '1 if name in state.scalars.get("stopped", ()) else 0',
        "0",
        (ORDERED + "test_any_division_leads_to_the_same",),
    ),
    Mutant(
        "a-stopped-challenger-learns-what-it-had-predicted",
        "learn",
        "serving/further_members.py",
        "        self._members[k, places.STOPPED] = 1\n        self._pending[:, k * places.PARTS + places.CALLED] = 0.0\n",
        "        self._members[k, places.STOPPED] = 1\n",
        (ORDERED + "test_a_stopped_challenger_learns_no_label_from_then_on",),
    ),
    Mutant(
        "what-a-user-moved-is-not-recorded",
        "record",
        "engine/block_record.py",
        '            into.add("adaptations", first_seq, action)\n',
        "            pass\n",
        (ORDERED + "test_what_moved_is_in_the_journal",),
    ),
    Mutant(
        "levels-are-spent-again-after-a-change-of-strategy",
        "serve",
        "serving/member_mix.py",
        "self._new_ladder(self.ladder.spent)",
        "self._new_ladder()",
        (ORDERED + "test_a_ladder_that_starts_anew_does_not_spend_a_level_again",),
    ),
)
