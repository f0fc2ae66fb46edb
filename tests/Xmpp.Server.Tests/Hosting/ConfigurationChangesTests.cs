using Microsoft.Extensions.Logging;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Hosting;

public sealed class ConfigurationChangesTests
{
    private static readonly ServerOptions Before = new();

    [Fact]
    public void Equal_options_have_no_changes()
    {
        var changes = ConfigurationChanges.Between(Before, new ServerOptions());

        Assert.Empty(changes.Applicable);
        Assert.Empty(changes.NeedRestart);
    }

    [Fact]
    public void Changed_keys_are_named()
    {
        var changes = ConfigurationChanges.Between(Before, Before with
        {
            Hosts = ["localhost", "example.org"],
            Listeners = [Before.Listeners[0], Before.Listeners[1] with { Port = 15223 }],
            Log = new() { Level = LogLevel.Debug },
            Limits = Before.Limits with { Depth = 10, Attributes = 10 },
        });

        Assert.Equal(["hosts", "listeners", "limits.depth", "limits.attributes", "log.level"], changes.Applicable);
        Assert.Empty(changes.NeedRestart);
    }

    [Fact]
    public void What_a_running_server_cannot_change_is_set_apart()
    {
        var changes = ConfigurationChanges.Between(Before, Before with
        {
            Store = "mongodb",
            Sqlite = new() { File = "elsewhere.db" },
            Mongodb = new() { Uri = "mongodb://localhost" },
            Control = new() { Socket = "elsewhere.sock" },
        });

        Assert.Empty(changes.Applicable);
        Assert.Equal(["store", "sqlite.file", "mongodb.uri", "control.socket"], changes.NeedRestart);
    }
}
