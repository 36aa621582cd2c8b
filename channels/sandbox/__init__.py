"""Local stand-ins for the providers' own servers, so that the real connectors run in the demo and in the tests."""
