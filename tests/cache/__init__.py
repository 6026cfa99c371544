"""The cache: which questions are the same, how answers are kept, and what happens when the ERP or the store fails."""
