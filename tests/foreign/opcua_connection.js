// How a client that is not ours comes to the gateway's own server: whatever certificate it shows is taken.
"use strict";
const { OPCUAClient, OPCUACertificateManager, MessageSecurityMode, SecurityPolicy } = require("node-opcua");

exports.clientOf = async (mode, pki) => {
  const secure = mode !== "None";
  const clientCertificateManager = new OPCUACertificateManager({ rootFolder: pki, automaticallyAcceptUnknownCertificate: true });
  await clientCertificateManager.initialize();
  return OPCUAClient.create({
    applicationName: "foreign",
    clientCertificateManager,
    securityMode: secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
    securityPolicy: secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0 },
    requestedSessionTimeout: 20000,
  });
};
