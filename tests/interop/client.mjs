// An @xmpp/client driven by lines of JSON: node client.mjs SERVICE DOMAIN USERNAME, the password in XMPP_PASSWORD.
// With XMPP_AGENT, a UUID, the client says who it is, and gets a token; with XMPP_TOKEN it has one (see "token" below).
// Standard input:  {"to": JID, "body": text, "type": "chat"} sends a message, {"join": occupant's JID} enters a room, {"ping": JID} sends an
//                  XEP-0199 ping, {"cut": true} breaks the connection off and comes back; its end logs out.
// Standard output: {"online": JID, "sent": names of what was sent for that since TLS, "by": SASL mechanism}, {"resumed": true, …},
//                  {"from": JID, "body": text}, {"joined": occupant's JID, "others": theirs, "codes": of the status}, {"pong": JID}, {"cut": true}, {"token": object}, {"error": text}, {"offline": true}
import { webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { client, xml } from "@xmpp/client";
import WebSocket from "ws";

// Debian 12 has Node.js 18, where this is not yet global.
globalThis.crypto ??= webcrypto;
globalThis.WebSocket ??= WebSocket;

const [service, domain, username] = process.argv.slice(2);
const agent = process.env.XMPP_AGENT;
const report = (event) => process.stdout.write(JSON.stringify(event) + "\n");

const xmpp = client({
  service,
  domain,
  username,
  password: process.env.XMPP_PASSWORD,
  userAgent: xml("user-agent", agent ? { id: agent } : {}),
});
// What it allows the server by itself is too little on a busy machine.
xmpp.timeout = 20_000;
xmpp.reconnect.stop();
xmpp.reconnect.delay = 0;

let sent = [];
let by;
xmpp.on("connect", () => (sent = []));
xmpp.on("send", (element) => {
  sent.push(element.name);
  if (element.is("starttls")) sent = [];
  if (element.is("authenticate")) by = element.attrs.mechanism;
});
if (process.env.XMPP_TOKEN) {
  const token = JSON.parse(process.env.XMPP_TOKEN);
  xmpp.fast.fetchToken = async () => token;
}
if (agent) {
  const save = xmpp.fast.saveToken;
  xmpp.fast.saveToken = async (token) => {
    report({ token });
    await save(token);
  };
}
xmpp.streamManagement.on("resumed", () => report({ resumed: true, sent, by }));
xmpp.on("error", (error) => report({ error: String(error) }));
xmpp.on("offline", () => report({ offline: true }));
xmpp.on("online", async (jid) => {
  const online = { online: String(jid), sent: [...sent], by };
  await xmpp.send(xml("presence"));
  report(online);
});
let others = [];
xmpp.on("stanza", (stanza) => {
  const user = stanza.is("presence") && stanza.getChild("x", "http://jabber.org/protocol/muc#user");
  if (user && !stanza.attrs.type) {
    const codes = user.getChildren("status").map((status) => status.attrs.code);
    // One's own presence comes last (XEP-0045 §7.2.2).
    if (codes.includes("110")) report({ joined: stanza.attrs.from, others, codes: codes.filter((code) => code !== "100") });
    else others.push(stanza.attrs.from);
  }
  if (stanza.is("message") && stanza.getChild("body"))
    report({ from: stanza.attrs.from, body: stanza.getChildText("body") });
});

const commands = createInterface({ input: process.stdin });
commands.on("line", async (line) => {
  const command = JSON.parse(line);
  try {
    if (command.cut) {
      xmpp.reconnect.start();
      xmpp.once("disconnect", () => report({ cut: true }));
      (xmpp.socket.socket ?? xmpp.socket).destroy();
    } else if (command.ping) {
      await xmpp.iqCaller.get(xml("ping", "urn:xmpp:ping"), command.ping);
      report({ pong: command.ping });
    } else if (command.join) {
      others = [];
      await xmpp.send(xml("presence", { to: command.join }, xml("x", "http://jabber.org/protocol/muc")));
    } else {
      await xmpp.send(xml("message", { type: command.type ?? "chat", to: command.to }, xml("body", {}, command.body)));
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
