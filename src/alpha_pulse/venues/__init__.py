"""Venues by name: where released orders meet the market."""

VENUES = {
    "simulated": "alpha_pulse.venues.simulated:SimulatedVenue",
}
