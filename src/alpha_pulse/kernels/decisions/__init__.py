"""The decision pass over slices: trading, agents, sizing, the gate, and the release of orders, compiled."""
