using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Xmpp.Server.Control;

namespace Xmpp.Ctl;

/// <summary>Writes results: tables and sentences for people, JSON for scripts.</summary>
internal sealed class Output(Terminal terminal, bool asJson)
{
    private static readonly JsonSerializerOptions JsonOptions = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JidConverter(), new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    private static readonly Padding Gap = new(0, 0, 2, 0);

    private static readonly JsonSerializerOptions LineOptions = new(JsonOptions) { WriteIndented = false };

    public bool IsJson => asJson;

    /// <summary>A sentence, or the value that it speaks of.</summary>
    public void Say(string sentence, object value)
    {
        if (asJson)
            Json(value);
        else
            terminal.Out.WriteLine(sentence);
    }

    public void Json(object value) => terminal.Out.WriteLine(JsonSerializer.Serialize(value, JsonOptions));

    /// <summary>A value on a line of its own, or its text.</summary>
    public void Line(string text, object value) =>
        terminal.Out.WriteLine(asJson ? JsonSerializer.Serialize(value, LineOptions) : text);

    /// <summary>A row for each item below the column heads; in JSON, an array of the items.</summary>
    public void Table<T>(IReadOnlyCollection<T> items, string[] heads, Func<T, IEnumerable<string>> cells)
    {
        if (asJson)
        {
            Json(items);
            return;
        }
        var table = new Table { Border = TableBorder.None };
        foreach (var head in heads)
            table.AddColumn(
                new TableColumn(new Text(head, new Style(decoration: Decoration.Bold))) { NoWrap = terminal.Width is null, Padding = Gap });
        foreach (var item in items)
            table.AddRow(cells(item).Select(IRenderable (cell) => new Text(cell)));
        Write(table);
    }

    /// <summary>Names and their values, one below the other; in JSON, the object they are properties of.</summary>
    public void Properties(object value, IEnumerable<(string Name, string Value)> properties)
    {
        if (asJson)
        {
            Json(value);
            return;
        }
        var grid = new Grid();
        grid.AddColumn(new GridColumn { NoWrap = true, Padding = Gap });
        grid.AddColumn(new GridColumn { NoWrap = terminal.Width is null, Padding = Gap });
        foreach (var property in properties)
            grid.AddRow(new Text(property.Name, new Style(decoration: Decoration.Bold)), new Text(property.Value));
        Write(grid);
    }

    /// <summary>
    /// Shows how far some work is: on a terminal as a bar, elsewhere in a line on standard error for every tenth. Not in JSON.
    /// </summary>
    /// <param name="verb">What is done.</param>
    /// <param name="unit">What is counted.</param>
    /// <param name="work">Is given what to call with: done, of how much, and what just now.</param>
    public Task<T> ShowProgressAsync<T>(string verb, string unit, Func<Action<long, long, string>, Task<T>> work)
    {
        if (asJson)
            return work((_, _, _) => { });
        return terminal.Width is null ? work(ProgressLines(verb, unit)) : ShowBarAsync(verb, work);
    }

    public void Warn(string warning) => terminal.Error.WriteLine($"Warning: {warning}");

    public static string Date(DateTimeOffset? time) =>
        time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "never";

    public static string Duration(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Days} d {span.Hours} h"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Hours} h {span.Minutes} min"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.Seconds} s"),
    };

    private Action<long, long, string> ProgressLines(string verb, string unit)
    {
        const int Steps = 10;
        var told = 0L;
        return (done, total, what) =>
        {
            var step = total > 0 ? done * Steps / total : 0;
            if (step <= told)
                return;
            told = step;
            terminal.Error.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{verb} {what}: {done:N0} of {total:N0} {unit}, {100 * done / total} %"));
        };
    }

    private Task<T> ShowBarAsync<T>(string verb, Func<Action<long, long, string>, Task<T>> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal.Out),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        console.Profile.Width = terminal.Width!.Value;
        return console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                var bar = context.AddTask(verb);
                var result = await work((done, total, what) =>
                {
                    bar.Description = $"{verb} {what}";
                    bar.MaxValue = total;
                    bar.Value = done;
                });
                bar.Value = bar.MaxValue;
                return result;
            });
    }

    private void Write(IRenderable renderable)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(text),
            Ansi = terminal.Width is null ? AnsiSupport.No : AnsiSupport.Yes,
        });
        // Redirected output is read by programs, which don't expect a row on two lines.
        console.Profile.Width = terminal.Width ?? 1000;
        console.Write(renderable);
        foreach (var line in text.ToString().TrimEnd().Split('\n'))
            terminal.Out.WriteLine(line.TrimEnd());
    }
}
