"""The terminal: answers as its text, and a place to work in."""
