using System.Net.Sockets;
using System.Text;
using Xmpp.Server.Hosting;
using Xunit;

namespace Xmpp.Server.Tests.Hosting;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 30_000 };

    public void Dispose()
    {
        _manager.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void The_manager_is_told_each_state()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        using var notifier = Notifier(("NOTIFY_SOCKET", _directory["notify"]));

        notifier.Ready("3 sessions");
        Assert.Equal("READY=1\nSTATUS=3 sessions", Receive());
        notifier.Reloading();
        Assert.Matches("^RELOADING=1\nMONOTONIC_USEC=\\d+$", Receive());
        notifier.Stopping();
        Assert.Equal("STOPPING=1", Receive());
    }

    [Fact]
    public void An_abstract_socket_is_reached()
    {
        var name = $"xmppchat-{Guid.NewGuid():n}";
        _manager.Bind(new UnixDomainSocketEndPoint('\0' + name));
        using var notifier = Notifier(("NOTIFY_SOCKET", "@" + name));

        notifier.Stopping();

        Assert.Equal("STOPPING=1", Receive());
    }

    [Fact]
    public void The_watchdog_is_fed()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        using var notifier = Notifier(("NOTIFY_SOCKET", _directory["notify"]), ("WATCHDOG_USEC", "2000"));

        Assert.Equal("WATCHDOG=1", Receive());
        Assert.Equal("WATCHDOG=1", Receive());
    }

    [Fact]
    public void The_watchdog_of_another_process_is_not()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        using var notifier = Notifier(("NOTIFY_SOCKET", _directory["notify"]), ("WATCHDOG_USEC", "1"), ("WATCHDOG_PID", "1"));

        notifier.Stopping();

        Assert.Equal("STOPPING=1", Receive());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/nowhere/notify")]
    public void Without_a_manager_nothing_happens(string? path)
    {
        using var notifier = Notifier(("NOTIFY_SOCKET", path));

        Assert.Null(Record.Exception(() => notifier.Ready("ready")));
    }

    private static SystemdNotifier Notifier(params (string Name, string? Value)[] environment) =>
        new(environment.ToDictionary(variable => variable.Name, variable => variable.Value).GetValueOrDefault);

    private string Receive()
    {
        var buffer = new byte[1000];
        return Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
    }
}
