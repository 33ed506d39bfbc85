"""Contracts and evidence folded into statuses; nothing here is ever written down as a status."""
