"""Faults of the registry of models: of its checks, of what an interruption leaves, and of who serves."""

from __future__ import annotations

from .table import Mutant

RULES = "unit/serving/test_registry.py::"
DAMAGE = "faults/test_registry.py::"
RUNS = "flow/test_model_versions.py::"

REGISTRY = (
    Mutant(
        "an-artefact-of-another-hash-is-loaded",
        "serve",
        "serving/registry/version_files.py",
        "        if version_of(content) != version:\n",
        "        if not content:\n",
        (DAMAGE + "test_a_file_that_is_cut_short_or_swapped_is_refused",),
    ),
    Mutant(
        "a-changed-lineage-is-read",
        "serve",
        "serving/registry/version_files.py",
        "        if hashlib.sha256(content).hexdigest() != sha256:\n",
        "        if not content:\n",
        (DAMAGE + "test_a_version_is_never_loaded_from_files_with_a_changed_byte",),
    ),
    Mutant(
        "a-line-of-the-log-is-not-linked-to-the-one-before",
        "serve",
        "serving/registry/entries.py",
        "    return hashlib.sha256(before.encode() + text).hexdigest()\n",
        "    return hashlib.sha256(text).hexdigest()\n",
        (RULES + "test_a_line_that_is_removed_or_made_up_is_noticed",),
    ),
    Mutant(
        "what-an-interrupted-write-left-is-read",
        "serve",
        "serving/registry/log.py",
        "self._log.read_bytes()[: head.size] if head.size",
        "self._log.read_bytes() if head.size",
        (RULES + "test_what_an_interrupted_write_left_is_not_read_and_is_overwritten",),
    ),
    Mutant(
        "writers-do-not-wait-for-each-other",
        "serve",
        "serving/registry/log.py",
        "            self._lock(descriptor)\n",
        "",
        (RULES + "test_a_writer_waits_for_another_one_and_says_if_that_takes_too_long",),
    ),
    Mutant(
        "the-former-champion-stays-champion",
        "serve",
        "serving/registry/ladder.py",
        '                self.states[former] = "shadow"\n',
        "",
        (RULES + "test_one_champion_at_most_whatever_is_asked_for",),
    ),
    Mutant(
        "a-frozen-champion-is-rolled-back",
        "serve",
        "serving/registry/ladder.py",
        'if key in self.frozen and (wanted in ("champion", "canary") or state == "champion"):',
        'if key in self.frozen and entry.action == "move" and (wanted in ("champion", "canary") or state == "champion"):',
        (RULES + "test_a_frozen_champion_stays",),
    ),
    Mutant(
        "a-version-for-other-features-is-loaded",
        "serve",
        "serving/registry/artefact.py",
        "        if self.schema_id == schema.schema_id and mine == others:\n",
        "        if mine == others:\n",
        (RULES + "test_the_first_feature_that_differs_is_named",),
    ),
    Mutant(
        "only-the-first-training-of-a-run-is-registered",
        "serve",
        "runtime/models/recorder.py",
        "        if self._parents[key] != lineage.version:\n",
        "        if self._parents[key] is None:\n",
        (RUNS + "test_each_registered_batch_model_answers_as_it_did_in_its_run",),
    ),
    Mutant(
        "a-resumed-run-does-not-register-what-is-trained-already",
        "serve",
        "runtime/models/recorder.py",
        "        if system.store.head[0] >= 0:\n            self._record()\n",
        "",
        (RUNS + "test_a_resumed_run_registers_what_its_former_life_did_not",),
    ),
)
