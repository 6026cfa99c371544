// The client that odata2ts generated from our metadata: prints what it answers, by question.
import { FetchClient } from "@odata2ts/http-client-fetch";

import { ErpODataService } from "./build/ErpODataService";

declare const process: { argv: string[] };

// A root that ends in a slash: the client adds another one.
const service = new ErpODataService(new FetchClient(), process.argv[2]);

async function main() {
  const filtered = await service.Invoices().query((builder, invoice) =>
    builder
      .select("InvoiceNumber", "GrossAmount", "DueDate")
      .filter(invoice.Status.eq("Open"), invoice.GrossAmount.gt(1000).or(invoice.DueDate.lt("2025-01-01")))
      .orderBy(invoice.DueDate.desc())
      .count()
      .skip(1)
      .top(4),
  );
  const expanded = await service.Customers().query((builder, customer) =>
    builder
      .select("CustomerNumber")
      .filter(customer.CustomerName.toLower().contains("acme"))
      .expanding("Invoices", (invoices, invoice) =>
        invoices.select("InvoiceNumber", "OpenAmount").filter(invoice.OpenAmount.gt(0)).orderBy(invoice.OpenAmount.desc()).top(2),
      ),
  );
  const lambda = await service
    .Customers()
    .query((builder, customer) =>
      builder.select("CustomerNumber").filter(customer.Invoices.any((invoice) => invoice.DaysOverdue.gt(60))),
    );
  const searched = await service.Customers().query((builder) => builder.select("CustomerNumber").search("acme", "industrial"));
  const one = await service.Invoices("INV-100001").query((builder) => builder.expand("Customer"));
  const related = await service.Invoices("INV-100001").Customer().query();
  const lines = await service.Invoices("INV-100001").Lines().query((builder) => builder.select("InvoiceLineKey"));
  const grouped = await service.Warehouses().query((builder) => builder.groupBy("Country"));
  const failed = await service
    .Invoices("INV-0")
    .query()
    .then(() => null, (error) => [error.status, error.message]);
  const answers = { filtered, expanded, lambda, searched, one, related, lines, grouped };
  const bodies = Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, answer.data]));
  console.log(JSON.stringify({ ...bodies, failed }));
}

void main();
