"""Log files as columns of printed numbers, one file per format."""
