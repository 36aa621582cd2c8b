"""What the web chat's connector is made of."""
