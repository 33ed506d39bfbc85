"""Statements, their store, their ledger, and what makes them fresh."""
