"""What pages and the API read: plain functions on a Connection that return frozen dataclasses."""
