"""Simulated sound with known truth."""
