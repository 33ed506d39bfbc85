"""Tries what lies there without a contract: logs, checkpoint headers, and the numbers of texts."""
