"""What outlives a restart, in one directory: a SQLite database, its copies, the daemon's lock.

`store` is the door to it; `inbox` the questions not answered yet; `database` the file, which
`migration` brings up to date and `damage` sets aside; `backup` copies it and puts a copy back;
`lock` keeps a second daemon out; `ownership` leaves what root makes there to its owner.
"""
