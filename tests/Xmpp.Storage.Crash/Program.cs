using System.Globalization;
using System.Runtime.InteropServices;
using Xmpp.Core.Storage;
using Xmpp.Storage.Crash;
using Xmpp.Storage.Mongo;
using Xmpp.Storage.Sqlite;

// A process for the storage tests to kill, to starve and to lock out. Everything is bounded, should its parent be gone. STORE is a file
// or a connection string that begins with mongodb.
//   write STORE   prints what was acknowledged, until it is killed; a line that is whole ends with a full stop:
//                 "account NAME KEY.", then "roster NAME VERSION." for its contacts, "message NAME VERSION." for a message to it and
//                 "archived NAME VERSION." for one in its archive
//   fill FILE     prints "ready" and, for each line it reads, "refused CONDITION" once a write was refused or "accepted" when none was
//   open FILE     prints "accepted" or "refused CONDITION" and the message
//   archive STORE MESSAGES prints the figures of archives, of which one has so many messages
//   measure STORE prints the figures of docs/storage.md
return args switch
{
    ["write", var address] => await WriteAsync(address),
    ["fill", var path] => await FillAsync(path),
    ["open", var path] => await OpenAsync(path),
    ["measure", var address] => await Measurement.RunAsync(() => OpenStoreAsync(address)),
    ["archive", var address, var messages] => await ArchiveMeasurement.RunAsync(
        () => OpenStoreAsync(address), int.Parse(messages, CultureInfo.InvariantCulture)),
    _ => 64,
};

static async Task<IStore> OpenStoreAsync(string address) => address.StartsWith("mongodb", StringComparison.Ordinal)
    ? await MongoStore.OpenAsync(new MongoStoreOptions { Uri = address })
    : SqliteStore.Open(address);

static async Task<int> WriteAsync(string address)
{
    const int Writers = 20;
    const int WritesEach = 5_000;

    await using var store = await OpenStoreAsync(address);
    await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
    {
        for (var i = 0; i < WritesEach; i++)
        {
            var account = Samples.NewAccount($"{Environment.ProcessId}-{writer}-{i}");
            await store.Accounts.AddAsync(account, CancellationToken.None);
            Console.WriteLine($"account {account.Jid.Local} {Convert.ToHexString(account.Keys[^1].ServerKey.Span)}.");

            var version = 1_000 + i;
            await store.Rosters.ApplyAsync(account.Jid, Samples.NewRoster(version, Samples.Contacts), CancellationToken.None);
            Console.WriteLine($"roster {account.Jid.Local} {version}.");

            var message = Samples.NewMessage($"{version}");
            await store.Offline.AddAsync(account.Jid, DateTimeOffset.UnixEpoch, message, limit: 1, CancellationToken.None);
            Console.WriteLine($"message {account.Jid.Local} {version}.");

            await store.Archive.AddAsync([Samples.NewArchived(account.Jid, $"{version}")], CancellationToken.None);
            Console.WriteLine($"archived {account.Jid.Local} {version}.");
        }
    }));
    return 0;
}

static async Task<int> FillAsync(string path)
{
    const int Writes = 100;
    const int Size = 50_000;

    // A write beyond the limit on a file's size is to fail, not to end the process.
    using var sigXfsz = PosixSignalRegistration.Create((PosixSignal)25, context => context.Cancel = true);
    await using var store = SqliteStore.Open(path);
    store.StatusChanged += status => Console.WriteLine(status.Healthy ? "healthy" : "unhealthy");
    Console.WriteLine("ready");
    for (var round = 0; Console.ReadLine() is not null; round++)
    {
        var answer = "accepted";
        for (var i = 0; i < Writes && answer == "accepted"; i++)
        {
            try
            {
                await store.GetOrCreateSecretAsync($"{round}-{i}", Size, CancellationToken.None);
            }
            catch (StoreException fault)
            {
                answer = $"refused {fault.Condition}";
            }
        }

        Console.WriteLine(answer);
    }

    return 0;
}

static async Task<int> OpenAsync(string path)
{
    try
    {
        await using var store = SqliteStore.Open(path);
        await store.GetOrCreateSecretAsync("open", 16, CancellationToken.None);
        Console.WriteLine("accepted");
    }
    catch (StoreException fault)
    {
        Console.WriteLine($"refused {fault.Condition} {fault.Message}");
    }

    return 0;
}
