"""Maintenance systems."""
