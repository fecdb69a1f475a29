"""Faults of what reads files of bars."""

from __future__ import annotations

from .table import Mutant

_FILES = "unit/feeds/test_reading_files.py"
_ROW_ORDER = "unit/feeds/test_row_order.py"
_TIMES = "unit/feeds/test_times.py"


def _mutant(name: str, file: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, "read", f"feeds/{file}", old, new, tests)


READ = (
    _mutant(
        "of-duplicates-the-other-one",
        "cells/joins.py",
        'drop = repeated if rule == "first" else',
        'drop = repeated if rule == "last" else',
        f"{_ROW_ORDER}::test_duplicates_are_refused_or_one_is_taken",
    ),
    _mutant(
        "descending-rows-stay-so",
        "cells/row_order.py",
        "return take_rows(rows, np.arange(len(ts) - 1, -1, -1)), True",
        "return rows, True",
        f"{_ROW_ORDER}::test_descending_rows_are_sorted_which_is_told",
    ),
    _mutant(
        "volume-adjusted-like-a-price",
        "cells/row_order.py",
        'numbers["volume"] / factor',
        'numbers["volume"] * factor',
        f"{_ROW_ORDER}::test_adjusted_and_raw_prices_are_never_mixed",
    ),
    _mutant(
        "the-low-is-left-raw",
        "cells/row_order.py",
        'for price in ("open", "high", "low"):',
        'for price in ("open", "high"):',
        f"{_ROW_ORDER}::test_adjusted_and_raw_prices_are_never_mixed",
    ),
    _mutant(
        "a-close-is-taken-for-an-open",
        "cells/timestamp_convention.py",
        '    if stamp == "open":\n        return times.ns\n',
        "    if stamp:\n        return times.ns\n",
        f"{_ROW_ORDER}::test_a_stamp_is_stated_known_or_assumed",
    ),
    _mutant(
        "the-last-instant-is-not-rounded-up",
        "cells/timestamp_convention.py",
        "            return ts + last\n",
        "            return ts\n",
        f"{_ROW_ORDER}::test_a_close_time_that_is_the_last_instant_is_rounded_up",
    ),
    _mutant(
        "any-high-below-the-close-is-rounding",
        "cells/row_order.py",
        "ROUNDING = 1e-6",
        "ROUNDING = 1e-2",
        "unit/feeds/test_input_cases.py::test_beyond_rounding_it_is_refused_with_digits_that_differ",
    ),
    _mutant(
        "offsets-the-wrong-way",
        "cells/time_parts.py",
        "instants = instants - offset * MINUTE_NS",
        "instants = instants + offset * MINUTE_NS",
        f"{_TIMES}::test_texts_with_an_offset",
    ),
    _mutant(
        "noon-is-midnight",
        "cells/time_parts.py",
        'hour = hour % 12 + (12 if words["half"].lower().startswith("p") else 0)',
        'hour = hour + (12 if words["half"].lower().startswith("p") else 0)',
        f"{_TIMES}::test_times_as_tools_write_them",
    ),
    _mutant(
        "units-of-time-are-mixed",
        "cells/times.py",
        "        if fits.all():\n",
        "        if fits.any():\n",
        f"{_TIMES}::test_numbers_of_mixed_units_are_refused",
    ),
    _mutant(
        "thousands-are-decimals",
        "cells/number_cells.py",
        'thousands = "." if decimal == "," else ","',
        'thousands = "," if decimal == "," else "."',
        "unit/feeds/test_reading.py::test_separators_and_decimal_commas_are_found",
    ),
    _mutant(
        "rows-of-other-symbols-are-read",
        "cells/rows.py",
        "    return frame.filter(wanted), row_numbers[wanted.to_numpy()], text.filter(wanted)\n",
        "    return frame, row_numbers, text\n",
        "unit/feeds/test_input_cases.py::test_faults_in_rows_of_other_symbols_do_not_matter",
    ),
    _mutant(
        "wide-rows-are-shifted",
        "files/text_table.py",
        "if more and empty else len(header)",
        "if more else len(header)",
        "unit/feeds/test_reading.py::test_rows_with_more_cells_than_the_header_has_names_are_never_shifted",
    ),
    _mutant(
        "row-numbers-without-blank-lines",
        "files/csv_columns.py",
        "for index, cells in ragged.items()}, blank_lines)",
        "for index, cells in ragged.items()}, 0)",
        f"{_FILES}::test_blank_lines_above_the_rows_count",
    ),
    _mutant(
        "the-last-of-a-large-file-is-not-checked",
        "files/csv_columns.py",
        '                missing_columns="insert",\n',
        '                missing_columns="insert", truncate_ragged_lines=True,\n',
        f"{_FILES}::test_a_large_file_is_read_as_a_small_one_whatever_comes_late",
    ),
    _mutant(
        "cells-too-many-are-cut-off",
        "files/csv_columns.py",
        "            truncate_ragged_lines=truncate,\n",
        "            truncate_ragged_lines=True,\n",
        "unit/feeds/test_reading.py::test_files_that_are_no_files_of_bars",
    ),
)
