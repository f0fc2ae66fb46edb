using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xmpp.Core;
using Xmpp.Modules.ExternalServices;
using Xmpp.Modules.Rooms;
using Xmpp.Modules.Invitations;
using Xmpp.Modules.Registration;
using Xmpp.Server.Modules;
using Xmpp.Server.Web;

namespace Xmpp.Server.Hosting;

/// <summary>The rules that concern more than one value.</summary>
public static class ServerOptionsValidator
{
    // sockaddr_un.sun_path holds 108 bytes, the last of which is NUL (unix(7)).
    private const int LongestSocketPath = 107;

    // What stores take in one request, less what stands before the content.
    private const long LargestObject = (5L << 30) - 4096;

    public static IEnumerable<ConfigurationProblem> Validate(ServerOptions options) =>
    [
        .. Hosts(options), .. Administrators(options), .. Listeners(options), .. S2s(options), .. Components(options), .. Http(options),
        .. Services(options), .. S3(options),
        .. Authentication(options), .. Limits(options.Limits), .. Store(options), .. Control(options.Control), .. Modules(options.Modules),
        .. Registration(options.Modules.Registration), .. Invitations(options.Modules.Invitations), .. Rooms(options.Modules.Rooms),
        .. ExternalServices(options.Modules.ExternalServices),
    ];

    /// <summary>What is allowed, but worth a line in the log at start.</summary>
    public static IEnumerable<string> Warnings(ServerOptions options)
    {
        foreach (var listener in options.Listeners.Where(listener => listener.Tls is ListenerTls.None))
            yield return $"{new IPEndPoint(listener.Address, listener.Port)} is served without TLS: what passes there can be read";
        if (options.Components.List.Count > 0 && !IPAddress.IsLoopback(options.Components.Address))
            yield return $"components connect to {options.Components.Address} without TLS: what passes there can be read";
        if (options.Http is { UploadStore: "s3", S3.Endpoint: { Scheme: "http", IsLoopback: false } endpoint })
            yield return $"http.s3.endpoint is {endpoint}, without TLS: what people upload can be read on the way";
        if (options.Authentication.Mechanisms.Contains("ANONYMOUS"))
            yield return "authentication.mechanisms has \"ANONYMOUS\": everybody can log in";
        if (options.Modules.Registration.Access is RegistrationAccess.Open)
            yield return "modules.registration.access is \"open\": everybody can make accounts";
    }

    private static IEnumerable<ConfigurationProblem> Modules(ModuleOptions options)
    {
        var known = ModuleCatalog.All.Select(module => module.Name).ToList();
        for (var i = 0; i < options.Disabled.Count; i++)
        {
            if (!known.Contains(options.Disabled[i]))
                yield return new($"modules.disabled[{i}]", Json(options.Disabled[i]), $"expected one of {string.Join(", ", known)}");
        }
    }

    private static IEnumerable<ConfigurationProblem> Registration(RegistrationOptions options)
    {
        for (var i = 0; i < options.ReservedNames.Count; i++)
        {
            if (!Jid.TryCreate(options.ReservedNames[i], "localhost", null, out _))
            {
                yield return new($"modules.registration.reservedNames[{i}]", Json(options.ReservedNames[i]),
                    "expected what stands before the \"@\" of an address, such as \"admin\"");
            }
        }
        for (var i = 0; i < options.Questions.Count; i++)
        {
            if (options.Questions[i].Split('|') is var parts && (parts.Length < 2 || parts.Any(string.IsNullOrWhiteSpace)))
            {
                yield return new($"modules.registration.questions[{i}]", Json(options.Questions[i]),
                    "expected a question and its answers, such as \"Which colour has a stop light? | red\"");
            }
        }
    }

