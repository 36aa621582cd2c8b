"""Organisations: companies, who works there and as what, and the history of it."""
