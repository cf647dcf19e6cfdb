"""What a trader reads off the market: each subject is asked of all venues and put together once.

A reading notes its questions to a wave and returns what builds it from whatever has arrived;
commands combine readings, and show them.
"""
