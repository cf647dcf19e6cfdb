"""Our answers against ccxt's: `make compare`."""
