"""A day in the life of the daemon, in minutes: many questions, many faults, each answer checked.

`python -m tests.soak` or `make soak`. The simulated exchanges, the Bot API on loopback and all that
watches are one process, the daemon is another.
"""
