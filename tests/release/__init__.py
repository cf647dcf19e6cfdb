"""What a release consists of: sdist, wheel, bill of materials, what shells know of it."""
