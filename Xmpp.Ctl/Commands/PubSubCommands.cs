using System.CommandLine;
using System.Globalization;
using Xmpp.Core;
using Xmpp.Modules.PubSub;
using Xmpp.Server.Control;

namespace Xmpp.Ctl.Commands;

/// <summary><c>xmppctl pubsub …</c>: on a running server.</summary>
internal static class PubSubCommands
{
    public static Command Create(Terminal terminal) => new("pubsub", "See and delete nodes (XEP-0060) of accounts and of services")
    {
        List(terminal), Show(terminal), Items(terminal), Subscriptions(terminal), Delete(terminal),
    };

    private static Command List(Terminal terminal)
    {
        var owner = OwnerArgument();
        return new Command("list", "List nodes") { owner }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var nodes = await invocation.Server.SendAsync<NodeOverview>(
                new ListNodesRequest(invocation.Command.GetRequiredValue(owner)), cancellationToken).ToListAsync(cancellationToken);
            invocation.Output.Table(nodes, ["Node", "Title", "Access", "Created", "Items"], node =>
                [node.Node, node.Title ?? "-", node.Access, Output.Date(node.Created), Number(node.Items)]);
            return ExitCode.Ok;
        });
    }

    private static Command Show(Terminal terminal)
    {
        var (owner, name) = (OwnerArgument(), NodeArgument());
        return new Command("show", "Show a node") { owner, name }.WithAction(terminal, async (invocation, cancellationToken) =>
        {
            var (of, node) = (invocation.Command.GetRequiredValue(owner), invocation.Command.GetRequiredValue(name));
            if (await invocation.Server.SendForOneAsync<NodeDetails>(new ShowNodeRequest(of, node), cancellationToken) is not { } details)
                return UserCommands.Refuse(terminal, NoSuchNode(of, node));
            invocation.Output.Properties(details,
            [
                ("Node", details.Node),
                ("Of", details.Owner.ToString()),
                ("Created", Output.Date(details.Created)),
                ("Items", Number(details.Items)),
                ("Subscriptions", Number(details.Subscriptions)),
                .. details.Affiliations.Select(one => ("Affiliation", $"{one.Affiliation} {one.Jid}")),
                .. details.Configuration.Select(field => ("Configuration", field)),
            ]);
            return ExitCode.Ok;
        });
    }

    private static Command Items(Terminal terminal)
    {
        var (owner, name) = (OwnerArgument(), NodeArgument());
        var count = new Option<int>("--count") { Description = "At most so many, the newest", DefaultValueFactory = _ => 100 };
        return new Command("items", "List a node's items, the newest first") { owner, name, count }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var request = new ListNodeItemsRequest(
                    invocation.Command.GetRequiredValue(owner), invocation.Command.GetRequiredValue(name), invocation.Command.GetValue(count));
                var items = await invocation.Server.SendAsync<ItemOverview>(request, cancellationToken).ToListAsync(cancellationToken);
                invocation.Output.Table(items, ["Id", "Published", "By", "Bytes", "Payload"], item =>
                    [item.Id, Output.Date(item.Published), item.Publisher?.ToString() ?? "-", Number(item.Bytes), item.Payload ?? "-"]);
                return ExitCode.Ok;
            });
    }

    private static Command Subscriptions(Terminal terminal)
    {
        var (owner, name) = (OwnerArgument(), NodeArgument());
        name.Arity = ArgumentArity.ZeroOrOne;
        name.Description = "A node [default: all]";
        return new Command("subscriptions", "List who is subscribed") { owner, name }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var request = new ListSubscriptionsRequest(
                    invocation.Command.GetRequiredValue(owner), invocation.Command.GetValue(name));
                var found = await invocation.Server.SendAsync<SubscriptionOverview>(request, cancellationToken).ToListAsync(cancellationToken);
                invocation.Output.Table(found, ["Node", "Subscriber", "State"], one => [one.Node, one.Jid.ToString(), one.Subscription]);
                return ExitCode.Ok;
            });
    }

    private static Command Delete(Terminal terminal)
    {
        var (owner, name) = (OwnerArgument(), NodeArgument());
        var yes = new Option<bool>("--yes", "-y") { Description = "Don't ask" };
        return new Command("delete", "Delete a node with all its items; its subscribers are told") { owner, name, yes }.WithAction(terminal,
            async (invocation, cancellationToken) =>
            {
                var (of, node) = (invocation.Command.GetRequiredValue(owner), invocation.Command.GetRequiredValue(name));
                if (!invocation.Command.GetValue(yes) && !UserCommands.Confirm(terminal, $"Delete the node {node} of {of} with all its items?"))
                    return ExitCode.Failed;
                if (!await invocation.Server.SendForOneAsync<bool>(new DeleteNodeRequest(of, node), cancellationToken))
                    return UserCommands.Refuse(terminal, NoSuchNode(of, node));
                invocation.Output.Say($"Deleted {node} of {of}.", new { owner = of, node });
                return ExitCode.Ok;
            });
    }

    private static Argument<Jid> OwnerArgument() => CommandExtensions.JidArgument(
        "owner", "An account, or the domain of a service such as pubsub.example.org", jid => jid.IsBare,
        CommandExtensions.SuggestAccountsAsync);

    private static Argument<string> NodeArgument() => new("node") { Description = "A node; see list" };

    private static string NoSuchNode(Jid owner, string node) => $"{owner} has no node {node}.";

    private static string Number(long? number) => number?.ToString("N0", CultureInfo.InvariantCulture) ?? "many";
}
