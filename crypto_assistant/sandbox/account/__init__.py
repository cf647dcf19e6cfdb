"""The simulated owner's accounts: one truth each, which the faces print in their ways."""
