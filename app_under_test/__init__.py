"""A small bank: customers, deposits through M-PESA, a ledger of its own. It knows its provider over HTTP only."""
