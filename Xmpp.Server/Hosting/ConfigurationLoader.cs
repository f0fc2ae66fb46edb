using Xmpp.Core;

namespace Xmpp.Server.Hosting;

/// <summary>From the configuration file and the environment to valid options, or to everything that is wrong with them.</summary>
public static class ConfigurationLoader
{
    /// <summary>Where the file is when nobody says: relative to the working directory.</summary>
    public const string DefaultPath = "config/xmppchat.json";

    /// <summary>The path given by argument, else by <c>XMPPCHAT_CONFIG</c>, else <see cref="DefaultPath"/>.</summary>
    public static string ChoosePath(string? argument) =>
        argument ?? Environment.GetEnvironmentVariable(ConfigurationEnvironment.FileVariable) ?? DefaultPath;

    /// <summary>Loads the file with the environment of this process.</summary>
    public static ConfigurationResult Load(string path) => Load(path, ConfigurationEnvironment.OfProcess());

    /// <param name="path">The file, relative to the working directory.</param>
    /// <param name="environment">Variables; those that begin with <c>XMPPCHAT_</c> override the file.</param>
    public static ConfigurationResult Load(string path, IReadOnlyDictionary<string, string> environment)
    {
        var problems = new List<ConfigurationProblem>();
        var options = Load(path, environment, problems);
        return new(problems.Count == 0 ? options : null, [.. problems.Select(problem => WithSource(problem, environment))]);
    }

    private static ServerOptions? Load(
        string path, IReadOnlyDictionary<string, string> environment, List<ConfigurationProblem> problems)
    {
        if (ConfigurationFile.Read(path, problems) is not { } root)
            return null;
        ConfigurationEnvironment.Apply(root, environment, problems);
        var options = new ConfigurationBinder(problems).Bind(root);
        // What could not be bound still has its default or is missing: no use in judging that.
        if (problems.Count > 0)
            return null;
        options = ResolvePaths(options, Path.GetDirectoryName(Path.GetFullPath(path))!);
        problems.AddRange(ServerOptionsValidator.Validate(options));
        return PrepareHosts(options);
    }

    private static ConfigurationProblem WithSource(ConfigurationProblem problem, IReadOnlyDictionary<string, string> environment) =>
        ConfigurationEnvironment.SourceOf(problem.Key, environment) is { } variable
            ? problem with { Remedy = $"{problem.Remedy} (set by {variable})" }
            : problem;

    private static ServerOptions ResolvePaths(ServerOptions options, string directoryOfFile)
    {
        var start = Path.GetFullPath(options.Directory, directoryOfFile);
        return options with
        {
            Directory = start,
            Tls = options.Tls with
            {
                Certificates = Path.GetFullPath(options.Tls.Certificates, start),
                ClientCertificateAuthorities =
                    options.Tls.ClientCertificateAuthorities is { } authorities ? Path.GetFullPath(authorities, start) : null,
            },
            S2s = options.S2s with
            {
                Authorities = options.S2s.Authorities is { } trusted ? Path.GetFullPath(trusted, start) : null,
                TrustAnchors = options.S2s.TrustAnchors is { } anchors ? Path.GetFullPath(anchors, start) : null,
            },
            Http = options.Http with { Uploads = Path.GetFullPath(options.Http.Uploads, start) },
            Modules = options.Modules with
            {
                WebChat = options.Modules.WebChat with { Files = Path.GetFullPath(options.Modules.WebChat.Files, start) },
            },
            Sqlite = options.Sqlite with { File = Path.GetFullPath(options.Sqlite.File, start) },
            StreamManagement = options.StreamManagement with
            {
                Journal = options.StreamManagement.Journal with
                {
                    File = options.StreamManagement.Journal.File is { } journal ? Path.GetFullPath(journal, start) : null,
                },
            },
            Control = options.Control with { Socket = Path.GetFullPath(options.Control.Socket, start) },
        };
    }

    /// <summary>"EXAMPLE.org" is served as "example.org" (RFC 7622 §3.2).</summary>
    private static ServerOptions PrepareHosts(ServerOptions options) => options with
    {
        Hosts = [.. options.Hosts.Select(PrepareHost)],
        Components = options.Components with
        {
            List = [.. options.Components.List.Select(component => component with { Domain = PrepareHost(component.Domain) })],
        },
    };

    private static string PrepareHost(string host) => Jid.TryCreate(null, host, null, out var jid) ? jid.Domain : host;
}
