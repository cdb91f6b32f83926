"""What the gateway remembers: one SQLite file and a folder of evidence. Only the ledger writes."""
