"""Minutes and hours of the whole program on virtual time: one process, one seed, every fault.

`python -m tests.simulation` or `make simulate`. What is asked, what goes wrong and what is held
against the truth is the soak's; here nothing is waited for, and the same seed lives the same life.
"""
