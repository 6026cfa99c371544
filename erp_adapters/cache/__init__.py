"""Answers of an ERP, kept for as long as its catalog allows.

``adapter`` is the wrapper; ``terms`` says how old and large answers may be, ``key`` which questions are the same,
``entry`` how an answer is kept; ``memory`` is the process's own level, ``flight`` lets one ask for many, ``renewal``
asks in the background. Where processes share entries, a ``Store`` is handed in.
Nothing here knows a kind of ERP or HTTP.
"""
