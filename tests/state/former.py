"""A database as the version before left it: of one number of Binance's it knew one market only."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

STATEMENTS = (
    """CREATE TABLE inbox (
        update_id INTEGER PRIMARY KEY,
        body BLOB NOT NULL,
        received_ms INTEGER NOT NULL,
        starts INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE entries (
        venue TEXT NOT NULL,
        environment TEXT NOT NULL,
        uid TEXT NOT NULL,
        key TEXT NOT NULL,
        flow TEXT NOT NULL,
        time_ms INTEGER NOT NULL,
        family TEXT,
        symbol TEXT NOT NULL,
        coin TEXT NOT NULL,
        coins REAL NOT NULL,
        UNIQUE (venue, environment, uid, key, flow)
    ) STRICT""",
    "CREATE INDEX entries_by_time ON entries (venue, environment, uid, time_ms)",
    """CREATE TABLE coverage (
        venue TEXT NOT NULL,
        environment TEXT NOT NULL,
        uid TEXT NOT NULL,
        start_ms INTEGER NOT NULL,
        end_ms INTEGER NOT NULL CHECK (end_ms > start_ms),
        PRIMARY KEY (venue, environment, uid, start_ms)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE snapshots (
        venue TEXT NOT NULL,
        environment TEXT NOT NULL,
        uid TEXT NOT NULL,
        taken_ms INTEGER NOT NULL,
        rows TEXT NOT NULL,
        PRIMARY KEY (venue, environment, uid, taken_ms)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE holds (
        environment TEXT NOT NULL,
        venue TEXT NOT NULL,
        told_ms INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        PRIMARY KEY (environment, venue)
    ) STRICT, WITHOUT ROWID""",
)

Row = tuple[Any, ...]


def write(path: Path, *, entries: Iterable[Row] = (), coverage: Iterable[Row] = ()) -> None:
    """Makes the database with these rows in it."""
    with closing(sqlite3.connect(path)) as database, database:
        for statement in STATEMENTS:
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(STATEMENTS)}")
        database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)
        database.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?, ?)", coverage)


def rows(path: Path, table: str) -> list[Row]:
    """All that is in a table."""
    with closing(sqlite3.connect(path)) as database:
        return database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
