"""YAML and Markdown to typed contracts and specs; every error at once, with file, line and remedy."""
