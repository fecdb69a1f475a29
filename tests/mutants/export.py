"""Faults of the export of a run, and of the views of its rows."""

from __future__ import annotations

from .table import Mutant

EXPORT = (
    Mutant(
        "exported-labels-score-other-predictions",
        "journal",
        "journal/joining.py",
        "        earlier[:, row] = place[earlier[:, row].astype(np.int64)]\n",
        "",
        ("flow/test_export.py::test_labels_have_the_probabilities_that_they_scored",),
    ),
    Mutant(
        "the-times-of-commands-are-exported-last",
        "journal",
        "journal/export/chunks.py",
        "    return steps[order], times[order]\n",
        "    return steps[order], times\n",
        ("flow/test_export.py::test_rare_rows",),
    ),
    Mutant(
        "a-missing-feature-is-exported-as-0",
        "journal",
        "journal/export/market.py",
        "values[words >> number % MASK_BITS & 1 == 1, number] = np.nan",
        "values[words >> number % MASK_BITS & 1 == 2, number] = np.nan",
        ("flow/test_export.py::test_features_are_null_where_they_are_missing",),
    ),
    Mutant(
        "an-exported-open-is-that-of-the-next-bar",
        "journal",
        "journal/export/opens.py",
        "ends.searchsorted(times[chosen])",
        'ends.searchsorted(times[chosen], side="right")',
        ("flow/test_export.py::test_rare_rows",),
    ),
    Mutant(
        "a-python-agents-prediction-is-guessed",
        "journal",
        "journal/export/decisions.py",
        "                own[row], others[row] = signal.signal_id, signal.prediction_id\n",
        "                own[row], others[row] = signal.signal_id, None\n",
        ("flow/test_export.py::test_signals_of_an_agent_that_is_written_in_python",),
    ),
    Mutant(
        "cash-in-a-view-by-the-decimals-of-quantities",
        "journal",
        "stores/views.py",
        'CAST(\'1e\' || u.cash_decimals AS REAL)", f"{meaning}, {_CASH}"',
        'CAST(\'1e\' || u.quantity_decimals AS REAL)", f"{meaning}, {_CASH}"',
        ("unit/stores/test_views.py::test_a_fill",),
    ),
    Mutant(
        "a-viewed-profit-before-costs",
        "journal",
        "stores/views.py",
        '"t.gross_pnl - t.costs"',
        '"t.gross_pnl"',
        ("unit/stores/test_views.py::test_a_lot",),
    ),
    Mutant(
        "a-failed-export-leaves-its-files",
        "journal",
        "journal/export/files.py",
        "            shutil.rmtree(temporary)\n",
        "            pass\n",
        ("flow/test_export_files.py::test_a_failed_write_leaves_nothing",),
    ),
    Mutant(
        "an-export-overwrites",
        "journal",
        "journal/export/files.py",
        "        if any(folder.iterdir()):\n",
        "        if False:\n",
        ("flow/test_export_files.py::test_what_is_in_the_way_is_refused",),
    ),
)
