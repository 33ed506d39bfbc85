"""Publishing claims with their evidence, and re-verifying what was published."""
