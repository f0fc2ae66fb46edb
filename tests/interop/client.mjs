// An @xmpp/client driven by lines of JSON: node client.mjs SERVICE DOMAIN USERNAME, the password in XMPP_PASSWORD.
// With XMPP_AGENT, a UUID, the client says who it is, and gets a token; with XMPP_TOKEN it has one (see "token" below).
// Standard input:  {"to": JID, "body": text, "type": "chat"} sends a message, {"join": occupant's JID} enters a room, {"ping": JID} sends an
//                  XEP-0199 ping, {"cut": true} breaks the connection off and comes back; its end logs out.
//                  {"publish": node, "id": id, "text": content, "options": {name: value}} publishes an item (XEP-0060), {"items": node, "of": JID}
//                  reads them. With XMPP_WANTS, nodes with spaces between, it hears of those (XEP-0163).
// Standard output: {"online": JID, "sent": names of what was sent for that since TLS, "by": SASL mechanism}, {"resumed": true, …},
//                  {"from": JID, "body": text}, {"joined": occupant's JID, "others": theirs, "codes": of the status}, {"pong": JID}, {"published": id or condition of the error}, {"items": {id: content} or condition}, {"event": node, "items": {id: content}}, {"cut": true}, {"token": object}, {"error": text}, {"offline": true}
import { createHash, webcrypto } from "node:crypto";
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
xmpp.timeout = 90_000;
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
  await xmpp.send(xml("presence", {}, capabilities));
  report(online);
});

// XEP-0115 and XEP-0060.
const pubsub = "http://jabber.org/protocol/pubsub";
const disco = "http://jabber.org/protocol/disco#info";
const wants = (process.env.XMPP_WANTS ?? "").split(" ").filter(Boolean).map((node) => `${node}+notify`).sort();
const ver = createHash("sha1").update(`client/pc//test<${wants.map((feature) => feature + "<").join("")}`).digest("base64");
const capabilities = wants.length
  ? xml("c", { xmlns: "http://jabber.org/protocol/caps", hash: "sha-1", node: "urn:test", ver })
  : undefined;
xmpp.iqCallee.get(disco, "query", ({ element }) =>
  xml("query", { xmlns: disco, node: element.attrs.node }, xml("identity", { category: "client", type: "pc", name: "test" }),
    wants.map((feature) => xml("feature", { var: feature }))));
const contents = (items) => Object.fromEntries(items.getChildren("item").map((item) => [item.attrs.id, item.children[0]?.getText()]));
const options = (fields) => xml("publish-options", {}, xml("x", { xmlns: "jabber:x:data", type: "submit" },
  Object.entries({ FORM_TYPE: `${pubsub}#publish-options`, ...fields }).map(([name, value]) =>
    xml("field", { var: name === "FORM_TYPE" ? name : `pubsub#${name}` }, xml("value", {}, value)))));

async function publish({ publish: node, id, text, options: fields }) {
  const item = xml("item", { id }, xml("text", { xmlns: "urn:test" }, text));
  try {
    const answer = await xmpp.iqCaller.set(xml("pubsub", { xmlns: pubsub }, xml("publish", { node }, item), fields && options(fields)));
    report({ published: answer.getChild("publish").getChild("item").attrs.id });
  } catch (error) {
    report({ published: error.condition });
  }
}

async function read({ items: node, of }) {
  try {
    const answer = await xmpp.iqCaller.get(xml("pubsub", { xmlns: pubsub }, xml("items", { node })), of);
    report({ items: contents(answer.getChild("items")) });
  } catch (error) {
    report({ items: error.condition });
  }
}

let others = [];
xmpp.on("stanza", (stanza) => {
  const items = stanza.getChild("event", `${pubsub}#event`)?.getChild("items");
  if (items) report({ event: items.attrs.node, items: contents(items) });
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
    } else if (command.publish) {
      await publish(command);
    } else if (command.items) {
      await read(command);
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
