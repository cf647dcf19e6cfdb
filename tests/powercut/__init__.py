"""What a power cut leaves of a directory: the syscalls of a process, replayed up to any of them."""
