"""The slow obvious twin of the River adapter: before every answer a new estimator is taught all that is remembered."""

from __future__ import annotations

from typing import Any

from alpha_pulse.integrations.estimator_path import Recipe


class Twin:
    def __init__(self, recipe: Recipe, remembered: int, *, takes_weights: bool) -> None:
        self.examples: list[tuple[dict[str, float], bool, float]] = []
        self._recipe, self._remembered, self._takes_weights = recipe, remembered, takes_weights

    def learn(self, row: list[float], label: bool, weight: float) -> None:
        if len(self.examples) == self._remembered:
            self.examples = self.examples[-(self._remembered // 2) :]
        self.examples.append((_named(row), label, min(weight, 100.0)))

    def predict(self, row: list[float]) -> float:
        estimator: Any = self._recipe.make(1)
        owed = 0.0
        for x, label, weight in self.examples:
            if self._takes_weights:
                estimator.learn_one(x, label, w=weight)
            else:
                owed += weight
                for _ in range(min(8, int(owed))):
                    estimator.learn_one(x, label)
                owed -= int(owed)
        said = estimator.predict_proba_one(_named(row))
        if not said:
            return 0.5
        return float(said.get(True, 0.0) / sum(said.values())) if sum(said.values()) else 0.5


def _named(row: list[float]) -> dict[str, float]:
    return {f"f{j}": value for j, value in enumerate(row)}
