"""Counts of mentions become share, momentum and a label; `score`, `labels` and `explain` are pure."""
