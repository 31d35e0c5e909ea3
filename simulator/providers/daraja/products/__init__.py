"""Daraja's products, one a module: its wire models, its route, its service."""
