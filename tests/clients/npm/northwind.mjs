// Another OData 4 service: SAP's mock server for UI5, over the files of a directory. Prints its port.
import http from "node:http";
import path from "node:path";
import mockserver from "@sap-ux/fe-mockserver-core";

const FEMockserver = mockserver.default;
const data = path.resolve(process.argv[2]);
const server = new FEMockserver({
  services: [
    { urlPath: "/V4/Northwind", metadataPath: path.join(data, "metadata.xml"), mockdataPath: data, noETag: true },
  ],
});
await server.isReady;
const listener = http.createServer((request, response) =>
  server.getRouter()(request, response, () => { response.statusCode = 404; response.end(); }));
listener.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: listener.address().port })));
