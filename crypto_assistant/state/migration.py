"""Brings a database up to the version of this program, and looks through it before."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from crypto_assistant.errors import ConfigError
from crypto_assistant.state.damage import look_through

PAGES_KB = 256
"""Of the database that stay in memory."""


def make_ready(
    connection: sqlite3.Connection, path: Path | None, schema: Sequence[str]
) -> sqlite3.Connection:
    """The connection, to a database that has taken every statement of the schema, all or none.

    Raises Damaged, and ConfigError where a newer program has written it.
    """
    connection.execute(f"PRAGMA cache_size = -{PAGES_KB}")
    version = _version(connection, path, schema)  # Nothing is changed in a newer one's file.
    look_through(connection)
    connection.execute("PRAGMA synchronous = FULL")  # A power cut takes back no transaction.
    connection.execute("PRAGMA journal_mode = WAL")
    if version < len(schema):  # Else it opens while another process writes.
        with transaction(connection):
            _migrate(connection, path, schema)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Holds every other writer off, so that what is read in it stays true until it is written."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        yield


def _version(connection: sqlite3.Connection, path: Path | None, schema: Sequence[str]) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= len(schema):
        raise ConfigError(f"The database {path} was written by a newer version of this program.")
    return int(version)


def _migrate(connection: sqlite3.Connection, path: Path | None, schema: Sequence[str]) -> None:
    version = _version(connection, path, schema)
    for number, statement in enumerate(schema[version:], version + 1):
        connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
