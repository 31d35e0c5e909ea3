"""The rules: money, clocks, payments, phones, faults. No HTTP, no database, no provider."""
