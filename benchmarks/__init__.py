"""Measures the service against hand-written Flask and SQLAlchemy for the same questions: ``make bench``."""
