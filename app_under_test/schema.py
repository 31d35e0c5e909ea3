"""The bank's tables, all on one page. Amounts are cents, times are text as `clock.stamp` writes them.

Statements are constants of the modules that use them, with a `bindparam` for what varies: to build one, and to find
out which one it is, costs SQLAlchemy more than to run it.
"""

from functools import cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

metadata = MetaData()

counters = Table("counters", metadata, Column("prefix", String, primary_key=True), Column("value", BigInteger))

customers = Table(
    "customers",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("msisdn", String, nullable=False, unique=True),
    Column("created_at", String, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("balance", BigInteger, nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("reference", String, nullable=False),
    UniqueConstraint("kind", "reference"),  # one deposit is credited by one entry, whatever else fails
)

postings = Table(
    "postings",
    metadata,
    Column("entry", Integer, ForeignKey("entries.number"), primary_key=True),
    Column("account", String, ForeignKey("accounts.account"), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),  # of the account, after this posting
    Index("postings_by_account", "account", "entry"),
)

deposits = Table(
    "deposits",
    metadata,
    Column("id", String, primary_key=True),
    Column("customer", String, ForeignKey("customers.id"), nullable=False),
    Column("msisdn", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("via", String, nullable=False),
    Column("state", String, nullable=False),
    Column("proven", Boolean, nullable=False),  # the provider said so: only a completion changes the state now
    Column("provider_reference", String, unique=True),  # what the provider acknowledged, or recognised when asked
    Column("heard_reference", String),  # what only a callback told: to ask with, no proof of anything
    Column("receipt", String, unique=True),
    Column("reason", String),
    Column("created_at", String, nullable=False),
    Index("deposits_by_proof", "proven"),
)

paybill_payments = Table(
    "paybill_payments",
    metadata,
    Column("receipt", String, primary_key=True),  # one receipt is booked once, whoever tells of it
    Column("account", String, nullable=False),  # these two as the provider told them
    Column("payer", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("booked_to", String, nullable=False),
    Column("deposit", String, ForeignKey("deposits.id")),  # that it pays, or seems to while it is in suspense
    Column("created_at", String, nullable=False),
    Index("paybill_payments_by_deposit", "deposit"),
)

unconfirmed = Table(
    "unconfirmed_payments",  # to the paybill, that the bank said yes to
    metadata,
    Column("receipt", String, primary_key=True),
    Column("account", String, nullable=False),
    Column("payer", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("created_at", String, nullable=False),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("id", String, primary_key=True),
    Column("customer", String, ForeignKey("customers.id"), nullable=False),
    Column("provider", String, nullable=False),  # a changed setting leaves it who was asked
    Column("msisdn", String),
    Column("bank", String),  # these three, or the phone
    Column("account_number", String),
    Column("name", String),
    Column("amount", BigInteger, nullable=False),
    Column("fee", BigInteger, nullable=False),  # that the bank is charged if it is paid
    Column("returned", BigInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("proven", Boolean, nullable=False),  # as of a deposit; what is not proven is held
    Column("client_reference", String, nullable=False, unique=True),
    Column("provider_reference", String),
    Column("receipt", String, unique=True),
    Column("reason", String),
    Column("created_at", String, nullable=False),
    Index("withdrawals_by_proof", "proven"),
)

credits = Table(
    "credits",  # to the bank's own account at its bank, as that one told of them
    metadata,
    Column("provider", String, primary_key=True),
    Column("receipt", String, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("words", String, nullable=False),
    Column("booked_to", String, nullable=False),
    Column("withdrawal", String, ForeignKey("withdrawals.id")),  # that it returns, also while it waits in suspense
    Column("created_at", String, nullable=False),
    Index("credits_by_withdrawal", "withdrawal"),
)

questions = Table(
    "questions",
    metadata,
    Column("reference", String, primary_key=True),  # that the provider accepted it under
    Column("withdrawal", String, ForeignKey("withdrawals.id"), nullable=False),
    Column("asked_at", String, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("route", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", String, nullable=False),
)

reconciliations = Table(
    "reconciliations", metadata, Column("id", String, primary_key=True), Column("report", String, nullable=False)
)


def create_tables(connection: Connection) -> None:
    for statement in _spelled(connection.dialect):
        connection.exec_driver_sql(statement)


@cache
def _spelled(dialect: Dialect) -> tuple[str, ...]:
    """Spelling them takes longer than making them: once for all databases of one kind."""
    tables = metadata.sorted_tables
    indexes = [index for table in tables for index in sorted(table.indexes, key=lambda index: str(index.name))]
    made: list[ExecutableDDLElement] = [*map(CreateTable, tables), *map(CreateIndex, indexes)]
    return tuple(str(one.compile(dialect=dialect)) for one in made)


_COUNTED = (
    update(counters)
    .where(counters.c.prefix == bindparam("of"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)


def next_id(connection: Connection, prefix: str) -> str:
    """The next of `C000001`, `C000002`, … : readable on a phone, and a valid paybill account number."""
    return f"{prefix}{connection.execute(_COUNTED, {'of': prefix}).scalar_one():06d}"
