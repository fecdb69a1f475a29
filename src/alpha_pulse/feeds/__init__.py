"""Feeds by name: sources of bars in the order in which they become known."""

FEEDS = {
    "replay": "alpha_pulse.feeds.replay:ReplayFeed",
    "synthetic": "alpha_pulse.feeds.synthetic:SyntheticFeed",
}
