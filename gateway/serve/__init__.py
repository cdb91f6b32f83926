"""The front: what others read."""
