"""Subjects that lie elsewhere: read by range or once in full, bound by their bytes, kept in a cache."""
