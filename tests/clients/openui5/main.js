// A list of invoices, the page of one, and totals, bound to the service by sap.ui.model.odata.v4.ODataModel.
sap.ui.define(
  [
    "sap/m/Column", "sap/m/ColumnListItem", "sap/m/List", "sap/m/StandardListItem", "sap/m/Table", "sap/m/Text",
    "sap/m/VBox", "sap/ui/model/Filter", "sap/ui/model/Sorter", "sap/ui/model/odata/v4/ODataModel",
  ],
  (Column, ColumnListItem, List, StandardListItem, Table, Text, VBox, Filter, Sorter, ODataModel) => {
    // The value as the model has it, without the formatting of its type.
    const cell = (path) => new Text({ text: { path, targetType: "any" } });
    const shown = [];

    function show(groupId, control) {
      const model = new ODataModel({ serviceUrl: "/odata/v4/", groupId, autoExpandSelect: true, operationMode: "Server" });
      shown.push(control, model);
      control.setModel(model);
      control.placeAt("content");
      return control;
    }

    function table(id, paths, binding) {
      const template = new ColumnListItem({ cells: paths.map(cell) });
      return new Table(id, {
        columns: paths.map((path) => new Column({ header: new Text({ text: path }) })),
        items: { ...binding, template },
      });
    }

    window.demo = {
      clear: () => shown.splice(0).forEach((old) => old.destroy()),
      Filter,
      Sorter,

      list(groupId, parameters = {}) {
        const paths = ["InvoiceNumber", "DueDate", "GrossAmount", "Customer/CustomerName"];
        const invoices = table("invoices", paths, {
          path: "/Invoices",
          parameters: { $count: true, ...parameters },
          sorter: new Sorter("DueDate", true),
          filters: [new Filter("Status", "EQ", "Open"), new Filter("GrossAmount", "GT", 1000)],
        });
        invoices.setGrowing(true);
        invoices.setGrowingThreshold(5);
        return show(groupId, invoices);
      },

      one(groupId, key) {
        const lines = new List("lines", {
          items: {
            path: "Lines",
            sorter: new Sorter("LineNumber"),
            template: new StandardListItem({ title: "{InvoiceLineKey}", description: "{Item/ItemNumber}" }),
          },
        });
        const box = new VBox("invoice", { items: [cell("InvoiceNumber"), cell("Customer/CustomerName"), lines] });
        box.bindElement(`/Invoices('${key}')`);
        return show(groupId, box);
      },

      totals(groupId, aggregation) {
        const paths = [...Object.keys(aggregation.group), ...Object.keys(aggregation.aggregate)];
        const binding = { path: "/Invoices", parameters: { $count: true, $$aggregation: aggregation } };
        return show(groupId, table("totals", paths, { ...binding, filters: [new Filter("Status", "EQ", "Open")] }));
      },
    };
  },
);
