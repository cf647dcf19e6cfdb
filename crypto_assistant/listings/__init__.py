"""What is listed where: the venues' lists, coins over all their markets, kinds of market."""
