"""A fourth exchange, which tells market data alone, and the program with it."""
