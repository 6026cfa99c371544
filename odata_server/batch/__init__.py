"""``$batch``: several requests in the body of one (Protocol 4.01, 11.7; JSON Format 4.01, 19).

Both formats are read into the same values (``parts``), which one runner (``run``) works off. How a single request is
answered is not known here.
"""
