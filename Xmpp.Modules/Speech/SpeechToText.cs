using System.Text;
using System.Threading.Channels;
using Xmpp.Core;
using Xmpp.Core.Extensions;
using Xmpp.Core.Modules;
using Xmpp.Core.Stanzas;
using Xmpp.Core.Storage;
using Xmpp.Core.Xml;
using Xmpp.Modules.Archive;
using Xmpp.Modules.Uploads;

namespace Xmpp.Modules.Speech;

/// <summary>
/// Voice messages as text, for who asks for it: an account for all that it gets, or for one by its link or by a reaction. The host
/// answers with a reply (XEP-0461) to the account. Only files that were uploaded here are read, and they are given to one engine, which the
/// operator names.
/// </summary>
public sealed class SpeechToText : IXmppModule, ITranscriber
{
    private const string Ns = "urn:xmppchat:speech";

    private readonly UploadDirectory _uploads;
    private readonly IHttpAddresses _web;
    private readonly ISpeechEngine _engine;
    private readonly IStanzaSender _stanzas;
    private readonly IServerTasks _tasks;
    private readonly SpeechOptions _options;
    private readonly SpeechWishes _wishes;
    private readonly SpeechReactions _reactions;
    private readonly HourlyQuota<Jid> _quota;
    private readonly Channel<bool> _places;
    private int _pending; // Whether they have a place or wait for one.

    public SpeechToText(
        UploadDirectory uploads, IHttpAddresses web, ISpeechEngine engine, ISessionDirectory sessions, IAccountDataStore data,
        IArchiveStore archive, IStanzaSender stanzas, IServerTasks tasks, SpeechOptions options, ArchiveOptions archiveOptions,
        TimeProvider time)
    {
        (_uploads, _web, _engine, _stanzas, _tasks, _options) = (uploads, web, engine, stanzas, tasks, options);
        _wishes = new(sessions, data);
        _reactions = new(archive, options.Reaction, archiveOptions.LookBack);
        _quota = new(() => options.PerAccountPerHour, time);
        _places = Channel.CreateBounded<bool>(options.Parallel);
    }

    public void Register(IModuleBuilder builder)
    {
        if (_options.Url is null)
            return;
        builder.Command(new AdHocCommand(
            $"{Ns}#transcribe", "Voice Message as Text", IqTarget.Server | IqTarget.OwnAccount, CommandAccess.Accounts,
            (_, _) => new(CommandStep.Ask(LinkForm(), TranscribeAsync))));
        builder.Command(new AdHocCommand(
            $"{Ns}#configure", "All Voice Messages as Text", IqTarget.Server | IqTarget.OwnAccount, CommandAccess.Accounts,
            async (request, cancellationToken) => CommandStep.Ask(
                WishForm(await _wishes.HasAsync(request.Requester.Bare, cancellationToken)), ConfigureAsync)));
        builder.Message(MessageStage.Copy, (message, cancellationToken) =>
            message.IsForAccount && message.Type is MessageType.Chat or MessageType.Normal && VoiceMessage.MayBe(message.Stanza)
                ? HearAsync(message, cancellationToken)
                : new(Verdict.Continue));
        builder.Message(MessageStage.Copy, (message, cancellationToken) =>
            _reactions.MayBe(message) ? AnswerReactionAsync(message, cancellationToken) : new(Verdict.Continue));
        builder.Transcriber(this);
        builder.AccountRemoved(_wishes.ForgetAsync);
    }

    private static DataForm LinkForm() => DataForm.Of(
        DataFormType.Form, Ns, FormField.Text("link", "Link of the voice message") with { IsRequired = true }) with
    {
        Title = "Voice Message as Text",
    };

    private static DataForm WishForm(bool wants) => DataForm.Of(
        DataFormType.Form, Ns, FormField.Boolean("all", "Send me the text of voice messages that I get", wants)) with
    {
        Title = "All Voice Messages as Text",
    };

