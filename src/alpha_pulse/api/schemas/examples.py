"""A response of each type, for the OpenAPI description. A test compares them with the structs."""

from __future__ import annotations

from typing import Any

from alpha_pulse.core.version import __version__

SESSION = "EURUSD/direction"
PREDICTION = "EURUSD/direction/4211"
FILL = "combined/EURUSD/188"
TS_MS = 1_504_224_000_000
OPEN_MS = TS_MS - 3_600_000

CONTROL: dict[str, Any] = {"state": "running", "bars_per_second": 20.0, "seq": 4211}
MEMBER = {
    "model_id": "market_default",
    "version": "4208",
    "source": "online",
    "probability": 0.528812345,
    "weight": 0.61,
    "age_s": 3600.0,
}
PREDICT_RESPONSE = {
    "session_id": SESSION,
    "probability": 0.521904112,
    "confidence": 0.523,
    "members": [MEMBER],
    "schema_id": "d1c3a7",
    "model_version": "4208",
}
FILL_ROW = {
    "seq": 4212,
    "ts_ms": TS_MS + 3_600_000,
    "bar_open_ms": OPEN_MS + 3_600_000,
    "fill_id": FILL,
    "order_id": "EURUSD/4211/combined",
    "book": "combined",
    "symbol": "EURUSD",
    "quantity": 41250.0,
    "price": 1.19055,
    "reference": 1.19043,
    "cost": 4.95,
    "fee": 4.91,
    "signal_id": "EURUSD/4211/combined",
    "prediction_id": PREDICTION,
}
TRADE_ROW = {
    "seq": 4230,
    "lot_id": "combined/EURUSD/97",
    "book": "combined",
    "symbol": "EURUSD",
    "quantity": 41250.0,
    "opened_ms": TS_MS + 3_600_000,
    "opened_bar_open_ms": OPEN_MS + 3_600_000,
    "closed_ms": TS_MS + 68_400_000,
    "closed_bar_open_ms": OPEN_MS + 68_400_000,
    "open_price": 1.19043,
    "close_price": 1.19212,
    "gross_pnl": 69.71,
    "costs": 19.75,
    "net_pnl": 49.96,
    "signal_id": "EURUSD/4211/combined",
    "prediction_id": PREDICTION,
}
OUTCOME = {
    "id": "a7",
    "book": "my broker",
    "signal_id": "combined/EURUSD/4211",
    "quantity": 1000.0,
    "opened_ms": TS_MS,
    "closed_ms": TS_MS,
    "open_price": 1.19043,
    "close_price": 1.19212,
    "net_pnl": 1.57,
}
STATUS: dict[str, Any] = {
    "version": __version__,
    "run_id": "eurusd_1h_2017",
    "mode": "paper",
    "state": "running",
    "detail": None,
    "feed": {
        "name": "eurusd_1h_2017",
        "symbols": ["EURUSD"],
        "interval_s": 3600.0,
        "bars_total": 6215,
        "bars_done": 4212,
        "synthetic": None,
    },
    "bars_per_second": 20.0,
    "measured_bars_per_second": 19.98,
    "seq": 4211,
    "ts_ms": TS_MS,
    "bar_open_ms": OPEN_MS,
    "store": "runs/eurusd.db",
    "config_hash": "5f0c",
    "targets": ["volatility", "direction"],
    "books": ["combined", "cost_aware", "rules_only", "ml_only", "buy_and_hold"],
    "initial_cash": 100000.0,
    "counts": {
        "predictions": 8326,
        "labelled": 8311,
        "pending": 15,
        "expired": 0,
        "fills": 188,
        "trades": 97,
        "alarms": 3,
        "alarms_acted": 1,
        "alarms_deferred": 1,
        "alarms_skipped": 1,
        "adaptations": 3,
        "queries": 12,
    },
    "success_metrics": {
        "model_freshness_mean_s": 4980.2,
        "model_freshness_max_s": 190800.0,
        "adaptation_speed": {
            "drifts": 3,
            "accepted": 1,
            "acted": {
                "episodes": 2,
                "samples_to_alarm": 212.0,
                "market_s_to_alarm": 763200.0,
                "samples_to_action": 212.0,
                "market_s_to_action": 763200.0,
                "samples_to_recovery": None,
                "market_s_to_recovery": None,
            },
            "recovered": {
                "episodes": 1,
                "samples_to_alarm": 131.0,
                "market_s_to_alarm": 471600.0,
                "samples_to_action": 131.0,
                "market_s_to_action": 471600.0,
                "samples_to_recovery": 731.0,
                "market_s_to_recovery": 2631600.0,
            },
            "recovered_without_adaptation": {
                "episodes": 0,
                "samples_to_alarm": None,
                "market_s_to_alarm": None,
                "samples_to_action": None,
                "market_s_to_action": None,
                "samples_to_recovery": None,
                "market_s_to_recovery": None,
            },
        },
        "online_minus_batch": {
            "volatility": {"labels": 2201, "accuracy": 0.004, "mean": 1.9, "low": -0.8, "high": 4.6},
            "direction": None,
        },
        "ml_pnl": {
            "net": 21.4,
            "net_low": -310.2,
            "net_high": 355.9,
            "gross": 35.0,
            "gross_low": -301.7,
            "gross_high": 370.3,
        },
    },
    "result": None,
    "decisions_sha256": None,
}
SESSION_STATUS = {
    "session_id": SESSION,
    "symbol": "EURUSD",
    "target": "direction",
    "model_type": "market_default",
    "version": "4208",
    "source": "loop",
    "state": "learning",
    "horizon": 3,
    "n_features": 30,
    "labels_used": 4208,
    "pending": 3,
    "ties": 12,
    "quarantines": 0,
    "age_s": 0.0,
    "last_drift_ms": TS_MS - 86_400_000,
    "last_drift_bar_open_ms": OPEN_MS - 86_400_000,
    "last_adaptation_ms": TS_MS - 86_400_000,
    "last_adaptation_bar_open_ms": OPEN_MS - 86_400_000,
    "batch_model": {
        "model_id": "lightgbm",
        "version": "9b1f04c2",
        "trained_ms": TS_MS - 7_963_200_000,
        "trained_bar_open_ms": OPEN_MS - 7_963_200_000,
    },
    "skill_millinats": 0.7,
}
SCORES = {
    "samples": 4208,
    "accuracy": 0.511,
    "log_loss": 0.6927,
    "brier": 0.2498,
    "auc": 0.513,
    "kappa": 0.021,
    "kappa_temporal": 0.018,
    "skill_millinats": 0.4,
    "auc_error": 0.0006,
}
SESSION_SCORES = {
    "session_id": SESSION,
    "model_type": "market_default",
    "labels_used": 4208,
    "pending": 3,
    "ties": 12,
    "quarantines": 0,
    "age_mean_s": 4980.2,
    "age_max_s": 190800.0,
    "whole_run": {"served": SCORES},
    "window": {"served": SCORES},
}
ALARM = {
    "seq": 3980,
    "alarm_id": "EURUSD/direction/alarm/3",
    "detector": "adwin",
    "symbol": "EURUSD",
    "target": "direction",
    "ts_ms": TS_MS - 86_400_000,
    "bar_open_ms": OPEN_MS - 86_400_000,
    "change_ms": TS_MS - 1_209_600_000,
    "change_bar_open_ms": OPEN_MS - 1_209_600_000,
    "score": 0.08,
    "monitored": "errors",
    "features": [],
    "status": "acted",
    "reason": "adwin: error rate rose by 0.080 since sample 3201",
    "action_id": "EURUSD/direction/action/3",
}
ACTION = {
    "seq": 3980,
    "action_id": "EURUSD/direction/action/3",
    "kind": "boost",
    "symbol": "EURUSD",
    "target": "direction",
    "ts_ms": TS_MS - 86_400_000,
    "bar_open_ms": OPEN_MS - 86_400_000,
    "cause": "drift:EURUSD/direction/alarm/3",
    "reason": "adwin: error rate rose by 0.080 since sample 3201",
    "status": "rolled_back",
    "closed_ms": TS_MS,
    "closed_bar_open_ms": OPEN_MS,
    "effect": -0.0004,
    "effect_samples": 500,
}
DRIFT = {
    "session_id": SESSION,
    "alarms": 1,
    "last_alarm": {
        "alarm_id": "EURUSD/direction/alarm/3",
        "ts_ms": TS_MS - 86_400_000,
        "bar_open_ms": OPEN_MS - 86_400_000,
        "detector": "adwin",
        "score": 0.08,
        "change_ms": TS_MS - 1_209_600_000,
        "change_bar_open_ms": OPEN_MS - 1_209_600_000,
        "sample": 3972,
        "monitored": "errors",
    },
    "window_blocks": 402,
    "state": "drifting",
}
POSITIONS = {
    "positions": [
        {
            "book": "combined",
            "symbol": "EURUSD",
            "quantity": 41250.0,
            "average_price": 1.19055,
            "close": 1.19101,
            "value": 49129.16,
            "unrealised_pnl": 18.98,
        }
    ],
    "books": {
        "combined": {
            "equity": 100412.11,
            "net_pnl": 412.11,
            "gross_pnl": 1310.0,
            "fees": 449.0,
            "costs": 448.89,
            "trades": 97,
            "sharpe": 0.31,
            "max_drawdown": 0.021,
        }
    },
}
BAR = {"open": 1.1901, "high": 1.1912, "low": 1.1899, "close": 1.1904, "volume": None}
INSPECTION = {
    "prediction_id": PREDICTION,
    "symbol": "EURUSD",
    "target": "direction",
    "horizon": 3,
    "ts_ms": TS_MS,
    "bar_open_ms": OPEN_MS,
    "seq": 4211,
    "probability": 0.521904112,
    "confidence": 0.523,
    "quarantined": False,
    "missing": [],
    "members": [MEMBER],
    "features": {"ret_1": 0.0312, "rsi_14": 54.2},
    "bar": BAR,
    "signals": [{"signal_id": "EURUSD/4211/combined", "agent": "combined", "direction": 0.4, "confidence": 0.523}],
    "orders": [],
    "refusals": [],
    "abstention": None,
    "label": None,
    "status": "pending",
    "fills": [],
    "trades": [],
}
REGIMES = {
    "symbol": "EURUSD",
    "method": "probabilities of the regime detector, as they were known at the time",
    "probabilities": {"calm": 0.004, "normal": 0.993, "turbulent": 0.003},
    "regimes": [
        {
            "from_ms": TS_MS - 86_400_000,
            "from_bar_open_ms": OPEN_MS - 86_400_000,
            "to_ms": None,
            "to_bar_open_ms": None,
            "label": "normal",
            "ratio": 1.03,
            "began_ms": TS_MS - 172_800_000,
            "began_bar_open_ms": OPEN_MS - 172_800_000,
            "probabilities": {"calm": 0.002, "normal": 0.99, "turbulent": 0.008},
        }
    ],
    "change_points": [
        {
            "ts_ms": TS_MS - 43_200_000,
            "bar_open_ms": OPEN_MS - 43_200_000,
            "began_ms": TS_MS - 86_400_000,
            "began_bar_open_ms": OPEN_MS - 86_400_000,
            "feature": "trend",
            "probability": 0.97,
        }
    ],
}
RELIABILITY = {
    "labels": 1000,
    "ece": 0.021,
    "largest_error": 0.052,
    "brier": 0.2458,
    "reliability": 0.0009,
    "resolution": 0.0041,
    "uncertainty": 0.2496,
    "within_bins": -0.0006,
    "bins": [
        {
            "count": 100,
            "lowest": 0.512,
            "highest": 0.534,
            "mean_predicted": 0.523,
            "observed": 0.517,
            "low": 0.421,
            "high": 0.612,
        }
    ],
}


