// modbus-serial as a PLC that is a Modbus client: writes its P block, reads G both ways, and tries what it may not.
// Usage: node modbus_client.js PORT; prints one JSON object.
const ModbusRTU = require("modbus-serial");

async function refusal(attempt) {
  try {
    await attempt();
    return null;
  } catch (error) {
    return error.modbusCode ?? String(error.message);
  }
}

async function main(port) {
  const client = new ModbusRTU();
  client.setTimeout(2000);
  await client.connectTCP("127.0.0.1", { port });
  client.setID(1);
  const block = new Array(25).fill(0);
  [block[1], block[2], block[5], block[6], block[8], block[24]] = [5, 1, 9, 3, 0x412d, 9];
  await client.writeRegisters(0, block);
  const seen = {
    inputs: (await client.readInputRegisters(0, 16)).data,
    mirror: (await client.readHoldingRegisters(32, 16)).data,
    lamps: (await client.readDiscreteInputs(0, 7)).data.slice(0, 7),
    coils: (await client.readCoils(0, 7)).data.slice(0, 7),
    own: (await client.readHoldingRegisters(0, 25)).data,
    refused: [
      await refusal(() => client.writeRegister(44, 1)),
      await refusal(() => client.writeRegisters(30, [1, 2, 3, 4])),
      await refusal(() => client.writeCoil(0, true)),
      await refusal(() => client.readInputRegisters(16, 1)),
    ],
  };
  // Several requests at once share segments; each must have its own answer.
  seen.many = (await Promise.all([0, 1, 2, 3, 4, 5].map((n) => client.readInputRegisters(n, 1)))).map((r) => r.data[0]);
  client.close(() => process.stdout.write(JSON.stringify(seen) + "\n"));
}

main(Number(process.argv[2])).catch((error) => {
  process.stderr.write(String(error.stack) + "\n");
  process.exit(1);
});
