"""Watches a training loop of somebody else's while it runs."""
