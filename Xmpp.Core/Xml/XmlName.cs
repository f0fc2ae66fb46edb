namespace Xmpp.Core.Xml;

/// <summary>An expanded name: namespace name and local name (Namespaces in XML 1.0 §2.1). The empty namespace is "".</summary>
public readonly record struct XmlName(string Namespace, string Local)
{
    public override string ToString() => Namespace.Length == 0 ? Local : $"{{{Namespace}}}{Local}";
}
