"""The types of check, one file per kind; files whose name starts with an underscore are shared parts."""
