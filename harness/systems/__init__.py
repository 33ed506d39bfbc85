"""Training programs that the harness can build and train, one file or folder per system."""
