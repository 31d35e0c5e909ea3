"""Transaction Status: what became of a payment, asked by its receipt or by the id of the request for it."""
