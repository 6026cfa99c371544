// ts-odata-client: prints what it answers, by question.
import client from "ts-odata-client";

const { ODataQuery } = client;
const query = (set) => ODataQuery.forV4(process.argv[2] + set);
const numbers = [];
for await (const row of query("Invoices").select("InvoiceNumber")) numbers.push(row.InvoiceNumber);

const open = query("Invoices").filter((i, { and, not }) =>
  and(i.Status.$equals("Open"), i.GrossAmount.$greaterThan(1000), not(i.Customer.CustomerName.$contains("GmbH"))),
);

console.log(
  JSON.stringify({
    everyPage: numbers,
    filtered: await open.orderByDescending((i) => i.DueDate).select("InvoiceNumber", "Status").skip(1).top(3).getManyWithCountAsync(),
    lambda: await query("Customers")
      .filter((c) => c.Invoices.$any((i) => i.DaysOverdue.$greaterThan(60)))
      .select("CustomerNumber")
      .getManyAsync(),
    listed: await query("Warehouses").filter((w) => w.Country.$in(["DE", "FR"])).getManyAsync(),
    expanded: await query("Invoices").top(2).expand("Customer").getManyAsync(),
    one: await query("Invoices").getAsync("INV-100001"),
    failed: await query("Invoices").filter((i) => i.Citty.$equals("Hamburg")).getManyAsync().catch((e) => JSON.parse(e.message)),
  }),
);
