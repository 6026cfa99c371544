"""Answers questions about ERP data. Knows ``edm`` and its own drivers, never HTTP-server things."""
