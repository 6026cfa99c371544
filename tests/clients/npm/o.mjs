// o.js with queries of odata-query: prints what it answers, by question.
import o from "o.js";
import buildQuery from "odata-query";

const service = o.o(process.argv[2]);
const filter = { Status: "Open", GrossAmount: { gt: 1000 }, Customer: { Country: { in: ["DE", "FR"] } } };

async function batch(useRelativeURLs) {
  const headers = new Headers({ "Content-Type": "multipart/mixed" });
  const prefixes = { boundaryPrefix: "batch_", changsetBoundaryPrefix: "changset_" };
  const handler = o.o(process.argv[2], { batch: { useRelativeURLs, endpoint: "$batch", headers, ...prefixes } });
  return handler.get("Warehouses").get("Items").batch({ $top: 2 });
}

console.log(
  JSON.stringify({
    plain: await service.get("Warehouses").query({ $orderby: "City desc", $select: "WarehouseCode" }),
    built: await service
      .get(
        "Invoices" +
          buildQuery({ filter, orderBy: ["DueDate desc"], select: ["InvoiceNumber"], expand: { Customer: { select: ["Country"] } }, top: 3 }),
      )
      .query(),
    lambda: await service
      .get(
        "Customers" +
          buildQuery({
            filter: { Invoices: { any: { DaysOverdue: { gt: 60 } } } },
            select: ["CustomerNumber"],
            count: true,
            top: 500,
          }),
      )
      .query(),
    dated: await service
      .get("Invoices" + buildQuery({ filter: { ChangedAt: { lt: new Date("2026-06-01T12:00:00.000Z") } }, select: ["InvoiceNumber"] }))
      .query(),
    one: await service.get("Invoices" + buildQuery({ key: "INV-100001", select: ["Status"] })).query(),
    counted: await service.get("Invoices/$count").query({ $filter: "Status eq 'Open'" }),
    relative: await batch(true),
    absolute: await batch(false),
    failed: (await service.get("Invoices").fetch({ $filter: "Citty eq 'Hamburg'" })).status,
  }),
);
