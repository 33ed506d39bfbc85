"""One file a relation between published numbers, each found by its module name."""
