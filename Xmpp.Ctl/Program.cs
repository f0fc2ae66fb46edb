using Xmpp.Ctl;

return (int)await XmppCtl.RunAsync(args, Terminal.OfProcess());
