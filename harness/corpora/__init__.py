"""Corpora that every machine can build to the same bytes, offline once their wheels are there."""
