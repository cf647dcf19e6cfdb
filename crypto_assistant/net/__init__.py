"""The one door to the venues: limits, time-outs, retries, JSON, cache."""
