// Drives the simulated Maximo with the client of npm. Arguments: port, 0 (namespaces) or 1 (lean).
// The client writes its own lines to the console; ours is the last and begins with RESULT.
"use strict";
const Maximo = require("ibm-maximo-api");

const [port, lean] = [process.argv[2], Number(process.argv[3])];
const options = {
  protocol: "http", hostname: "127.0.0.1", port, user: "wilson", password: "wilson",
  auth_scheme: "/maximo", authtype: "maxauth", islean: lean,
};
const spi = lean ? "" : "spi:";
const member = lean ? "member" : "rdfs:member";
const seen = {};

async function main() {
  const order = { [spi + "description"]: "Made by the client of npm", [spi + "siteid"]: "BEDFORD" };
  order[spi + "assetnum"] = "PUMP-8";
  const login = await new Maximo(options).authenticate();
  const cookie = String(login["set-cookie"]).split(";")[0];
  const made = await new Maximo(options, cookie).resourceobject("MXWODETAIL")
    .create(order, [spi + "wonum", spi + "description", spi + "status"]);
  seen.made = made.JSON();

  const set = await new Maximo(options).resourceobject("MXWODETAIL")
    .select(["wonum", "description", "status"]).where("status").in(["WAPPR", "APPR"])
    .and("siteid").equal("BEDFORD").orderby("wonum", "desc").pagesize(20).fetch();
  seen.found = set.JSON()[member];

  const address = seen.found[0][lean ? "href" : "rdf:about"] + "?lean=" + lean;
  const changed = await new Maximo(options, cookie).resourceobject("MXWODETAIL").resource(address)
    .update({ [spi + "description"]: "Changed by the client of npm" }, [spi + "wonum", spi + "description"]);
  seen.changed = changed.JSON();

  const schema = await new Maximo(options).resourceobject("MXWODETAIL").schema();
  seen.schema = Object.keys(schema.JSON ? schema.JSON() : schema);
  console.log("RESULT " + JSON.stringify(seen));
}

main().catch((error) => { console.error(error); process.exit(1); });
