"""Intervals and tests on measured numbers; pure functions."""
