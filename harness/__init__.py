"""Training claims as contracts that a machine tries to break."""

__version__ = "0.1.0"
