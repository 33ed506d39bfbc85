"""Behaviours that every sound training program shows, one file each, with the faults they must find.

A module's docstring is the law and its source; it exposes one ``INVARIANT`` (``harness.model.behaviour``).
"""
