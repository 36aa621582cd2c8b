"""The card of a person: its fields, what happened, and who wrote what."""
