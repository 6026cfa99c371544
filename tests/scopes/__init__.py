"""Principals who see different rows and fields, and whether any of them gets what another one sees."""
