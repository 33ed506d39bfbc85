"""Scoreboards and findings for people and programs, one file per form; the only room that prints."""
