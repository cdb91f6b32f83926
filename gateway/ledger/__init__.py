"""The process that remembers."""
