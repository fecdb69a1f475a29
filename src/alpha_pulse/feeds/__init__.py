"""Feeds by name: where events come from, in the order in which they became knowable."""

FEEDS = {
    "replay": "alpha_pulse.feeds.replay:ReplayFeed",
    "synthetic": "alpha_pulse.feeds.synthetic:SyntheticFeed",
}