    private static IEnumerable<ConfigurationProblem> Invitations(InvitationOptions options)
    {
        if (options.LandingPage is { } page && !(Uri.TryCreate(page, UriKind.Absolute, out var uri) && (uri.Scheme is "https" or "http")))
            yield return new("modules.invitations.landingPage", Json(page), "expected an address, such as \"https://join.example.org/#\"");
    }

    private static IEnumerable<ConfigurationProblem> ExternalServices(ExternalServiceOptions options)
    {
        for (var i = 0; i < options.List.Count; i++)
        {
            if (!options.List[i].IsConsistent)
            {
                yield return new($"modules.externalServices.list[{i}]", Json(options.List[i].Host),
                    "expected a secret, or a username with its password, or nothing of these");
            }
        }
    }

    private static IEnumerable<ConfigurationProblem> Rooms(RoomOptions options)
    {
        if (RoomDefaults.Check(options.Defaults) is { } problem)
            yield return new("modules.rooms.defaults", string.Join(", ", options.Defaults.Select(Json)), problem);
    }

    private static IEnumerable<ConfigurationProblem> Hosts(ServerOptions options)
    {
        if (options.Hosts.Count == 0)
            yield return new("hosts", "[]", "expected at least one domain, such as \"example.org\"");
        var seen = new HashSet<string>();
        for (var i = 0; i < options.Hosts.Count; i++)
        {
            if (!Jid.TryCreate(null, options.Hosts[i], null, out var host))
                yield return new($"hosts[{i}]", Json(options.Hosts[i]), "expected a domain, such as \"example.org\" (RFC 7622 §3.2)");
            else if (!seen.Add(host.Domain))
                yield return new($"hosts[{i}]", Json(options.Hosts[i]), "given twice; remove one of the two");
        }
    }

    private static IEnumerable<ConfigurationProblem> Administrators(ServerOptions options)
    {
        for (var i = 0; i < options.Administrators.Count; i++)
        {
            if (!Jid.TryParse(options.Administrators[i], out var jid) || jid is not { Local: not null, IsBare: true })
            {
                yield return new($"administrators[{i}]", Json(options.Administrators[i]),
                    "expected the address of an account, such as \"juliet@example.org\"");
            }
        }
    }

    private static IEnumerable<ConfigurationProblem> Listeners(ServerOptions options)
    {
        if (options.Listeners.Count == 0)
            yield return new("listeners", "[]", "expected at least one listener");
        var seen = new HashSet<IPEndPoint>();
        for (var i = 0; i < options.Listeners.Count; i++)
        {
            var listener = options.Listeners[i];
            if (listener.Port != 0 && !seen.Add(new(listener.Address, listener.Port)))
                yield return new(
                    $"listeners[{i}].port", $"{listener.Port}", "another listener has the same address and port; change one of the two");
            if (listener.Tls is ListenerTls.None && !IPAddress.IsLoopback(listener.Address))
            {
                yield return new($"listeners[{i}].tls", Json("none"),
                    $"allowed for a loopback address only, and address is {listener.Address}; "
                    + "set it to \"127.0.0.1\" or \"::1\", or tls to \"starttls\"");
            }
        }
    }

    private static IEnumerable<ConfigurationProblem> S2s(ServerOptions options)
    {
        var seen = options.Listeners.Where(listener => listener.Port != 0)
            .Select(listener => new IPEndPoint(listener.Address, listener.Port)).ToHashSet();
        for (var i = 0; i < options.S2s.Listeners.Count; i++)
        {
            var listener = options.S2s.Listeners[i];
            if (listener.Port != 0 && !seen.Add(new(listener.Address, listener.Port)))
            {
                yield return new(
                    $"s2s.listeners[{i}].port", $"{listener.Port}",
                    "another listener has the same address and port; change one of the two");
            }
            if (listener.Tls is ListenerTls.None)
                yield return new($"s2s.listeners[{i}].tls", Json("none"), "expected \"starttls\" or \"direct\": servers talk by TLS only");
        }
        if (options.S2s.OutputBytes < options.Limits.StanzaBytes)
        {
            yield return new("s2s.outputBytes", $"{options.S2s.OutputBytes}",
                $"must hold the largest stanza: at least limits.stanzaBytes, which is {options.Limits.StanzaBytes}");
        }
    }

