"""The loop. Start reading in `pipeline`; `system` is the only place that constructs."""
