"""What operators do: use cases on a Connection, each in the words of the person who does it."""
