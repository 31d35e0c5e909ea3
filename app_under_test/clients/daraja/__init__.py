"""Daraja (M-PESA) over the wire: `door` carries, each product is a module; spelling, types and oddities end here."""
