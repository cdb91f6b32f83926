"""The process that remembers: the store's only writer, the outbox, wall-clock jobs, commands."""