def series(columns: dict[str, list[Any]], symbol: str | None = "EURUSD", **more: Any) -> dict[str, Any]:
    """A page of one row."""
    rows = {"seq": [4211], "ts_ms": [TS_MS], "bar_open_ms": [OPEN_MS], **columns}
    return {"symbol": symbol, "from_seq": 4211, "to_seq": 4211, "next_seq": None, "total": 4212, "columns": rows, **more}


BARS = series({name: [value] for name, value in BAR.items()})
EQUITY = series({"combined": [100412.11], "buy_and_hold": [100390.02]}, symbol=None)
PREDICTIONS = series(
    {
        "number": [4211],
        "probability": [0.521904112],
        "confidence": [0.523],
        "online": [0.5288],
        "batch": [0.5104],
        "base": [0.5021],
        "weight_online": [0.61],
        "weight_batch": [0.2],
        "weight_base": [0.19],
        "label": [None],
        "volatility_forecast": [None],
        "volatility_realised": [None],
    },
    target="direction",
)
HISTORY = series(
    {
        "samples": [1000],
        "skill_online": [0.5],
        "skill_batch": [-0.2],
        "skill_served": [0.7],
        "skill_no_change": [-3.1],
        "accuracy_online": [0.514],
        "accuracy_batch": [0.507],
        "accuracy_served": [0.515],
        "accuracy_no_change": [0.498],
    },
    target="direction",
    window=1000,
)
