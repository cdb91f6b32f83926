"""Whether the sound may be trusted."""
