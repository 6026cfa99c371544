"""The other side of the wire: what Salesforce makes of a service. Knows it as a client does, and nothing of ours."""
