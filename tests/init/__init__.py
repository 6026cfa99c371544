"""The proposal of ``erp-odata init``, on databases that other people's habits made."""
