"""All mutants, in the order of the loop."""

from __future__ import annotations

from .equivalent import EQUIVALENT
from .export import EXPORT
from .journal import JOURNAL
from .learners import LEARNERS
from .loop_learning import ADAPT, DETECT, LEARN, RESOLVE
from .loop_trading import DECIDE, EXTRACT, GATE, RECORD, SERVE
from .money import MONEY
from .numbers import METRICS
from .promotion import PROMOTION
from .reading import READ
from .registry import REGISTRY
from .volatility import VOLATILITY

TO_KILL = (
    *RESOLVE,
    *LEARN,
    *DETECT,
    *ADAPT,
    *EXTRACT,
    *SERVE,
    *DECIDE,
    *GATE,
    *RECORD,
    *JOURNAL,
    *EXPORT,
    *MONEY,
    *METRICS,
    *LEARNERS,
    *PROMOTION,
    *REGISTRY,
    *VOLATILITY,
    *READ,
)
MUTANTS = (*TO_KILL, *EQUIVALENT)
