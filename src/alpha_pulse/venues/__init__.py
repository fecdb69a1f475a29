"""Venues by name. A venue executes released orders."""

VENUES = {
    "simulated": "alpha_pulse.venues.simulated:SimulatedVenue",
}
