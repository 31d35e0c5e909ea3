"""B2C: payouts from an organisation to a customer's phone."""
