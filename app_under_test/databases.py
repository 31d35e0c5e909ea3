"""How the bank's two databases are opened, so that a transaction in either is as good as alone.

SQLite lets one transaction in after the other. PostgreSQL runs several at once, and lets none end that could not have
run alone: `Store` then does it over.
"""

from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

_AT_ONCE = 4


class Database(Struct, frozen=True):
    engine: Engine
    at_once: int  # transactions


def database_of(url: str) -> Database:
    """ValueError for one that cannot be opened with what is installed."""
    try:
        parsed = make_url(url)
        return _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    except (ArgumentError, ValueError):
        raise ValueError("database: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST:PORT/NAME") from None
    except ModuleNotFoundError as error:
        raise ValueError(f"database: PostgreSQL needs {error.name}: pip install 'pesabox[postgresql]'") from None


def _postgresql(url: URL) -> Database:
    with_driver = url.set(drivername="postgresql+psycopg")
    engine = create_engine(with_driver, isolation_level="SERIALIZABLE", pool_size=_AT_ONCE, max_overflow=0)
    return Database(engine, _AT_ONCE)


def _sqlite(url: URL) -> Database:
    known = _known_of_sqlite()
    arguments, options = known.dialect.create_connect_args(url)

    def connect() -> Any:
        connection = known.dialect.connect(*arguments, **options)
        connection.isolation_level = None  # sqlite3 begins nothing by itself; `_begin_immediate` does
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON")
        return connection

    engine = Engine(StaticPool(connect), known.dialect, url, execution_options=known.get_execution_options())
    event.listen(engine, "begin", _begin_immediate)
    return Database(engine, at_once=1)


def _begin_immediate(connection: Connection) -> None:
    """Takes SQLite's write lock first, so that what a transaction reads still holds when it writes."""
    connection.connection.cursor().execute("BEGIN IMMEDIATE")


@cache
def _known_of_sqlite() -> Engine:
    """What SQLAlchemy finds out about the library, and how it spells each statement: once a process, not once a file.

    The spellings are as many as the bank has statements. It is a memory of pure functions, as `re` has one.
    """
    engine = create_engine("sqlite://", execution_options={"compiled_cache": {}})
    engine.connect().close()
    return engine
