"""Rules that hold a run's files against one another, one module each with ``judge(scene)``."""
