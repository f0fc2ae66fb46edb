// An @xmpp/client driven by lines of JSON: node client.mjs SERVICE DOMAIN USERNAME, the password in XMPP_PASSWORD.
// Standard input:  {"to": JID, "body": text} sends a chat message, {"ping": JID} an XEP-0199 ping; its end logs out.
// Standard output: {"online": JID}, {"from": JID, "body": text}, {"pong": JID}, {"error": text}, {"offline": true}
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { client, xml } from "@xmpp/client";

// Debian 12 has Node.js 18, where this is not yet global.
globalThis.crypto ??= webcrypto;

const [service, domain, username] = process.argv.slice(2);
const report = (event) => process.stdout.write(JSON.stringify(event) + "\n");

const xmpp = client({
  service,
  domain,
  username,
  password: process.env.XMPP_PASSWORD,
  userAgent: xml("user-agent"),
});
xmpp.reconnect.stop();
xmpp.on("error", (error) => report({ error: String(error) }));
xmpp.on("offline", () => report({ offline: true }));
xmpp.on("online", async (jid) => {
  await xmpp.send(xml("presence"));
  report({ online: String(jid) });
});
xmpp.on("stanza", (stanza) => {
  if (stanza.is("message") && stanza.getChild("body"))
    report({ from: stanza.attrs.from, body: stanza.getChildText("body") });
});

const commands = createInterface({ input: process.stdin });
commands.on("line", async (line) => {
  const command = JSON.parse(line);
  try {
    if (command.ping) {
      await xmpp.iqCaller.get(xml("ping", "urn:xmpp:ping"), command.ping);
      report({ pong: command.ping });
    } else {
      await xmpp.send(xml("message", { type: "chat", to: command.to }, xml("body", {}, command.body)));
    }
  } catch (error) {
    report({ error: String(error) });
  }
});
commands.on("close", () => xmpp.stop());

xmpp.start().catch((error) => {
  report({ error: String(error) });
  process.exit(1);
});
