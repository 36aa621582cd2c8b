"""Remember: tables, use cases, HTTP and live updates. The only room with state."""
