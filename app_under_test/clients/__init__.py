"""The payment providers, and the one door to them."""
