"""Behaviours that every sound training program shows, one file per invariant."""
