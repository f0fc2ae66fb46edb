// XMPP over WebSocket (RFC 7395) for clients that speak nothing else: to the server it is Direct TLS.
import { connect } from "node:tls";
import { Parser } from "@xmpp/xml";
import { WebSocketServer } from "ws";

const FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";
const STREAM = "http://etherx.jabber.org/streams";

// Serves it on an HTTP server; `domain` is whom the streams are opened to.
export function serveWebSocket(web, { host, port, domain }) {
  new WebSocketServer({ server: web, handleProtocols: () => "xmpp" }).on("connection", (client) => {
    const server = connect({ host, port, servername: domain, ALPNProtocols: ["xmpp-client"] });
    let parser;
    server.setEncoding("utf8");
    server.on("data", (text) => parser.write(text));
    server.on("close", () => client.close());
    server.on("error", (error) => console.error(`websocket: ${error}`));
    client.on("close", () => server.destroy());
    client.on("message", (data) => {
      const frame = data.toString();
      if (frame.startsWith("<open")) {
        // Also after authentication: a new stream, and a new document.
        parser = reader(client);
        server.write(`<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='${STREAM}'>`);
      } else if (frame.startsWith("<close")) {
        server.write("</stream:stream>");
      } else {
        server.write(frame);
      }
    });
  });
}

// Makes a frame of each element that comes.
function reader(client) {
  const parser = new Parser();
  parser.on("start", ({ attrs }) => client.send(`<open xmlns='${FRAMING}' version='1.0' from='${attrs.from}' id='${attrs.id}'/>`));
  parser.on("element", (element) => {
    // What the stream's header declares holds for its elements only.
    element.attrs.xmlns ??= "jabber:client";
    if (element.name.startsWith("stream:")) element.attrs["xmlns:stream"] = STREAM;
    client.send(element.toString());
  });
  parser.on("end", () => client.send(`<close xmlns='${FRAMING}'/>`));
  return parser;
}
