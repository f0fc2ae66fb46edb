namespace Xmpp.Storage;

/// <summary>Remembers what fails, for reads and writes apart, and tells when an outage begins and ends.</summary>
/// <param name="changed">Called when the first of both fails and when both work again.</param>
internal sealed class StoreHealth(Action changed)
{
    private readonly Lock _gate = new();
    private string? _readProblem;
    private string? _writeProblem;
    private string? _damage;

    /// <summary>The last failure in words; null when all is well.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
                return _damage ?? _writeProblem ?? _readProblem;
        }
    }

    public void ReadFailed(string problem) => Set(ref _readProblem, problem);

    public void ReadSucceeded() => Set(ref _readProblem, null);

    public void WriteFailed(string problem) => Set(ref _writeProblem, problem);

    public void WriteSucceeded() => Set(ref _writeProblem, null);

    /// <summary>Unlike a failure, damage is not over because something else works.</summary>
    public void Damaged(string problem) => Set(ref _damage, problem);

    private void Set(ref string? problem, string? value)
    {
        // Told under the lock, so that the end of an outage never comes before its beginning.
        lock (_gate)
        {
            var wasHealthy = Problem is null;
            problem = value;
            if (wasHealthy != Problem is null)
                changed();
        }
    }
}
