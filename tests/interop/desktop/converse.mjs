// The server's web chat in Chromium, without a window: node converse.mjs PAGE NAME logs in there; the password is in XMPP_PASSWORD,
// Chromium in CHROMIUM. Standard input has commands, [name, argument ...] a line, those below; standard output has
// DRIVER {"result": ...} or DRIVER {"error": text} for each.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [page, name] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "converse-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  // The server's certificate is of a CA of its own.
  ignoreHTTPSErrors: true,
  locale: "en",
  viewport: { width: 1000, height: 600 },
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
browser.setDefaultTimeout(90_000);
const tab = browser.pages()[0] ?? (await browser.newPage());
const refused = [];
tab.on("pageerror", (error) => console.error(`page: ${error}`));
tab.on("console", (message) => {
  if (message.type() !== "error") return;
  console.error(`console: ${message.text()}`);
  if (message.text().includes("Content Security Policy")) refused.push(message.text());
});
// The page is used as it is; a plugin keeps Converse.js's interface for the commands.
await tab.addInitScript(() => {
  addEventListener("converse-loaded", ({ detail: { converse } }) => {
    const initialize = converse.initialize;
    converse.initialize = (settings) => {
      converse.plugins.add("driver", {
        initialize() {
          window.api = this._converse.api;
        },
      });
      return initialize.call(converse, { ...settings, play_sounds: false, whitelisted_plugins: ["driver"] });
    };
  });
});
await tab.goto(page);
await tab.locator('#converse-login input[name="jid"]').fill(name);
await tab.locator('#converse-login input[name="password"]').fill(process.env.XMPP_PASSWORD);
await tab.locator('#converse-login button[type="submit"]').click();

const commands = {
  isOnline: () => tab.evaluate(() => Boolean(window.api?.connection.connected() && window.api.user.jid())),
  join: (room, nick, password) =>
    tab.evaluate(async ([room, nick, password]) => {
      await window.api.rooms.open(room, { nick, password, maximize: true, bring_to_foreground: true }, true);
    }, [room, nick, password]),
  // Brings a room that it is in to the front.
  show: (room) => tab.evaluate(async (room) => void (await window.api.rooms.get(room)).maybeShow(true), room),
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
  leave: (room) => tab.evaluate(async (room) => void (await (await window.api.rooms.get(room)).close()), room),
  // The hash of the room's picture, once it has that.
  roomAvatar: (room) =>
    tab.evaluate(async (room) => {
      const card = (await window.api.rooms.get(room)).vcard;
      return (card?.get("image") && card.get("image_hash")) ?? null;
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
  // The full JID, which stays as long as the session.
  jid: () => tab.evaluate(() => window.api.connection.get().jid),
  // "websocket" or "bosh".
  transport: () => tab.evaluate(() => ["websocket", "bosh"].find((type) => window.api.connection.get().isType(type)) ?? null),
  tell: (jid, text) =>
    tab.evaluate(async ([jid, text]) => {
      const chat = await window.api.chats.open(jid, {}, true);
      await chat.sendMessage({ body: text });
    }, [jid, text]),
  // What somebody has said, in order.
  told: (jid) =>
    tab.evaluate(async (jid) => {
      const chat = await window.api.chats.get(jid, {}, false);
      const said = chat?.messages.filter((one) => one.get("sender") === "them" && one.get("message")) ?? [];
      return said.map((one) => one.get("message"));
    }, jid),
  // Draws a picture, uploads it, and sends its address.
  sendPicture: (jid) =>
    tab.evaluate(async (jid) => {
      const canvas = new OffscreenCanvas(80, 60);
      const pen = canvas.getContext("2d");
      pen.fillStyle = "orange";
      pen.fillRect(0, 0, 80, 60);
      const picture = new File([await canvas.convertToBlob()], "picture.png", { type: "image/png" });
      const chat = await window.api.chats.open(jid, {}, true);
      await chat.sendFiles([picture]);
    }, jid),
  // Whether a picture that was uploaded can be seen.
  isPictureShown: () =>
    tab.evaluate(() => [...document.querySelectorAll('img[src*="/upload/"]')].some((picture) => picture.naturalWidth === 80)),
  // The connection breaks, without a word.
  cut: () => tab.evaluate(() => window.api.connection.get()._proto.socket.close()),
  // What the page's policy has forbidden.
  refused: async () => refused,
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
