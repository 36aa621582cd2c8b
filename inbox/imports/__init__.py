"""Imports of people: files read row by row, looked over without a change, taken in by a worker, and undone as a whole."""
