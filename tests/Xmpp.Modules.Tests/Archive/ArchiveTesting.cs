using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Xml;
using Xmpp.Testing;

namespace Xmpp.Modules.Tests.Archive;

/// <summary>What a client got for a query: the results in the order in which they came, and the answer.</summary>
internal sealed record QueryAnswer(IReadOnlyList<Element> Results, Element Iq)
{
    public Element Fin => Iq.Child(ArchiveTesting.Mam, "fin") ?? throw new InvalidOperationException($"No page: {Iq}");

    public Element Set => Fin.Child(ResultSetRequest.Name)!;

    public string? First => Set.Child(ResultSet.Ns, "first")?.Text;

    public string? Last => Set.Child(ResultSet.Ns, "last")?.Text;

    public bool IsComplete => Fin["complete"] == "true";

    public IReadOnlyList<string> Ids => [.. Results.Select(result => result["id"]!)];

    /// <summary>The archived messages.</summary>
    public IReadOnlyList<Element> Messages => [.. Results.Select(result => Forwarded.Parse(result.Child(Forwarded.Name))!.Stanza)];

    public IReadOnlyList<string> Bodies => [.. Messages.Select(message => message.Child(Namespaces.Client, "body")?.Text ?? "")];
}

/// <summary>What clients do with archives.</summary>
internal static class ArchiveTesting
{
    public const string Mam = "urn:xmpp:mam:2";

    /// <summary>A form's field.</summary>
    public static string Field(string var, params IEnumerable<string> values) =>
        new Element(Namespaces.DataForms, "field", Element.Attr("var", var),
            values.Select(value => new Element(Namespaces.DataForms, "value", value))).ToString();

    /// <summary>A submitted form.</summary>
    public static string Form(params IEnumerable<string> fields) =>
        $"<x xmlns='jabber:x:data' type='submit'>{Field("FORM_TYPE", Mam)}{string.Concat(fields)}</x>";

    public static string Rsm(string content) => $"<set xmlns='http://jabber.org/protocol/rsm'>{content}</set>";

    /// <summary>Asks the client's own archive.</summary>
    /// <param name="content">Of the query.</param>
    public static async Task<QueryAnswer> QueryAsync(this TestClient client, string content = "", string attributes = "")
    {
        await client.SendAsync($"<iq type='set' id='query'><query xmlns='{Mam}' {attributes}>{content}</query></iq>");
        var results = new List<Element>();
        var answer = await client.ReadAsync();
        for (; answer.Name.Local == "message"; answer = await client.ReadAsync())
        {
            if (answer["from"] != client.Jid.Bare.ToString() || answer["to"] != client.Jid.ToString())
                throw new InvalidOperationException($"Not a result: {answer}");
            results.Add(answer.Child(Mam, "result")!);
        }
        return new(results, answer);
    }

    /// <summary>Romeo says something to Juliet for each word, a second passing after each.</summary>
    public static async Task TalkAsync(this TestServer server, TestClient from, string to, params IEnumerable<string> words)
    {
        foreach (var word in words)
        {
            await from.SendAsync($"<message to='{to}' type='chat'><body>{word}</body></message>");
            await from.ExpectNothingFromAsync(from);
            server.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }
}
