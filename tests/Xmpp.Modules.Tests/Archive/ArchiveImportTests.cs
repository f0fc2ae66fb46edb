using System.Text;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Storage;
using Xmpp.Modules.Archive;
using Xunit;

namespace Xmpp.Modules.Tests.Archive;

public class ArchiveImportTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly Jid Juliet = Jid.Parse("juliet@capulet.lit");

    private readonly ArchiveImport _import = new(Juliet, Now);

    [Theory]
    [InlineData("<message from='romeo@montague.lit/orchard' to='juliet@capulet.lit' type='chat'><body>Hark!</body></message>",
        "romeo@montague.lit/orchard", true, "Hark!", true)]
    [InlineData("<message from='juliet@capulet.lit/balcony' to='romeo@montague.lit' type='chat'><body>Hark!</body></message>",
        "romeo@montague.lit", false, "Hark!", true)]
    [InlineData("<message from='juliet@capulet.lit/balcony'><body>A note</body></message>", "juliet@capulet.lit", false, "A note", true)]
    [InlineData("<message from='romeo@montague.lit'><received xmlns='urn:xmpp:receipts' id='1'/></message>",
        "romeo@montague.lit", true, null, false)]
    public void A_message_is_what_it_would_have_been_here(string stanza, string with, bool isIncoming, string? text, bool isShown)
    {
        var entry = Next(stanza)!;
        Assert.Equal(
            (Juliet, Jid.Parse(with), isIncoming, text, isShown),
            (entry.Account, entry.With, entry.IsIncoming, entry.Text, entry.IsShown));
    }

    [Theory]
    [InlineData("<message from='romeo@montague.lit' to='nurse@capulet.lit'/>")]
    [InlineData("<message to='juliet@capulet.lit'/>")]
    [InlineData("<presence from='romeo@montague.lit'/>")]
    [InlineData("<message from='juliet@capulet.lit'>")]
    public void What_is_no_message_of_the_account_is_refused(string stanza) => Assert.Null(Next(stanza));

    [Fact]
    public void Ids_that_this_server_made_stay_and_others_tell_the_time()
    {
        var made = SortableId.New(Now.AddDays(-3));
        Assert.Equal(Now.AddDays(-4), Next(at: Now.AddDays(-4), id: "28482-98726-73623")!.Id.Time);
        Assert.Equal(made, Next(at: Now.AddDays(-2), id: made.ToString())!.Id);
        Assert.Equal(Now.AddDays(-1), Next(at: Now.AddDays(-1), id: made.ToString())!.Id.Time);
    }

    [Fact]
    public void Order_is_kept_whatever_the_times()
    {
        DateTimeOffset?[] times = [DateTimeOffset.MinValue, Now.AddDays(-2), Now.AddDays(-3), Now.AddYears(1000), null, Now.AddDays(-1)];
        var ids = times.Select(at => Next(at: at, id: SortableId.New(Now.AddYears(1)).ToString())!.Id).ToList();

        Assert.Equal(ids.OrderBy(id => id.Value), ids);
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.InRange(id.Time, DateTimeOffset.UnixEpoch, Now));
    }

    private ArchiveEntry? Next(
        string stanza = "<message from='romeo@montague.lit'><body>Hark!</body></message>", DateTimeOffset? at = null, string? id = null) =>
        _import.Next(id, at, Encoding.UTF8.GetBytes(stanza));
}
