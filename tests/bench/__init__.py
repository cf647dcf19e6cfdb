"""What an answer costs in requests, time and memory: figures to read, no tests."""
