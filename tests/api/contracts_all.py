"""The contracts of all routes; importing their modules registers them."""

from api import contracts_models, contracts_reading, contracts_run, contracts_serving
from api.contracts import CONTRACTS

__all__ = ["CONTRACTS", "contracts_models", "contracts_reading", "contracts_run", "contracts_serving"]
