"""The books: entries that balance, accounts within their bounds, and an audit that finds what was planted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.core.errors import AccountFull, InsufficientFunds
from simulator.core.ledger import (
    OUTSIDE,
    Account,
    Books,
    Entry,
    Posting,
    Terms,
    audit,
    merchant_account,
    transfer,
    wallet,
)
from simulator.core.money import ZERO, Money
from simulator.core.virtual_clock import VIRTUAL_START as NOON

ANN, BEN, SHOP = wallet("254700000001"), wallet("254700000002"), merchant_account("600000", "utility")
CHART = {
    ANN: Terms(Money(1000), ceiling=Money(2000)),
    BEN: Terms(ZERO, ceiling=Money(2000)),
    SHOP: Terms(Money(500)),
    OUTSIDE: Terms(floor=None),
}


def entry(key, *postings, payment=""):
    return Entry(key, NOON, payment, tuple(Posting(account, Money(minor)) for account, minor in postings))


@pytest.fixture
def books():
    return Books({}.get, CHART.__getitem__)


def balances(books):
    return {name: account.balance.minor for name, account in books.moved.items()}


def test_an_entry_that_does_not_balance_is_a_defect():
    with pytest.raises(ValueError, match="entry e1 does not balance"):
        entry("e1", (ANN, -5), (SHOP, 4))


def test_accounts_are_named_for_their_owner():
    assert (ANN, SHOP) == ("subscriber:254700000001", "merchant:600000:utility")


def test_the_first_posting_opens_an_account_from_outside(books):
    books.post(entry("e1", (ANN, -300), (SHOP, 300)))
    assert balances(books) == {ANN: 700, SHOP: 800, OUTSIDE: -1500}
    assert [one.key for one in books.entries] == [f"open:{ANN}", f"open:{SHOP}", "e1"]


def test_an_account_without_opening_money_needs_no_opening_entry(books):
    books.post(entry("e1", (ANN, -300), (BEN, 300)))
    assert [one.key for one in books.entries] == [f"open:{ANN}", "e1"]


def test_a_stored_account_is_not_opened_again():
    stored = {ANN: Account(ANN, Money(40), CHART[ANN]), SHOP: Account(SHOP, ZERO, CHART[SHOP])}
    books = Books(stored.get, CHART.__getitem__)
    books.post(entry("e1", (ANN, -40), (SHOP, 40)))
    assert balances(books) == {ANN: 0, SHOP: 40}


@pytest.mark.parametrize(
    ("postings", "error", "told"),
    [
        pytest.param([(ANN, -1001), (SHOP, 1001)], InsufficientFunds, "holds 10.00, 10.01 is asked", id="floor"),
        pytest.param([(OUTSIDE, -1001), (ANN, 1001)], AccountFull, "10.01 more would exceed 20.00", id="ceiling"),
    ],
)
def test_a_bound_is_kept(books, postings, error, told):
    with pytest.raises(error, match=told):
        books.post(entry("e1", *postings))


@pytest.mark.parametrize(
    "postings",
    [
        pytest.param([(ANN, -1000), (SHOP, 1000)], id="to the floor"),
        pytest.param([(OUTSIDE, -1000), (ANN, 1000)], id="to the ceiling"),
        pytest.param([(OUTSIDE, -(10**12)), (SHOP, 10**12)], id="outside has no floor, a merchant no ceiling"),
    ],
)
def test_a_bound_may_be_reached(books, postings):
    books.post(entry("e1", *postings))
    assert books.entries[-1].key == "e1"


@pytest.mark.parametrize(
    ("balance", "change"),
    [
        pytest.param(-50, 20, id="from below the floor upwards"),
        pytest.param(2500, -20, id="from above the ceiling downwards"),
    ],
)
def test_money_that_moves_towards_the_bounds_is_never_refused(balance, change):
    account = Account(ANN, Money(balance), CHART[ANN])
    assert account.moved(Money(change)).balance == Money(balance + change)


def test_a_transfer_is_two_legs():
    assert transfer(ANN, SHOP, Money(5)) == (Posting(ANN, Money(-5)), Posting(SHOP, Money(5)))


@given(st.lists(st.tuples(st.sampled_from([ANN, BEN, SHOP]), st.sampled_from([ANN, BEN, SHOP]), st.integers(1, 900))))
def test_no_run_of_transfers_makes_or_loses_money(moves):
    stored = {}
    for number, (source, destination, minor) in enumerate(moves):
        books = Books(stored.get, CHART.__getitem__)
        try:
            books.post(Entry(f"e{number}", NOON, "", transfer(source, destination, Money(minor))))
        except (InsufficientFunds, AccountFull):
            continue
        stored |= books.moved
    assert sum(account.balance.minor for account in stored.values()) == 0
    assert all(0 <= account.balance.minor <= 2000 for name, account in stored.items() if name in (ANN, BEN))


# The audit, with differences planted.


@pytest.fixture
def kept(books):
    """Good books: what a store would hold, and the payments that settled."""
    books.post(entry("entry:p1", (ANN, -300), (SHOP, 300), payment="p1"))
    return {"accounts": books.moved, "entries": books.entries, "settled": {"p1": Money(300)}}


def test_good_books_balance(kept):
    told = audit(**kept)
    assert told.is_balanced
    assert (told.accounts, told.entries, told.difference, told.problems) == (3, 3, ZERO, ())


def _other_balance(kept, name, minor):
    kept["accounts"][name] = msgspec.structs.replace(kept["accounts"][name], balance=Money(minor))


def _other_entry(kept, *entries):
    kept["entries"][:] = [*[one for one in kept["entries"] if one.key != "entry:p1"], *entries]


PAID = entry("entry:p1", (ANN, -300), (SHOP, 300), payment="p1")


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        pytest.param(lambda kept: _other_balance(kept, ANN, 701), "entries sum to 7.00", id="a balance"),
        pytest.param(_other_entry, "p1 settled, with 0 entries", id="an entry that is missing"),
        pytest.param(
            lambda kept: _other_entry(kept, PAID, msgspec.structs.replace(PAID, key="e2")),
            "p1 settled 3.00, its entries move another amount",
            id="an entry twice",
        ),
        pytest.param(lambda kept: _other_entry(kept, PAID, PAID), "p1 settled, with 2 entries", id="settled twice"),
        pytest.param(lambda kept: kept["settled"].clear(), "p1 has an entry and never settled", id="money unasked"),
        pytest.param(lambda kept: kept["settled"].update(p2=Money(5)), "p2 settled, with 0 entries", id="unpaid"),
        pytest.param(lambda kept: kept["settled"].update(p1=Money(999)), "p1", id="another amount than the payment's"),
        pytest.param(lambda kept: kept["accounts"].pop(SHOP), "", id="an account"),
    ],
)
def test_the_audit_finds_what_is_wrong(kept, plant, told):
    plant(kept)
    found = audit(**kept)
    assert not found.is_balanced
    assert told in " / ".join(found.problems)


def test_the_audit_checks_floors():
    below = {ANN: Account(ANN, Money(-5), CHART[ANN]), SHOP: Account(SHOP, Money(5), CHART[SHOP])}
    found = audit(below, [entry("e1", (ANN, -5), (SHOP, 5))], {})
    assert not found.is_balanced


def test_the_audit_tells_a_difference():
    told = audit({ANN: Account(ANN, Money(7), CHART[ANN])}, [], {})
    assert (str(told.difference), told.is_balanced) == ("0.07", False)
