using System.Security.Cryptography;
using System.Text;
using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class ScramTests
{
    private const string ClientFirst = "n,,n=user,r=abc";

    private readonly SaslScene _scene = new();

    public static TheoryData<string, bool> Mechanisms { get; } = new()
    {
        { "SHA-1", false }, { "SHA-256", false }, { "SHA-512", false },
        { "SHA-1", true }, { "SHA-256", true }, { "SHA-512", true },
    };

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public async Task The_right_password_logs_in(string hash, bool plus)
    {
        var outcome = await Client("user", hash, plus).LogInAsync(Start(hash, plus));

        Assert.Equal(SaslScene.User, SaslScene.AssertSucceeds(outcome).Account);
    }

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public async Task A_wrong_password_does_not(string hash, bool plus)
    {
        var outcome = await Client("user", hash, plus, "Pencil").LogInAsync(Start(hash, plus));

        Assert.Equal(new SaslOutcome.Failure(SaslFailureCondition.NotAuthorized, Username: "user"), outcome);
    }

    /// <summary>Nothing tells a missing account from a wrong password, nor a disabled account to who doesn't have the right one.</summary>
    [Theory]
    [InlineData("nobody", "pencil", SaslFailureCondition.NotAuthorized)]
    [InlineData("banned", "pencil", SaslFailureCondition.AccountDisabled)]
    [InlineData("banned", "eraser", SaslFailureCondition.NotAuthorized)]
    public async Task Accounts_that_cannot_log_in_answer_a_challenge_first(string name, string password, SaslFailureCondition condition)
    {
        var exchange = Start();
        var client = new ScramClient(HashAlgorithmName.SHA256, name, password);
        var challenge = Assert.IsType<SaslOutcome.Challenge>(await SaslScene.Send(exchange, client.First));
        var (final, _) = client.Answer(SaslScene.Text(challenge));

        var outcome = await SaslScene.Send(exchange, final);

        Assert.Equal(new SaslOutcome.Failure(condition, Username: name), outcome);
    }

    [Fact]
    public async Task A_missing_account_looks_like_one_that_exists()
    {
        var first = await Challenge("nobody");
        var again = await Challenge("nobody");
        var otherCase = await Challenge("NoBody");
        var other = await Challenge("someone");
        var existing = await Challenge("user");

        Assert.Equal(first["s"], again["s"]);
        Assert.Equal(first["s"], otherCase["s"]);
        Assert.NotEqual(first["s"], other["s"]);
        Assert.Equal(existing["s"].Length, first["s"].Length);
        Assert.Equal(existing["i"], first["i"]);
        Assert.Equal(5, new[] { first["r"], again["r"], otherCase["r"], other["r"], existing["r"] }.Distinct().Count());
    }

    [Fact]
    public void Decoys_depend_on_the_secret_the_host_and_the_hash()
    {
        var same = new DecoyKeys(Enumerable.Repeat((byte)7, 32).ToArray(), 16);
        var salts = new[]
        {
            _scene.Decoys.For(Jid.Parse("a@example.org"), ScramHash.Sha256),
            _scene.Decoys.For(Jid.Parse("a@example.com"), ScramHash.Sha256),
            _scene.Decoys.For(Jid.Parse("a@example.org"), ScramHash.Sha1),
            DecoyKeys.Random(16).For(Jid.Parse("a@example.org"), ScramHash.Sha256),
        }.Select(keys => Convert.ToHexString(keys.Salt.Span)).ToList();

        Assert.Equal(salts.Count, salts.Distinct().Count());
        Assert.Equal(salts[0], Convert.ToHexString(same.For(Jid.Parse("a@example.org"), ScramHash.Sha256).Salt.Span));
        Assert.Throws<ArgumentException>(() => new DecoyKeys(new byte[15], 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DecoyKeys(new byte[16], 0));
    }

    /// <summary>Not a stopwatch, which would prove nothing: a path that differed would look things up or allocate differently.</summary>
    [Fact]
    public async Task A_missing_account_takes_the_same_path_as_a_wrong_password()
    {
        // Once before, so that what is remembered of an address is remembered of both.
        await CostOfFailing("user");
        await CostOfFailing("nope");

        var existing = await CostOfFailing("user");
        var missing = await CostOfFailing("nope");

        Assert.Equal(existing, missing);
    }

    [Fact]
    public async Task An_account_without_keys_of_the_hash_answers_like_a_missing_one()
    {
        _scene.Add("old", [ScramKeyDerivation.Create("pencil", ScramHash.Sha1, 16)]);

        var client = new ScramClient(HashAlgorithmName.SHA256, "old", "pencil");
        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await client.LogInAsync(Start()));
    }

    [Fact]
    public async Task The_name_is_prepared_before_the_account_is_looked_up()
    {
        var outcome = await new ScramClient(HashAlgorithmName.SHA256, "USER", "pencil").LogInAsync(Start());

        Assert.Equal(SaslScene.User, SaslScene.AssertSucceeds(outcome).Account);
    }

    [Theory]
    [InlineData("a=3Db", "a=b")]
    [InlineData("=3D", "=")]
    [InlineData("a=2Cb", "a,b")]
    [InlineData("=2C=3D", ",=")]
    public async Task Escapes_in_names_are_undone(string saslname, string name)
    {
        _scene.Add(name, PasswordKeys.Create("pencil", 16));

        var outcome = await new ScramClient(HashAlgorithmName.SHA256, saslname, "pencil").LogInAsync(Start());

        Assert.Equal(Jid.Parse($"{name}@{SaslScene.Host}"), SaslScene.AssertSucceeds(outcome).Account);
    }

    /// <summary>RFC 6120 §6.3.8: nothing, or the account's own bare JID.</summary>
    [Theory]
    [InlineData("", true)]
    [InlineData("a=user@example.org", true)]
    [InlineData("a=USER@Example.org", true)]
    [InlineData("a=user", false)]
    [InlineData("a=user@example.org/balcony", false)]
    [InlineData("a=other@example.org", false)]
    [InlineData("a=user@example.com", false)]
    [InlineData("a=example.org", false)]
    [InlineData("a=@", false)]
    public async Task An_authorization_identity_is_the_own_account_or_refused(string authzid, bool accepted)
    {
        var client = new ScramClient(HashAlgorithmName.SHA256, "user", "pencil") { Header = $"n,{authzid}," };

        var outcome = await client.LogInAsync(Start());

        if (accepted)
            Assert.Equal(SaslScene.User, SaslScene.AssertSucceeds(outcome).Account);
        else
            SaslScene.AssertFails(SaslFailureCondition.InvalidAuthzid, outcome);
    }

    [Theory]
    [InlineData("user@example.org")]
    [InlineData("user/balcony")]
    [InlineData("us er")]
    [InlineData("user\u0001")]
    public async Task A_name_that_is_no_localpart_is_not_authorized(string name)
    {
        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await SaslScene.Send(Start(), $"n,,n={name},r=abc"));
        Assert.Equal(0, _scene.Accounts.Lookups);
    }

    /// <summary>Client-first-messages that RFC 5802 §7 doesn't allow.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("n")]
    [InlineData("n,")]
    [InlineData("n,,")]
    [InlineData("n,,n=user")]
    [InlineData("n,,n=user,")]
    [InlineData("n,,n=user,r=")]
    [InlineData("n,,n=,r=abc")]
    [InlineData("n,,r=abc")]
    [InlineData("n,,r=abc,n=user")]
    [InlineData("n,n=user,r=abc")]
    [InlineData(",,n=user,r=abc")]
    [InlineData("n=user,r=abc")]
    [InlineData("x,,n=user,r=abc")]
    [InlineData("N,,n=user,r=abc")]
    [InlineData("nn,,n=user,r=abc")]
    [InlineData("p,,n=user,r=abc")]
    [InlineData("p=,,n=user,r=abc")]
    [InlineData("y=tls-unique,,n=user,r=abc")]
    [InlineData("p=tls_unique,,n=user,r=abc")]
    [InlineData("n,a=,n=user,r=abc")]
    [InlineData("n,a=x=,n=user,r=abc")]
    [InlineData("n,b=x,n=user,r=abc")]
    [InlineData("n,a=x,a=y,n=user,r=abc")]
    [InlineData("n,,m=ext,n=user,r=abc")]
    [InlineData("n,,n=user,m=ext,r=abc")]
    [InlineData("n,,n=user,r=abc,m=ext")]
    [InlineData("n,,n=user,r=abc,x=1,m=ext")]
    [InlineData("n,,n=user,r=abc,n=other")]
    [InlineData("n,,n=user,r=abc,")]
    [InlineData("n,,n=user,r=abc,x")]
    [InlineData("n,,n=user,r=abc,x=")]
    [InlineData("n,,n=user,r=abc,1=x")]
    [InlineData("n,,n=user,r=abc,xx=y")]
    [InlineData("n,,n=user,r=a c")]
    [InlineData("n,,n=user,r=a\u00E9c")]
    [InlineData("n,,n=user,r=a\u007Fc")]
    [InlineData("n,,N=user,r=abc")]
    [InlineData("n,,n=us=er,r=abc")]
    [InlineData("n,,n=user=,r=abc")]
    [InlineData("n,,n=user=2,r=abc")]
    [InlineData("n,,n=user=2c,r=abc")]
    [InlineData("n,,n=user=3d,r=abc")]
    [InlineData("n,,n=user=2D,r=abc")]
    [InlineData("n,,n=us\0er,r=abc")]
    [InlineData("n,,n=user,r=abc,x=\0")]
    public async Task A_malformed_first_message_ends_the_exchange(string message)
    {
        var exchange = Start();

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, message));
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, ClientFirst));
        Assert.Equal(0, _scene.Accounts.Lookups);
    }

    [Theory]
    [InlineData("6E2C2C6E3DFF2C723D616263")] // n=<FF>
    [InlineData("6E2C2C6E3DC0802C723D616263")] // n=<NUL, overlong>
    [InlineData("6E2C2C6E3DEDA0802C723D616263")] // n=<surrogate>
    [InlineData("6E2C2C6E3DC3")] // cut in a character
    public async Task Bytes_that_are_not_utf8_end_the_exchange(string hex)
    {
        var outcome = await Start().RespondAsync(Convert.FromHexString(hex), TestContext.Current.CancellationToken);

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, outcome);
    }

    [Fact]
    public async Task Unknown_extensions_are_ignored()
    {
        Assert.IsType<SaslOutcome.Challenge>(await SaslScene.Send(Start(), ClientFirst + ",x=1,y=a=b,Z=\u00E9"));
    }

    /// <summary>What becomes of a right client-final-message when one thing about it changes.</summary>
    public static TheoryData<string, Func<string, string>, SaslFailureCondition> BadFinals { get; } = new()
    {
        { "no proof", final => final[..final.IndexOf(",p=", StringComparison.Ordinal)], SaslFailureCondition.MalformedRequest },
        { "empty", _ => "", SaslFailureCondition.MalformedRequest },
        { "proof alone", _ => ",p=AAAA", SaslFailureCondition.MalformedRequest },
        { "empty proof", final => final[..final.IndexOf(",p=", StringComparison.Ordinal)] + ",p=", SaslFailureCondition.MalformedRequest },
        { "short proof", final => final[..^8] + "AAA=", SaslFailureCondition.MalformedRequest },
        { "long proof", final => final + "AAAA", SaslFailureCondition.MalformedRequest },
        { "proof not base64", final => final[..^5] + "!!!!=", SaslFailureCondition.MalformedRequest },
        { "white space in the proof", final => final[..^5] + " " + final[^4..], SaslFailureCondition.MalformedRequest },
        { "something behind the proof", final => final + ",x=1", SaslFailureCondition.MalformedRequest },
        { "nonce first", final => Swap(final), SaslFailureCondition.MalformedRequest },
        { "no nonce", final => "c=biws" + final[final.IndexOf(",p=", StringComparison.Ordinal)..], SaslFailureCondition.MalformedRequest },
        { "no binding", final => final["c=biws,".Length..], SaslFailureCondition.MalformedRequest },
        { "mandatory extension", final => final.Replace(",p=", ",m=1,p="), SaslFailureCondition.MalformedRequest },
        { "second nonce", final => final.Replace(",p=", ",r=abc,p="), SaslFailureCondition.MalformedRequest },
        { "NUL in an extension", final => final.Replace(",p=", ",x=\0,p="), SaslFailureCondition.MalformedRequest },
        { "unsigned extension", final => final.Replace(",p=", ",x=1,p="), SaslFailureCondition.NotAuthorized },
        { "other nonce", final => final.Replace("r=f", "r=g"), SaslFailureCondition.NotAuthorized },
        { "longer nonce", final => final.Replace(",p=", "0,p="), SaslFailureCondition.NotAuthorized },
        { "other header", final => final.Replace("c=biws", "c=eSws"), SaslFailureCondition.NotAuthorized },
        { "padded header", final => final.Replace("c=biws", "c=biws===="), SaslFailureCondition.NotAuthorized },
        { "other proof", final => final[..^44] + (final[^44] is 'A' ? 'B' : 'A') + final[^43..], SaslFailureCondition.NotAuthorized },
    };

    [Theory]
    [MemberData(nameof(BadFinals), DisableDiscoveryEnumeration = true)]
    public async Task A_changed_final_message_fails(string what, Func<string, string> change, SaslFailureCondition condition)
    {
        var exchange = Start();
        var client = new ScramClient(HashAlgorithmName.SHA256, "user", "pencil");
        var (final, _) = client.Answer(SaslScene.Text(await SaslScene.Send(exchange, client.First)));

        var outcome = await SaslScene.Send(exchange, change(final));

        Assert.True(outcome is SaslOutcome.Failure failure && failure.Condition == condition, $"{what}: {outcome}");
        // And there is no second try.
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, final));
    }

    /// <summary>The proof covers what the client sent, so it is right; what it covers is not.</summary>
    [Theory]
    [InlineData("y,,", null)]
    [InlineData("n,a=user@example.org,", null)]
    [InlineData("n,", null)]
    [InlineData(null, "fyko+d2lbbFgONRv9qkxdawL")]
    [InlineData(null, "mine")]
    public async Task A_proof_over_another_header_or_nonce_fails(string? header, string? nonce)
    {
        var client = new ScramClient(HashAlgorithmName.SHA256, "user", "pencil") { FinalHeader = header, FinalNonce = nonce };

        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await client.LogInAsync(Start()));
    }

    [Fact]
    public async Task A_final_message_does_not_fit_another_exchange()
    {
        var client = new ScramClient(HashAlgorithmName.SHA256, "user", "pencil");
        var first = Start();
        var second = Start();
        var (final, _) = client.Answer(SaslScene.Text(await SaslScene.Send(first, client.First)));
        await SaslScene.Send(second, client.First);

        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await SaslScene.Send(second, final));
        SaslScene.AssertSucceeds(await SaslScene.Send(first, final));
    }

    [Fact]
    public async Task A_client_that_sends_no_initial_response_is_asked_once()
    {
        var exchange = Start();

        Assert.Equal("", SaslScene.Text(await SaslScene.Send(exchange, null)));
        Assert.IsType<SaslOutcome.Challenge>(await SaslScene.Send(exchange, ClientFirst));

        exchange = Start();
        await SaslScene.Send(exchange, null);
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, null));
    }

    [Fact]
    public async Task A_response_that_is_none_behind_the_challenge_fails()
    {
        var exchange = Start();
        await SaslScene.Send(exchange, ClientFirst);

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, null));
    }

    [Fact]
    public async Task Nothing_follows_a_success()
    {
        var exchange = Start();
        SaslScene.AssertSucceeds(await new ScramClient(HashAlgorithmName.SHA256, "user", "pencil").LogInAsync(exchange));

        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, ClientFirst));
    }

    [Fact]
    public async Task A_message_that_is_too_long_ends_the_exchange()
    {
        var longest = ClientFirst.PadRight(SaslExchange.MaxMessageLength, 'c');

        Assert.IsType<SaslOutcome.Challenge>(await SaslScene.Send(Start(), longest));
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(Start(), longest + "c"));
    }

    [Fact]
    public async Task A_store_that_fails_is_a_temporary_failure_and_the_end()
    {
        _scene.Accounts.Fails = true;
        var exchange = Start();

        SaslScene.AssertFails(SaslFailureCondition.TemporaryAuthFailure, await SaslScene.Send(exchange, ClientFirst));
        _scene.Accounts.Fails = false;
        SaslScene.AssertFails(SaslFailureCondition.MalformedRequest, await SaslScene.Send(exchange, ClientFirst));
    }

    /// <summary>RFC 5802 §6. Does the mechanism bind, is a -PLUS form offered, gs2-header, outcome (null: it goes on).</summary>
    [Theory]
    [InlineData(false, false, "n,,", null)]
    [InlineData(false, true, "n,,", null)]
    [InlineData(false, false, "y,,", null)]
    [InlineData(false, true, "y,,", SaslFailureCondition.NotAuthorized)]
    [InlineData(false, true, "p=tls-exporter,,", SaslFailureCondition.MalformedRequest)]
    [InlineData(true, true, "n,,", SaslFailureCondition.MalformedRequest)]
    [InlineData(true, true, "y,,", SaslFailureCondition.MalformedRequest)]
    [InlineData(true, true, "p=tls-exporter,,", null)]
    [InlineData(true, true, "p=tls-server-end-point,,", null)]
    [InlineData(true, true, "p=tls-unique,,", SaslFailureCondition.NotAuthorized)]
    [InlineData(true, true, "p=TLS-EXPORTER,,", SaslFailureCondition.NotAuthorized)]
    [InlineData(true, true, "p=tls-empty,,", SaslFailureCondition.NotAuthorized)]
    public async Task The_channel_binding_flag_has_to_fit_the_mechanism_and_the_offer(
        bool plus, bool offersPlus, string header, SaslFailureCondition? condition)
    {
        var context = _scene.Context with
        {
            ChannelBinding = Binding,
            OfferedMechanisms = offersPlus ? ["SCRAM-SHA-512-PLUS", "SCRAM-SHA-256"] : ["SCRAM-SHA-256"],
        };
        var exchange = new ScramMechanism(ScramHash.Sha256, plus, _scene.Decoys).Start(context);

        var outcome = await SaslScene.Send(exchange, header + "n=user,r=abc");

        if (condition is { } expected)
            SaslScene.AssertFails(expected, outcome);
        else
            Assert.IsType<SaslOutcome.Challenge>(outcome);
    }

    [Theory]
    [InlineData("data of another channel")]
    [InlineData("")]
    public async Task Binding_to_another_channel_fails(string data)
    {
        var client = new ScramClient(HashAlgorithmName.SHA256, "user", "pencil")
        {
            Header = "p=tls-exporter,,",
            ChannelBindingData = data,
        };

        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, await client.LogInAsync(Start("SHA-256", plus: true)));
    }

    [Fact]
    public void Forms_with_channel_binding_are_for_channels_that_have_some()
    {
        var plus = new ScramMechanism(ScramHash.Sha256, bindsChannel: true, _scene.Decoys);
        var plain = new ScramMechanism(ScramHash.Sha256, bindsChannel: false, _scene.Decoys);

        Assert.True(plus.IsAvailable(_scene.Context with { ChannelBinding = Binding }));
        Assert.False(plus.IsAvailable(_scene.Context with { ChannelBinding = new FakeChannelBinding() }));
        Assert.False(plus.IsAvailable(_scene.Context));
        Assert.True(plain.IsAvailable(_scene.Context with { IsEncrypted = false }));
    }

    [Theory]
    [InlineData("SHA-256", "SCRAM-SHA-256\u001ESCRAM-SHA-256-PLUS\u001Ftls-empty\u001Etls-exporter\u001Etls-server-end-point",
        new[] { "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256" })]
    [InlineData("SHA-512", "PLAIN\u001ESCRAM-SHA-512", new[] { "SCRAM-SHA-512", "PLAIN" })]
    public async Task The_challenge_carries_the_hash_of_what_was_offered(string hashName, string offer, string[] mechanisms)
    {
        var hash = ScramHash.All.Single(hash => hash.Name == hashName);
        var context = _scene.Context with { ChannelBinding = Binding, OfferedMechanisms = mechanisms };
        var exchange = new ScramMechanism(hash, bindsChannel: false, _scene.Decoys).Start(context);

        var challenge = SaslScene.Text(await SaslScene.Send(exchange, ClientFirst));

        var digest = CryptographicOperations.HashData(NameOf(hashName), Encoding.ASCII.GetBytes(offer));
        Assert.EndsWith($",h={Convert.ToBase64String(digest)}", challenge, StringComparison.Ordinal);
    }

    /// <summary>Look-ups and allocated bytes of a login with a wrong password. Nothing in it waits, so it stays on one thread.</summary>
    private async Task<(int Lookups, long Bytes)> CostOfFailing(string name)
    {
        var lookups = _scene.Accounts.Lookups;
        var client = new ScramClient(HashAlgorithmName.SHA256, name, "eraser");
        var first = client.First;
        var exchange = Start();

        var start = GC.GetAllocatedBytesForCurrentThread();
        var challenge = await SaslScene.Send(exchange, first);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - start;

        var (final, _) = client.Answer(SaslScene.Text(challenge));
        start = GC.GetAllocatedBytesForCurrentThread();
        var outcome = await SaslScene.Send(exchange, final);
        bytes += GC.GetAllocatedBytesForCurrentThread() - start;

        SaslScene.AssertFails(SaslFailureCondition.NotAuthorized, outcome);
        return (_scene.Accounts.Lookups - lookups, bytes);
    }

    private static FakeChannelBinding Binding { get; } =
        new(("tls-server-end-point", "hash of the certificate"), ("tls-exporter", "exported"), ("tls-empty", ""));

    private static HashAlgorithmName NameOf(string hash) => new(hash.Replace("-", "", StringComparison.Ordinal));

    private static string Swap(string final)
    {
        var parts = final.Split(',');
        return $"{parts[1]},{parts[0]},{parts[2]}";
    }

    private static ScramClient Client(string username, string hash, bool plus, string password = SaslScene.Password) =>
        new(NameOf(hash), username, password)
        {
            Header = plus ? "p=tls-exporter,," : "n,,",
            ChannelBindingData = plus ? "exported" : "",
        };

    private ISaslExchange Start(string hash = "SHA-256", bool plus = false)
    {
        var mechanism = new ScramMechanism(ScramHash.All.Single(candidate => candidate.Name == hash), plus, _scene.Decoys);
        return mechanism.Start(_scene.Context with { ChannelBinding = Binding, OfferedMechanisms = [mechanism.Name] });
    }

    private async Task<Dictionary<string, string>> Challenge(string name)
    {
        var challenge = SaslScene.Text(await SaslScene.Send(Start(), $"n,,n={name},r=abc"));
        return challenge.Split(',').ToDictionary(part => part[..1], part => part[2..]);
    }
}
