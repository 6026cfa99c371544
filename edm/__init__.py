"""The shared language: what exists (model), what is asked (expressions, query), what it means (evaluate).

Pure values and functions; nothing here knows HTTP, an ERP or Flask.
"""
