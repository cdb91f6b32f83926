// An OPC UA client that is not ours: browses, reads, subscribes, and tries to write. Prints what it saw as JSON.
"use strict";
const { AttributeIds, DataType, TimestampsToReturn, NodeClass } = require("node-opcua");
const { clientOf } = require("./opcua_connection.js");

async function main() {
  const [url, mode, pki] = process.argv.slice(2);
  const client = await clientOf(mode, pki);
  const seen = { browsed: {} };
  try {
    await client.connect(url);
    const session = await client.createSession();
    const namespaces = (await session.read({ nodeId: "i=2255", attributeId: AttributeIds.Value })).value.value;
    const ns = namespaces.indexOf("urn:wheeltapper");
    const id = (path) => `ns=${ns};s=${path}`;
    const children = async (nodeId) => {
      const result = await session.browse({ nodeId, referenceTypeId: "HierarchicalReferences", includeSubtypes: true, browseDirection: 0, nodeClassMask: 0, resultMask: 63 });
      return result.references;
    };
    seen.objects = (await children("ObjectsFolder")).map((r) => r.browseName.name);
    seen.line = (await children(id("Wheeltapper"))).map((r) => r.browseName.name);
    seen.folders = (await children(id("Casting line 2/ring"))).map((r) => r.browseName.name).sort();
    const verdict = id("Casting line 2/ring/Result/Verdict");
    const read = async (nodeId) => {
      const value = await session.read({ nodeId, attributeId: AttributeIds.Value });
      return { status: value.statusCode.name, value: value.value ? value.value.value : null, type: value.value ? DataType[value.value.dataType] : null, at: value.sourceTimestamp };
    };
    for (let tries = 0; tries < 200 && (await read(verdict)).status !== "Good"; tries++) await new Promise((done) => setTimeout(done, 50));
    seen.verdict = await read(verdict);
    seen.score = await read(id("Casting line 2/ring/Result/Score"));
    seen.confidence = await read(id("Casting line 2/ring/Result/Confidence"));
    seen.words = (await read(`${verdict}/EnumStrings`)).value.map((text) => text.text);
    seen.range = (await read(id("Casting line 2/ring/Result/Score/EURange"))).value;
    seen.unit = (await read(id("Casting line 2/ring/Result/LatencyMs/EngineeringUnits"))).value;
    seen.write = (await session.write({ nodeId: verdict, attributeId: AttributeIds.Value, value: { value: { dataType: DataType.UInt32, value: 1 } } }).catch((fault) => ({ name: fault.response ? fault.response.responseHeader.serviceResult.name : fault.message }))).name;
    const subscription = await session.createSubscription2({ requestedPublishingInterval: 100, requestedLifetimeCount: 100, requestedMaxKeepAliveCount: 10, publishingEnabled: true, maxNotificationsPerPublish: 100, priority: 0 });
    const item = await subscription.monitor({ nodeId: id("Casting line 2/ring/Counters/Parts"), attributeId: AttributeIds.Value }, { samplingInterval: 50, queueSize: 10, discardOldest: true }, TimestampsToReturn.Both);
    seen.changed = await new Promise((done, failed) => {
      setTimeout(() => failed(new Error("no change was told in 10 s")), 10000).unref();
      item.on("changed", (value) => value.statusCode.name === "Good" && done(value.value.value));
    });
    await subscription.terminate();
    await session.close();
    await client.disconnect();
  } catch (fault) {
    seen.fault = fault.message;
    await client.disconnect().catch(() => undefined);
  }
  console.log(JSON.stringify(seen));
  process.exit(0);
}
main();
