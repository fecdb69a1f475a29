"""The challengers of a target, as columns beside those of the other members."""

from __future__ import annotations

import polars as pl


def names_of(challengers: pl.DataFrame, target: str) -> tuple[str, ...]:
    """The challengers of a target, in the order of the table ``challengers`` of docs/reference/tables.md."""
    return tuple(challengers.filter(pl.col("target") == target)["challenger"].unique(maintain_order=True))


def beside(rows: pl.DataFrame, challengers: pl.DataFrame, target: str, value: str) -> pl.DataFrame:
    """Rows of a target with a column more for each of its challengers, such as ``fast_weight``.

    Parameters
    ----------
    rows
        With a column ``prediction_id``, each at most once.
    challengers
        The table ``challengers`` of docs/reference/tables.md.
    value
        ``probability`` or ``weight``.

    Examples
    --------
    >>> table = pl.DataFrame({"prediction_id": ["a"], "target": ["up"], "challenger": ["fast"], "weight": [0.2]})
    >>> beside(pl.DataFrame({"prediction_id": ["a", "b"]}), table, "up", "weight").columns
    ['prediction_id', 'fast_weight']
    """
    of_target = challengers.filter(pl.col("target") == target)
    for name in names_of(challengers, target):
        own = of_target.filter(pl.col("challenger") == name).select("prediction_id", pl.col(value).alias(f"{name}_{value}"))
        rows = rows.join(own, on="prediction_id", how="left", maintain_order="left")
    return rows
