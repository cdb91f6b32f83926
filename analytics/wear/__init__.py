"""Condition over time."""
