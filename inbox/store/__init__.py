"""Beneath `inbox.db`: connections, keys in blocks, statements at the driver's speed, turns at SQLite's lock."""
