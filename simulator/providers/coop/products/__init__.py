"""What Co-op offers: one module a product."""
