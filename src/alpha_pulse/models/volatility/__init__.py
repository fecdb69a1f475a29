"""Forecasts of volatility from wide features."""
