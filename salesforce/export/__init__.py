"""A project in Salesforce's source format: what Validate and Sync makes, and what an administrator adds to it."""
