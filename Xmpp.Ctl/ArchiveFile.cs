using System.Security;
using Xmpp.Core;
using Xmpp.Storage.Transfer;

namespace Xmpp.Ctl;

/// <summary>An archive in the format that servers have in common (XEP-0227 §4.11).</summary>
internal static class ArchiveFile
{
    /// <param name="results">The messages, each a <c>&lt;result/&gt;</c> of XEP-0313.</param>
    /// <returns>How many there are.</returns>
    public static async Task<int> WriteAsync(
        string path, Jid account, IAsyncEnumerable<string> results, CancellationToken cancellationToken)
    {
        using var file = NewFile.Create(path);
        var count = 0;
        await using (var writer = new StreamWriter(file.Stream, leaveOpen: true))
        {
            await writer.WriteAsync($"""
                <?xml version='1.0' encoding='UTF-8'?>
                <server-data xmlns='urn:xmpp:pie:0'>
                <host jid='{SecurityElement.Escape(account.Domain)}'>
                <user name='{SecurityElement.Escape(account.Local)}'>
                <archive xmlns='urn:xmpp:pie:0#mam'>

                """);
            await foreach (var result in results.WithCancellation(cancellationToken))
            {
                await writer.WriteAsync(result + "\n");
                count++;
            }
            await writer.WriteAsync("</archive>\n</user>\n</host>\n</server-data>\n");
        }
        file.Finish();
        return count;
    }
}
