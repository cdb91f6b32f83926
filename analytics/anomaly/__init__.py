"""Detectors learned from good sound."""
