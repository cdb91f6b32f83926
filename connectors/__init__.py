"""The outside world, one small port per kind."""
