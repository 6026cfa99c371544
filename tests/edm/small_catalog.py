"""A catalog of three sets that uses every feature of the format, for the tests of declare and CSDL."""

CUSTOMERS = """
entity_set = "Customers"
entity_type = "Customer"
label = "Customer"
label_plural = "Customers"
description = "Who buys from us."
system_of_record = "ERP accounts receivable"
key = "CustomerNumber"
order = 10

[properties.CustomerNumber]
type = "String"
max_length = 10
label = "Customer Number"
description = "Identifies the customer."
searchable = true

[properties.PayerNumber]
type = "String"
max_length = 10
label = "Payer Number"
description = "The customer who pays the invoices."

[properties.Currency]
type = "String"
max_length = 3
nullable = false
label = "Currency"
description = "ISO 4217 code of the amounts."
pattern = "^[A-Z]{3}$"

[properties.CreditLimit]
type = "Decimal"
precision = 15
scale = 2
currency = "Currency"
writable = true
label = "Credit Limit"
description = "Highest open amount & order value < insolvency."

[properties.Blocked]
type = "Boolean"
nullable = false
label = "Blocked"
description = "No new orders are taken."

[properties.Remarks]
type = "String"
max_length = 4000
prose = true
label = "Remarks"
description = "Free text."

[navigation.Payer]
target = "Customers"
on = { PayerNumber = "CustomerNumber" }
partner = "PaysFor"
label = "Payer"
description = "The customer who pays."
partner_label = "Pays For"
partner_description = "The customers whose invoices this one pays."

[sql]
table = "OCUSMA"
[sql.columns]
CustomerNumber = "CUNO"
PayerNumber = "PYNO"
Currency = "CUCD"
CreditLimit = { column = "CRLM", decimals = 2 }
Blocked = { column = "BLCK", true = ["X"] }
Remarks = "TX40"
"""

INVOICES = """
entity_set = "Invoices"
entity_type = "Invoice"
label = "Invoice"
label_plural = "Invoices"
description = "What customers owe."
system_of_record = "ERP accounts receivable"
key = "InvoiceNumber"
order = 20

[properties.InvoiceNumber]
type = "String"
max_length = 12
label = "Invoice Number"
description = "Identifies the invoice."
searchable = true

[properties.CustomerNumber]
type = "String"
max_length = 10
nullable = false
label = "Customer Number"
description = "Who owes it."

[properties.Status]
type = "String"
max_length = 10
allowed = ["Open", "Paid"]
label = "Status"
description = "Whether anything is open."

[properties.DueDate]
type = "Date"
label = "Due Date"
description = "When it is due."

[properties.ChangedAt]
type = "DateTimeOffset"
label = "Changed At"
description = "When it was last changed."

[properties.ReadAt]
type = "DateTimeOffset"
precision = 3
label = "Read At"
description = "When it was read."

[properties.Lines]
type = "Int32"
label = "Lines"
description = "How many lines it has."

[navigation.Customer]
target = "Customers"
on = { CustomerNumber = "CustomerNumber" }
partner = "Invoices"
label = "Customer"
description = "The customer who owes it."
partner_label = "Invoices"
partner_description = "What the customer owes."
"""

STOCK = """
entity_set = "Stock"
entity_type = "StockLevel"
label = "Stock Level"
label_plural = "Stock"
description = "What is there."
system_of_record = "ERP inventory"
key = "StockKey"
order = 20

[properties.StockKey]
type = "String"
max_length = 40
label = "Stock Key"
description = "Item and warehouse."

[properties.Unit]
type = "String"
max_length = 3
label = "Unit"
description = "Unit of measure."

[properties.OnHand]
type = "Decimal"
precision = 18
scale = 3
unit = "Unit"
label = "On Hand"
description = "Quantity in the warehouse."

[properties.Movements]
type = "Int64"
label = "Movements"
description = "How many movements made it."

[properties.Aisle]
type = "Int16"
label = "Aisle"
description = "Where it stands."
"""

TEXTS = {"Customers.toml": CUSTOMERS, "Invoices.toml": INVOICES, "Stock.toml": STOCK}
