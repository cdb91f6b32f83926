"""The other side of each port, speaking the real protocol."""
