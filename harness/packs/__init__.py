"""Contract packs and their specs that ship with the package."""
