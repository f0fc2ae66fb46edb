using System.Globalization;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;

namespace Xmpp.Modules;

/// <summary>
/// XEP-0133 §4.30 and §4.31: restarting and shutting down, after a while and with a word to those who are online. Who asks again
/// meanwhile changes what was asked before. One process serves all hosts, so it takes an administrator of all.
/// </summary>
internal sealed class ServiceEnd(
    IServerLifetime lifetime, Announcements announcements, IAdministrators administrators, IHostDirectory hosts, TimeProvider time)
{
    /// <summary>So that the administrator gets the answer.</summary>
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromSeconds(1);

    private ITimer? _timer;

    public void Register(AdminCommands commands)
    {
        commands.Add("restart", "Restart Service", (request, _) => new(Forbid(request) ?? CommandStep.Ask(AdminForms.Ask(
            "Restarting the Service", "Fill out this form to restart the service.",
            AdminForms.Delay("Time delay before restarting"),
            FormField.Lines("announcement", "Announcement")),
            (again, form, cancellation) => EndAsync(ServerEnd.Restart, again, form, cancellation))));
        commands.Add("shutdown", "Shut Down Service", (request, _) => new(Forbid(request) ?? CommandStep.Ask(AdminForms.Ask(
            "Shutting Down the Service", "Fill out this form to shut down the service.",
            AdminForms.Delay("Time delay before shutting down"),
            FormField.Lines("announcement", "Announcement")),
            (again, form, cancellation) => EndAsync(ServerEnd.ShutDown, again, form, cancellation))));
    }

    private CommandStep? Forbid(CommandRequest request) =>
        hosts.Hosts.FirstOrDefault(host => !administrators.IsAdministrator(request.Requester, host)) is { } other
            ? CommandStep.Fail(new StanzaError(
                StanzaErrorCondition.Forbidden, StanzaErrorType.Cancel, $"The process serves {other}, too, which you don't administer."))
            : null;

    private async ValueTask<CommandStep> EndAsync(ServerEnd how, CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        if (Forbid(request) is { } refused)
            return refused;
        var delay = form.Value("delay") is { Length: > 0 } text
            ? TimeSpan.FromSeconds(int.Parse(text, CultureInfo.InvariantCulture))
            : ShortestDelay;
        if (form.Text("announcement") is { Length: > 0 } announcement)
        {
            // The hosts are served by one process.
            foreach (var host in hosts.Hosts)
                await announcements.SendAsync(host, announcement, cancellationToken);
        }
        var timer = time.CreateTimer(_ => lifetime.End(how), null, delay, Timeout.InfiniteTimeSpan);
        if (Interlocked.Exchange(ref _timer, timer) is { } replaced)
            await replaced.DisposeAsync();
        var verb = how == ServerEnd.Restart ? "restarts" : "shuts down";
        return CommandStep.Done($"The service {verb} in {(int)delay.TotalSeconds} s.");
    }
}
