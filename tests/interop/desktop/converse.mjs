// Converse.js in Chromium, without a window: node converse.mjs HOST PORT DOMAIN JID, where PORT is the one for Direct TLS; the password is in
// XMPP_PASSWORD, Chromium in CHROMIUM, and in NODE_EXTRA_CA_CERTS what the server's certificate is verified with.
// Standard input has commands, [name, argument ...] a line, those below; standard output has
// DRIVER {"result": ...} or DRIVER {"error": text} for each.
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serveWebSocket } from "./websocket.mjs";

const [host, port, domain, jid] = process.argv.slice(2);
const dist = join(dirname(fileURLToPath(import.meta.url)), "node_modules/converse.js/dist");
const types = {
  ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".wasm": "application/wasm", ".svg": "image/svg+xml",
};

// The page: Converse.js, and a plugin that keeps its interface for the commands.
const page = (origin) => `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/converse.min.css"><body><script type="module">
  import * as loaded from "/converse.min.js";
  const converse = window.converse ?? loaded.default;
  converse.plugins.add("driver", { initialize() { window.api = this._converse.api; } });
  converse.initialize(${JSON.stringify({
    jid, password: process.env.XMPP_PASSWORD, auto_login: true, authentication: "login", auto_reconnect: false, i18n: "en",
    websocket_url: origin.replace("http", "ws"), discover_connection_methods: false, assets_path: "/", whitelisted_plugins: ["driver"],
    view_mode: "fullscreen", theme: "classic", play_sounds: false, enable_smacks: true, muc_domain: `conference.${domain}`,
  })});
</script></body>`;

const web = createServer((request, response) => {
  const path = new URL(request.url, "http://localhost").pathname;
  response.setHeader("content-type", types[extname(path)] ?? "application/octet-stream");
  if (path === "/") {
    response.setHeader("content-type", "text/html");
    response.end(page(`http://${request.headers.host}`));
  } else {
    createReadStream(join(dist, path))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  }
});
serveWebSocket(web, { host, port, domain });
await new Promise((done) => web.listen(0, "127.0.0.1", done));

const profile = mkdtempSync(join(tmpdir(), "converse-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  viewport: { width: 1000, height: 600 },
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const tab = browser.pages()[0] ?? (await browser.newPage());
tab.on("pageerror", (error) => console.error(`page: ${error}`));
tab.on("console", (message) => message.type() === "error" && console.error(`console: ${message.text()}`));
await tab.goto(`http://127.0.0.1:${web.address().port}/`);

const commands = {
  isOnline: () => tab.evaluate(() => Boolean(window.api?.connection.connected() && window.api.user.jid())),
  join: (room, nick, password) =>
    tab.evaluate(async ([room, nick, password]) => {
      await window.api.rooms.open(room, { nick, password, maximize: true, bring_to_foreground: true }, true);
    }, [room, nick, password]),
  // nick → affiliation and role; null when it isn't in the room.
  occupants: (room) =>
    tab.evaluate(async (room) => {
      const model = await window.api.rooms.get(room, {}, false);
      if (model?.session.get("connection_status") !== 5) return null;
      const isThere = (occupant) => !["unavailable", "offline"].includes(occupant.get("presence") ?? occupant.get("show"));
      const present = model.occupants.filter(isThere);
      return Object.fromEntries(present.map((one) => [one.get("nick"), [one.get("affiliation"), one.get("role")]]));
    }, room),
  say: (room, text) =>
    tab.evaluate(async ([room, text]) => void (await window.api.rooms.get(room)).sendMessage({ body: text }), [room, text]),
  // Nick and text of each message that it shows.
  heard: (room) =>
    tab.evaluate(async (room) => {
      const model = await window.api.rooms.get(room);
      const isShown = (one) => one.get("message") && !one.get("moderated") && !one.get("retracted");
      const said = model.messages.filter((one) => one.get("type") === "groupchat" && one.get("nick") && isShown(one));
      return said.map((one) => [one.get("nick"), one.get("message")]);
    }, room),
  changeNick: (room, nick) =>
    tab.evaluate(async ([room, nick]) => void (await window.api.rooms.get(room)).setNickname(nick), [room, nick]),
  // Takes a message away (XEP-0425).
  moderate: (room, text) =>
    tab.evaluate(async ([room, text]) => {
      const model = await window.api.rooms.get(room);
      const message = model.messages.find((one) => one.get("message") === text);
      const answer = await model.retractOtherMessage(message, "Moderated");
      return answer?.getAttribute("type") ?? null;
    }, [room, text]),
  // Without what asks for an answer, such as an invitation.
  screenshot: async (file) => {
    await tab.keyboard.press("Escape");
    await tab.locator(".modal.show").waitFor({ state: "detached", timeout: 5000 }).catch(() => {});
    await tab.screenshot({ path: file });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line);
  const answer = await commands[name](...args).then(
    (result) => ({ result: result ?? null }),
    (error) => ({ error: String(error) }),
  );
  process.stdout.write("DRIVER " + JSON.stringify(answer) + "\n");
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
process.exit(0);
