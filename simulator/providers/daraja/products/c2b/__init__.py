"""C2B: payments that the customer starts, from the phone or by the sandbox's simulation."""
