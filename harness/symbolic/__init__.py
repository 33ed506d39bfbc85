"""The expression language and the provers: contract text is data, never code."""
