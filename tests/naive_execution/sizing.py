"""How large a position should be. Pure functions of the forecast, the equity and the price."""

from __future__ import annotations

from alpha_pulse.core.errors import NonFiniteError


def target_fraction(
    direction: float, forecast_volatility: float, target_volatility: float, quality_scale: float, max_fraction: float
) -> float:
    """The position as a fraction of equity that would bring the target volatility (Moreira & Muir, 2017).

    Parameters
    ----------
    direction
        From -1 (short) to 1 (long).
    forecast_volatility, target_volatility
        Annual, of log returns, above 0.
    quality_scale
        The trade-quality model's factor, 0.5 to 1.5.
    max_fraction
        The result lies within +- this.

    Raises
    ------
    NonFiniteError
        The forecast is not above 0.

    >>> target_fraction(0.5, 0.20, 0.10, 1.0, 1.0), target_fraction(-1.0, 0.02, 0.10, 1.0, 1.0)
    (0.25, -1.0)
    """
    if not forecast_volatility > 0.0:
        raise NonFiniteError(f"the forecast volatility is {forecast_volatility!r}; sizing needs a volatility above 0")
    fraction = direction * target_volatility / forecast_volatility * quality_scale
    if fraction > max_fraction:
        return max_fraction
    if fraction < -max_fraction:
        return -max_fraction
    return fraction


def within_band(held: int, target: int, band: float) -> bool:
    """Whether the change from ``held`` to ``target`` is too small to trade; a change to exactly 0 never is.

    A change from long to short is compared by its size too; otherwise a signal around 0 would trade at every bar.

    >>> within_band(100, 110, 20.0), within_band(10, 0, 20.0), within_band(5, -5, 20.0)
    (True, False, True)
    """
    if held == target:
        return True
    return target != 0 and abs(target - held) < band
