"""Two runs or two releases side by side: what moved, and by how much against what noise is known."""