    private async ValueTask<CommandStep> ConfigureAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var wants = form.Boolean("all") == true;
        return await _wishes.SetAsync(request.Requester.Bare, wants, cancellationToken)
            ? CommandStep.Done(wants ? "You will get the text of voice messages." : "You will get no text of voice messages.")
            : CommandStep.Fail(StanzaErrorCondition.ItemNotFound, "There is no such account.");
    }

    private async ValueTask<CommandStep> TranscribeAsync(CommandRequest request, DataForm form, CancellationToken cancellationToken)
    {
        var (account, message) = (request.Requester.Bare, new VoiceMessage(form.Value("link")?.Trim() ?? "", null, null));
        var (file, problem) = await FindAsync(message.Link, cancellationToken);
        if (file is null)
            return CommandStep.Refuse(problem!);
        return TryBegin(account, file, Reply(account, message))
            ? CommandStep.Done("The text will come as a message.")
            : CommandStep.Fail(StanzaErrorCondition.ResourceConstraint, "There are too many voice messages; try again later.");
    }

    /// <summary>A message that may be one, for an account.</summary>
    private async ValueTask<Verdict> HearAsync(MessageContext message, CancellationToken cancellationToken)
    {
        if (await _wishes.HasAsync(message.Account, cancellationToken)
            && VoiceMessage.Of(message.Stanza.ToElement(), message.From) is { } voice
            && (await FindAsync(voice.Link, cancellationToken)).File is { } file)
        {
            Begin(message.Account, file, Reply(message.Account, voice));
        }
        return Verdict.Continue;
    }

    /// <summary>A reaction that may ask for the text of a voice message: who gets no text of one that it names is told why.</summary>
    private async ValueTask<Verdict> AnswerReactionAsync(MessageContext message, CancellationToken cancellationToken)
    {
        if (await _reactions.FindAsync(message, cancellationToken) is not { } voice)
            return Verdict.Continue;
        var (file, problem) = await FindAsync(voice.Link, cancellationToken);
        if (file is not null)
            Begin(message.Account, file, Reply(message.Account, voice));
        else
            _tasks.Run($"Answer to a reaction of {message.Account}", stopping => Reply(message.Account, voice)(problem!, stopping));
        return Verdict.Continue;
    }

    void ITranscriber.Answer(Jid room, Jid account, Element message, string id, Func<Element, CancellationToken, ValueTask> say)
    {
        if (VoiceMessage.Of(message, Jid.Parse(message["from"]!)) is not { } said)
            return;
        var voice = said with { Id = id };
        _tasks.Run($"Voice message in {room}", async cancellationToken =>
        {
            if ((await FindAsync(voice.Link, cancellationToken)).File is { } file)
                Begin(account, file, (text, stopping) => say(voice.Reply(room, to: null, text), stopping));
        });
    }

    private void Begin(Jid account, StoredUpload file, Func<string, CancellationToken, ValueTask> answer)
    {
        if (!TryBegin(account, file, answer))
            _tasks.Note($"A voice message was not turned into text for {account}: there are too many.");
    }

    /// <summary>A voice message that was uploaded here; or why it is none.</summary>
    private async ValueTask<(StoredUpload? File, string? Problem)> FindAsync(string link, CancellationToken cancellationToken)
    {
        if (link.StartsWith("aesgcm:", StringComparison.OrdinalIgnoreCase))
            return (null, "The voice message is encrypted: only your client can read it.");
        if (await _uploads.FindAsync(link, _web, cancellationToken) is not { } file)
            return (null, "This is no link of a file that was uploaded here, or it is gone.");
        if (file.Upload.Type?.StartsWith("audio/", StringComparison.OrdinalIgnoreCase) is not true)
            return (null, "The file is no voice message.");
        return file.Upload.Size > _options.FileBytes
            ? (null, $"Voice messages of more than {_options.FileBytes} bytes are not turned into text.")
            : (file, null);
    }

    /// <summary>Makes the text of a file for an account, when there is time for that.</summary>
    /// <param name="answer">Gets the text, or why there is none.</param>
    /// <returns>False when there is no time, or when the account has had enough.</returns>
    private bool TryBegin(Jid account, StoredUpload file, Func<string, CancellationToken, ValueTask> answer)
    {
        if (Interlocked.Increment(ref _pending) > _options.Parallel + _options.Waiting || !_quota.TryTake(account))
        {
            Interlocked.Decrement(ref _pending);
            return false;
        }
        _tasks.Run($"Text of a voice message for {account}", async cancellationToken =>
        {
            string text;
            try
            {
                text = await TextOfAsync(file, cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _pending);
            }
            await answer(text, cancellationToken);
        });
        return true;
    }

    /// <summary>Sends an account a reply of its host.</summary>
    private Func<string, CancellationToken, ValueTask> Reply(Jid account, VoiceMessage message) => async (text, cancellationToken) =>
        await _stanzas.SendMessageAsync(message.Reply(Jid.Parse(account.Domain), account, text), cancellationToken);

    /// <summary>What is said in it; or why that is not known.</summary>
    private async ValueTask<string> TextOfAsync(StoredUpload file, CancellationToken cancellationToken)
    {
        await _places.Writer.WriteAsync(true, cancellationToken);
        try
        {
            await using var recording = file.File.OpenRead();
            var engine = new SpeechEngine(_options.Url!, _options.Key, _options.Model, _options.Language);
            var text = Clean(await _engine.TranscribeAsync(engine, recording, file.Upload.Name, _options.Timeout, cancellationToken));
            return text.Length > 0 ? text : "Nothing is said in this voice message.";
        }
        catch (FileNotFoundException)
        {
            return "The voice message is gone.";
        }
        catch (SpeechException failure)
        {
            _tasks.Note(failure.Message);
            return $"There is no text of this voice message. {failure.Message}";
        }
        finally
        {
            _places.Reader.TryRead(out _);
        }
    }

    /// <summary>What can stand in a message.</summary>
    private string Clean(string text)
    {
        var clean = new StringBuilder();
        foreach (var rune in text.Trim().EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > _options.TextLength)
                return clean.Append('…').ToString();
            if (rune.Value is '\n' or '\t' || !Rune.IsControl(rune) && rune.Value is not (0xFFFE or 0xFFFF))
                clean.Append(rune.ToString());
        }
        return clean.ToString();
    }
}
