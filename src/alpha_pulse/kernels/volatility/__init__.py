"""Forecasts of realised volatility: calendar, wide features, members, density and event probability."""
