// @odata/client: prints what it answers, by question.
import odata from "@odata/client";

const { OData } = odata;
const client = OData.New4({ serviceEndpoint: process.argv[2], processCsrfToken: true });
const invoices = client.getEntitySet("Invoices");

const open = client.newFilter().field("Status").eq("Open").field("GrossAmount").gt(1000);
const failed = await invoices.find({ Citty: "Hamburg" }).then(() => null, (error) => error.message);

const parts = [
  { collection: "Invoices", params: client.newOptions().filter(open).select(["InvoiceNumber"]).top(2) },
  { collection: "Customers", id: "C-100001" },
  { collection: "Invoices", params: client.newOptions().filter("Citty eq 'Hamburg'") },
];
const batch = () => parts.map((part) => client.newBatchRequest(part));
const read = async (answers) => Promise.all(answers.map(async (answer) => [answer.status, await answer.json()]));

console.log(
  JSON.stringify({
    csrfToken: (await client.getCsrfToken()).length,
    retrieved: await invoices.retrieve("INV-100001"),
    byNamedKey: (await invoices.retrieve({ InvoiceNumber: "INV-100002" })).InvoiceNumber,
    queried: await invoices.query(
      client.newOptions().filter(open).orderby("DueDate", "desc").select(["InvoiceNumber", "GrossAmount"]).skip(1).top(4),
    ),
    counted: await invoices.count(open),
    eitherOr: await client
      .getEntitySet("Warehouses")
      .query(client.newOptions().filter(client.newFilter().field("Country").in(["DE", "FR"]))),
    found: await client.getEntitySet("Customers").find({ CustomerName: "Müller %26 Söhne" }),
    searched: await client.getEntitySet("Customers").query(client.newOptions().search("acme", false)),
    expanded: await client
      .getEntitySet("Customers")
      .retrieve("C-100001", client.newOptions().expand("Invoices($select=InvoiceNumber;$top=2)")),
    aggregated: await invoices.query(
      client
        .newOptions()
        .apply([
          client.newTransformation().filter(client.newFilter().field("Status").eq("Open")),
          client.newTransformation().groupBy(["Currency"], client.newTransformation().aggregate("OpenAmount with sum as Open")),
        ]),
    ),
    multipart: await read(await client.execBatchRequests(batch())),
    json: await read(await client.execBatchRequestsJson(batch())),
    failed,
  }),
);
