using Xmpp.Core.Sasl;
using Xunit;

namespace Xmpp.Core.Tests.Sasl;

public sealed class ScramVectors
{
    /// <summary>Hash, salt, server nonce and the four messages. The last row is from another implementation of RFC 5802 §3.</summary>
    public static TheoryData<string, string, string, string, string, string, string> Exchanges { get; } = new()
    {
        // RFC 5802 §5
        {
            "SHA-1", "QSXCR+Q6sek8bf92", "3rfcNHYJY1ZVvWVs7j",
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
        },
        // RFC 7677 §3
        {
            "SHA-256", "W22ZaJ0SNY7soEsUEjb6gQ==", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        },
        {
            "SHA-512", "W22ZaJ0SNY7soEsUEjb6gQ==", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
            "v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw=="
        },
    };

    [Theory]
    [MemberData(nameof(Exchanges))]
    public async Task The_published_exchanges_succeed_to_the_letter(
        string hashName, string salt, string nonce, string clientFirst, string serverFirst, string clientFinal, string serverFinal)
    {
        var hash = ScramHash.All.Single(hash => hash.Name == hashName);
        var scene = new SaslScene();
        var keys = ScramKeyDerivation.Derive("pencil", hash, Convert.FromBase64String(salt), iterations: 4096);
        await scene.Accounts.SetKeysAsync(SaslScene.User, [keys], TestContext.Current.CancellationToken);
        var exchange = new ScramMechanism(hash, bindsChannel: false, scene.Decoys) { NewNonce = () => nonce }.Start(scene.Context);

        Assert.Equal(serverFirst, SaslScene.Text(await SaslScene.Send(exchange, clientFirst)));
        var success = SaslScene.AssertSucceeds(await SaslScene.Send(exchange, clientFinal));

        Assert.Equal(SaslScene.User, success.Account);
        Assert.Equal(serverFinal, SaslScene.Text(success));
    }

    [Fact]
    public async Task The_exchange_of_XEP_0474_succeeds_to_the_letter_with_channel_binding_and_the_hash_of_the_offer()
    {
        var scene = new SaslScene();
        var keys = ScramKeyDerivation.Derive("pencil", ScramHash.Sha1, Convert.FromBase64String("QSXCR+Q6sek8bf92"), iterations: 4096);
        await scene.Accounts.SetKeysAsync(SaslScene.User, [keys], TestContext.Current.CancellationToken);
        var mechanism = new ScramMechanism(ScramHash.Sha1, bindsChannel: true, scene.Decoys)
        {
            NewNonce = () => "a09117a6-ac50-4f2f-93f1-93799c2bddf6",
        };
        var exchange = mechanism.Start(scene.Context with
        {
            OfferedMechanisms = ["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"],
            ChannelBinding = new FakeChannelBinding(("tls-server-end-point", "unused"), ("tls-exporter", "THIS IS FAKE CB DATA")),
        });

        var challenge = await SaslScene.Send(exchange, "p=tls-exporter,,n=user,r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6");
        Assert.Equal(
            "r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6a09117a6-ac50-4f2f-93f1-93799c2bddf6,s=QSXCR+Q6sek8bf92,i=4096,"
            + "h=G6k/rBLDqgOhRRaCuuatSDFkJ08=",
            SaslScene.Text(challenge));
        var success = SaslScene.AssertSucceeds(await SaslScene.Send(
            exchange,
            "c=cD10bHMtZXhwb3J0ZXIsLFRISVMgSVMgRkFLRSBDQiBEQVRB,r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6"
            + "a09117a6-ac50-4f2f-93f1-93799c2bddf6,x=19C6532F-1CF4-4A27-A18D-DC9CEA41BBB3,p=M/SIDjT+dfcxUh89jZEypRvFxB4="));
        Assert.Equal("v=MQrMPvv7yv4x4Cq4W4Ih25EqS2c=", SaslScene.Text(success));
    }
}