    private static IEnumerable<ConfigurationProblem> Components(ServerOptions options)
    {
        var (components, seen) = (options.Components, new HashSet<string>());
        for (var i = 0; i < components.List.Count; i++)
        {
            var key = $"components.list[{i}].domain";
            var domain = components.List[i].Domain;
            if (!Jid.TryCreate(null, domain, null, out var jid))
                yield return new(key, Json(domain), "expected a domain, such as \"push.example.org\" (RFC 7622 §3.2)");
            else if (options.Hosts.Any(host => Jid.TryParse(host, out var own) && own == jid))
                yield return new(key, Json(domain), "this server's own host; choose another domain, such as one below it");
            else if (!seen.Add(jid.Domain))
                yield return new(key, Json(domain), "given twice; remove one of the two");
            // XEP-0356 §7.4.
            if (components.List[i].Privileges is { Presence: PresenceAccess.Contacts, MayRead: false })
            {
                yield return new($"components.list[{i}].privileges.presence", Json("contacts"),
                    "needs that \"roster\" is \"get\" or \"both\"; or set it to \"accounts\"");
            }
        }
        if (components.List.Count > 0 && components.Port != 0
            && options.Listeners.Any(listener => listener.Port == components.Port && listener.Address.Equals(components.Address)))
        {
            yield return new("components.port", $"{components.Port}", "a listener has the same address and port; change one of the two");
        }
        if (components.OutputBytes < options.Limits.StanzaBytes)
        {
            yield return new("components.outputBytes", $"{components.OutputBytes}",
                $"must hold the largest stanza: at least limits.stanzaBytes, which is {options.Limits.StanzaBytes}");
        }
    }

    private static IEnumerable<ConfigurationProblem> Http(ServerOptions options)
    {
        var taken = options.Listeners.Select(listener => (listener.Address, listener.Port)).ToHashSet();
        for (var i = 0; i < options.Http.Listeners.Count; i++)
        {
            var listener = options.Http.Listeners[i];
            if (listener.Port != 0 && !taken.Add((listener.Address, listener.Port)))
            {
                yield return new($"http.listeners[{i}].port", $"{listener.Port}",
                    "another listener has the same address and port; change one of the two");
            }
            if (!listener.Tls && listener.TrustedProxies.Count == 0 && !IPAddress.IsLoopback(listener.Address))
            {
                yield return new($"http.listeners[{i}].tls", "false",
                    $"needs a loopback address or trustedProxies, and address is {listener.Address}; "
                    + "set it to \"127.0.0.1\", name the proxies that have TLS, or set tls to true");
            }
        }
    }

    /// <summary>A domain is a host's, a component's or a service's.</summary>
    private static IEnumerable<ConfigurationProblem> Services(ServerOptions options)
    {
        var hosts = options.Hosts.Select(host => Jid.TryCreate(null, host, null, out var jid) ? jid : null).OfType<Jid>().ToHashSet();
        var components = options.Components.List.Select(entry => Jid.TryParse(entry.Domain, out var jid) ? jid : null).OfType<Jid>();
        var services = new HashSet<Jid>();
        foreach (var (key, label) in options.Modules.ServiceLabels())
        {
            foreach (var host in hosts)
            {
                if (!Jid.TryCreate(null, $"{label}.{host}", null, out var domain))
                    yield return new(key, Json(label), "expected what stands before a host in a domain, such as \"conference\"");
                else if (hosts.Contains(domain))
                    yield return new(key, Json(label), $"{domain} is a host of this server; choose another one");
                else if (components.Contains(domain))
                    yield return new(key, Json(label), $"{domain} is a component's domain (components.list); change one of the two");
                else if (!services.Add(domain))
                    yield return new(key, Json(label), $"{domain} is another service's domain; choose another one");
            }
        }
    }

