"""Equity Bank's Jenga, version 3."""
