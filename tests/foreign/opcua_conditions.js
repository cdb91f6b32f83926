// An alarm viewer that is not ours: shows conditions, refreshes, acknowledges and shelves. Prints what it saw as JSON.
// Speaks to the test line by line: it says "ready WHAT" and waits for a line before it goes on.
"use strict";
const { DataType, UserTokenType, Variant, installAlarmMonitoring, acknowledgeCondition } = require("node-opcua");
const { clientOf } = require("./opcua_connection.js");
const lines = require("readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const [url, mode, pki, name, password] = process.argv.slice(2);
const seen = {};

async function ready(what) {
  console.log(`ready ${what}`);
  await lines.next();
}

async function until(what, holds) {
  for (let tries = 0; tries < 400; tries++) {
    const found = holds();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`waited in vain: ${what}`);
}

function said(alarm) {
  const value = (field) => (alarm.fields[field] ? alarm.fields[field].value : undefined);
  return {
    condition: value("conditionName"), source: value("sourceName"), severity: value("severity"), retain: value("retain"),
    message: value("message").text, comment: value("comment").text, by: value("clientUserId"), type: alarm.eventType.toString(),
    active: alarm.fields.activeState.id.value, acked: alarm.fields.ackedState.id.value, enabled: alarm.fields.enabledState.id.value,
    shelf: alarm.fields.shelvingState.currentState.value.text, suppressed: value("suppressedOrShelved"),
  };
}

async function main() {
  const client = await clientOf(mode, pki);
  try {
    await client.connect(url);
    const session = await client.createSession(name ? { type: UserTokenType.UserName, userName: name, password } : undefined);
    const alarms = await installAlarmMonitoring(session); // filter: of type AcknowledgeableConditionType; then ConditionRefresh
    const refreshed = await until("the incident of the refresh", () => alarms.alarms()[0]);
    seen.refreshed = said(refreshed);
    const call = async (methodId, ...inputArguments) => (await session.call({ objectId: refreshed.conditionId, methodId, inputArguments })).statusCode.name;
    seen.unknown = (await acknowledgeCondition(session, refreshed.conditionId, Buffer.from("nobody's"), "?")).name;
    seen.acknowledge = (await acknowledgeCondition(session, refreshed.conditionId, refreshed.eventId, "heard it too")).name;
    if (seen.acknowledge === "Good") {
      seen.acked = await until("acknowledged", () => refreshed.fields.ackedState.id.value && said(refreshed));
      seen.again = (await acknowledgeCondition(session, refreshed.conditionId, refreshed.eventId, "and again")).name;
    }
    seen.shelve = await call("i=2949", new Variant({ dataType: DataType.Double, value: 3600000 }));
    if (seen.shelve === "Good") {
      seen.shelved = await until("shelved", () => refreshed.fields.suppressedOrShelved.value && said(refreshed));
      seen.unshelve = await call("i=2947");
      seen.unshelved = await until("off the shelf", () => !refreshed.fields.suppressedOrShelved.value && said(refreshed));
    }
    await ready("to hear it cleared");
    seen.cleared = await until("cleared", () => !refreshed.fields.activeState.id.value && said(refreshed));
    await ready("to hear of another");
    seen.raised = said(await until("another", () => alarms.alarms()[1]));
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
