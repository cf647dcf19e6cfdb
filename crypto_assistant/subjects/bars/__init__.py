"""One market's candles and what is read off them: indicators, days, moves, what is usual."""
