"""``erp-odata doctor``: whether this service, its catalog and its sources will do well together, found out by asking.

``checks`` is the table and runs it; ``configured``, ``rows`` and ``loads`` find. What only one kind of source can tell
is asked of it (``erp_adapters.base.Diagnoses``). How it is shown is the command line's.
"""
