using System.Net;
using Microsoft.AspNetCore.Http;

namespace Xmpp.Server.Web;

/// <summary>Where a request comes from, and whether it was protected on its way.</summary>
/// <param name="Address">The client's, or what the proxies say that it is.</param>
/// <param name="IsForwarded">Whether it came by way of a proxy that is trusted.</param>
internal readonly record struct WebClient(IPAddress Address, bool IsProtected, bool IsForwarded)
{
    public static WebClient Of(HttpContext context, HttpListenerOptions listener)
    {
        var peer = WithoutMapping(context.Connection.RemoteIpAddress ?? IPAddress.None);
        if (!IsTrusted(peer, listener))
            return new(peer, context.Request.IsHttps, IsForwarded: false);
        var headers = context.Request.Headers;
        return new(
            AddressOf(peer, headers["X-Forwarded-For"].ToString(), listener),
            LastOf(headers["X-Forwarded-Proto"].ToString()).Equals("https", StringComparison.OrdinalIgnoreCase),
            IsForwarded: true);
    }

    /// <summary>
    /// Each proxy appends whom it has the request from. What the first that is not trusted says may be a lie, and so is all before it.
    /// </summary>
    private static IPAddress AddressOf(IPAddress peer, string forwardedFor, HttpListenerOptions listener)
    {
        var address = peer;
        foreach (var entry in forwardedFor.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Reverse())
        {
            if (!IsTrusted(address, listener) || !IPAddress.TryParse(entry, out var before))
                break;
            address = WithoutMapping(before);
        }
        return address;
    }

    private static string LastOf(string list) => list[(list.LastIndexOf(',') + 1)..].Trim();

    private static bool IsTrusted(IPAddress address, HttpListenerOptions listener) =>
        listener.TrustedProxies.Any(network => network.Contains(address));

    private static IPAddress WithoutMapping(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