    private static IEnumerable<ConfigurationProblem> Authentication(ServerOptions options)
    {
        if (options.Authentication.Mechanisms.Count == 0)
            yield return new("authentication.mechanisms", "[]", "expected at least one SASL mechanism, such as \"SCRAM-SHA-256\"");
        foreach (var twice in options.Authentication.Mechanisms.CountBy(name => name).Where(count => count.Value > 1))
            yield return new("authentication.mechanisms", Json(twice.Key), "given twice; remove one of the two");
    }

    private static IEnumerable<ConfigurationProblem> Limits(LimitOptions limits)
    {
        if (limits.UnauthenticatedStanzaBytes > limits.StanzaBytes)
        {
            yield return new("limits.unauthenticatedStanzaBytes", $"{limits.UnauthenticatedStanzaBytes}",
                $"must not exceed limits.stanzaBytes, which is {limits.StanzaBytes}");
        }
        if (limits.OutputBytes < limits.StanzaBytes)
        {
            yield return new("limits.outputBytes", $"{limits.OutputBytes}",
                $"must hold the largest stanza: at least limits.stanzaBytes, which is {limits.StanzaBytes}");
        }
    }

    private static IEnumerable<ConfigurationProblem> Store(ServerOptions options)
    {
        if (options is { Store: "mongodb", Mongodb.Uri: null })
        {
            yield return new("mongodb.uri", null,
                $"missing; store = \"mongodb\" needs {new MongodbUriAttribute().Expected}, here or in XMPPCHAT_mongodb__uri");
        }
        if (options is { Http.UploadStore: "mongodb", Store: not "mongodb" })
        {
            yield return new("http.uploadStore", "\"mongodb\"",
                $"needs store = \"mongodb\", which is {Json(options.Store)}; set that, or \"disk\" here");
        }
    }

    private static IEnumerable<ConfigurationProblem> S3(ServerOptions options)
    {
        if (options.Http.UploadStore != "s3")
            yield break;
        var (s3, uploads) = (options.Http.S3, options.Modules.Uploads);
        if (s3.Bucket is null)
            yield return Missing("bucket", new S3BucketAttribute().Expected);
        if (s3.AccessKey is null)
            yield return Missing("accessKey", "the key by which the store knows this server");
        if (s3.SecretKey is null)
            yield return Missing("secretKey", "the secret of the accessKey");
        if (s3 is { Endpoint: null, Region: null })
            yield return Missing("endpoint", $"{new S3EndpointAttribute().Expected}, or Amazon's region in http.s3.region");
        if (uploads.FileBytes > LargestObject)
            yield return TooLarge("fileBytes", uploads.FileBytes);
        if (uploads.ProfileFileBytes > LargestObject)
            yield return TooLarge("profileFileBytes", uploads.ProfileFileBytes);

        static ConfigurationProblem Missing(string key, string what) => new(
            $"http.s3.{key}", null, $"missing; http.uploadStore = \"s3\" needs {what}, here or in XMPPCHAT_http__s3__{key}");

        static ConfigurationProblem TooLarge(string key, long bytes) => new(
            $"modules.uploads.{key}", $"{bytes}", $"http.uploadStore = \"s3\" takes at most {LargestObject} bytes");
    }

    private static IEnumerable<ConfigurationProblem> Control(ControlOptions control)
    {
        if (Encoding.UTF8.GetByteCount(control.Socket) > LongestSocketPath)
        {
            yield return new("control.socket", Json(control.Socket),
                $"a Unix socket's path has at most {LongestSocketPath} bytes; choose a shorter one, such as \"/run/xmppctl.sock\"");
        }
    }

    private static string Json(string text) => JsonValue.Create(text).ToJsonString();
}
