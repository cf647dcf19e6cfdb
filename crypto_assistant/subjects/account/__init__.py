"""The owner's accounts: wallets, open positions, profit and loss."""
