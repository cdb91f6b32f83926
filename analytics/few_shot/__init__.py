"""Taught defects from a handful of examples."""
