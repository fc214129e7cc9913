// The audits of GraphQL over HTTP that its working group keeps (npm graphql-http), against the server at a URL.
// Every MUST, SHOULD and MAY must pass, but for these: queries by GET are a MAY, and we serve none. A GET can be sent
// by any page, is cached and logged with its URL, and needs no preflight (docs/decisions/0003-our-own-endpoints.md).
import { serverAudits } from "graphql-http";

const REFUSED = new Map([
  ["5A70", "GET requests"],
  ["D6D5", "variables in GETs, new media type"],
  ["6A70", "variables in GETs, old media type"],
]);

const [url] = process.argv.slice(2);
const counts = {};
let failed = false;

for (const audit of serverAudits({ url })) {
  const { id, name, status, reason, response } = await audit.fn();
  const level = name.match(/^[A-Z]+/)[0];
  counts[level] ??= { passed: 0, all: 0 };
  counts[level].all += 1;
  counts[level].passed += status === "ok";
  if ((status === "ok") === REFUSED.has(id)) {
    failed = true;
    const surprise = status === "ok" ? "passes, though we thought that we refuse it" : reason;
    console.log(`${id} ${name}: ${surprise}`, response ? `${response.status} ${await response.text()}` : "");
  } else if (status !== "ok") {
    console.log(`${id} ${name}: refused, as decided (${response.status})`);
  }
}

for (const [level, { passed, all }] of Object.entries(counts)) console.log(`${level}: ${passed} of ${all} pass`);
process.exit(failed ? 1 : 0);
