"""How a queued message reaches its customer: what is claimed, how fast, by which way, and what became of it."""
