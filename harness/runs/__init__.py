"""Training runs: what identifies one, how it is launched, and what it left."""
