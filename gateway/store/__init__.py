"""SQLite and the evidence folder."""
