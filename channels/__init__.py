"""Translate between providers and Switchboard: payloads into events, our messages into provider calls."""
