using Xmpp.Server.Hosting;

namespace Xmpp.Server.Modules;

/// <summary>
/// Loads modules by the configuration. A reload keeps every module whose options are as before, so that what it holds
/// survives; one that goes takes with it all that it registered.
/// </summary>
internal sealed class ModuleHost(IReadOnlyList<ModuleEntry> catalog, ModuleServices services)
{
    /// <summary>The modules that the options ask for. The present table stays as it is, should the reload come to nothing.</summary>
    public ModuleTable Load(ModuleOptions options, ModuleTable? present) => new(catalog
        .Where(entry => !options.Disabled.Contains(entry.Name))
        .Select(entry => Load(entry, options, present?.Find(entry.Name))));

    private ModuleRegistration Load(ModuleEntry entry, ModuleOptions options, ModuleRegistration? present)
    {
        var own = entry.Options?.Invoke(options);
        if (present is not null && ConfigurationChanges.AreEqual(present.Options, own))
            return present;
        var registration = new ModuleRegistration(entry.Name, own);
        entry.Create(services, options).Register(registration);
        return registration;
    }
}
