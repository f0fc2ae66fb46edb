using Xmpp.Server.Hosting;

namespace Xmpp.Server.Modules;

/// <summary>
/// Loads modules by the configuration. A reload keeps every module whose options are as before, so that what it holds
/// survives; one that goes takes with it all that it registered.
/// </summary>
internal sealed class ModuleHost(IReadOnlyList<ModuleEntry> catalog, ModuleServices services)
{
    private readonly Dictionary<string, (object? Options, ModuleRegistration Registration)> _loaded = [];

    /// <summary>Makes the loaded modules those that the options ask for.</summary>
    public ModuleTable Apply(ModuleOptions options)
    {
        foreach (var entry in catalog)
        {
            if (options.Disabled.Contains(entry.Name))
            {
                _loaded.Remove(entry.Name);
                continue;
            }
            var own = entry.Options?.Invoke(options);
            if (_loaded.TryGetValue(entry.Name, out var loaded) && ConfigurationChanges.AreEqual(loaded.Options, own))
                continue;
            var registration = new ModuleRegistration(entry.Name);
            entry.Create(services, options).Register(registration);
            _loaded[entry.Name] = (own, registration);
        }
        return new ModuleTable(catalog.Where(entry => _loaded.ContainsKey(entry.Name)).Select(entry => _loaded[entry.Name].Registration));
    }
}
