using System.Net;

namespace Xmpp.Modules;

/// <summary>What people load at /chat/ beside the files of Converse.js.</summary>
internal static class WebChatPage
{
    public const string ScriptName = "chat.js";

    /// <summary>Sets Converse.js up. All it needs is in the page, and in the page's address.</summary>
    public const string Script = """
        import converse from "./converse.min.js";

        const { host, rooms, registration } = document.documentElement.dataset;
        const here = new URL(".", location.href);
        const bosh = new URL("../http-bind", here);
        const socket = new URL("../xmpp-websocket", here);
        socket.protocol = here.protocol === "https:" ? "wss:" : "ws:";

        converse.initialize({
          assets_path: here.pathname,
          // BOSH serves when WebSockets fail; with "?bosh" behind the address, from the beginning.
          websocket_url: new URLSearchParams(location.search).has("bosh") ? undefined : socket.href,
          bosh_service_url: bosh.href,
          discover_connection_methods: false,
          locked_domain: host,
          muc_domain: rooms,
          allow_registration: registration === "open",
          registration_domain: host,
          enable_smacks: true,
          // They would want scripts from elsewhere.
          embed_3rd_party_media_players: false,
          view_mode: "fullscreen",
        });

        """;

    /// <param name="rooms">The domain of the host's rooms, or null.</param>
    /// <param name="isOpen">Whether everybody may make an account.</param>
    public static string Of(string host, string? rooms, bool isOpen)
    {
        var name = WebUtility.HtmlEncode(host);
        var data = rooms is null ? "" : $" data-rooms=\"{WebUtility.HtmlEncode(rooms)}\"";
        var registration = isOpen ? "open" : "closed";
        return $"""
            <!doctype html>
            <html lang="en" data-host="{name}"{data} data-registration="{registration}">
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <title>{name}</title>
              <link rel="icon" href="images/favicon.ico">
              <link rel="stylesheet" href="converse.min.css">
            </head>
            <body>
              <noscript>This chat is a program in JavaScript, which your browser doesn't run.</noscript>
              <script type="module" src="{ScriptName}"></script>
            </body>
            </html>

            """;
    }
}
