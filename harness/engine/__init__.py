"""Plan, discharge, evidence: the one way from a contract to a verdict on disk."""
