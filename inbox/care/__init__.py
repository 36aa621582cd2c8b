"""Connected channels, looked after: introduced to the provider, checked, pulled, kept in step."""
