"""Processes and what passes between them."""
