"""ERPs that answer with records of named fields over HTTP: SAP Gateway, Tryton, OData V4, REST.

What they have in common is here: the catalog's section, how published values are stored in fields, what becomes of a
query. How one of them is asked is a ``RecordSource`` in the package of its kind.
"""
