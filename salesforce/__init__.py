"""The other side of the wire: what Salesforce makes of the service. Imports ``edm`` alone."""
