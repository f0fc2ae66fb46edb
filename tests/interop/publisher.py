"""People who publish, and hear of what others publish (XEP-0060, XEP-0163)."""

import slixmpp
from slixmpp.xmlstream import ET

from people import Person
from xmppchat import TIMEOUT

PUBSUB = "{http://jabber.org/protocol/pubsub}"
EVENT = "{http://jabber.org/protocol/pubsub#event}"
MARKER = "urn:example:marker"


class Publisher(Person):
    """Somebody who publishes, and tells by capabilities (XEP-0115) what is of interest. `async with` is to be told before: `wants`."""

    def __init__(self, server, account, wants=(), **options):
        super().__init__(server, account, **options)
        for plugin in ("xep_0030", "xep_0060", "xep_0115", "xep_0163", "xep_0084", "xep_0153"):
            self.register_plugin(plugin)
        self.wants = wants

    async def become_available(self):
        for node in (*self.wants, MARKER):
            self["xep_0163"].add_interest(node)
        await self["xep_0115"].update_caps()
        await self.publish(MARKER, f"<marker xmlns='{MARKER}'/>")
        self.send_presence()
        await self.expect_presence_from(self.full)
        # By that the server has learnt what is wanted.
        await self.expect_event(MARKER, self.bare)

    async def publish(self, node, payload, item="current", at=None, **options):
        """`at`: a service; else the own account."""
        form = None
        if options:
            form = self["xep_0004"].make_form(ftype="submit")
            form.add_field("FORM_TYPE", ftype="hidden", value="http://jabber.org/protocol/pubsub#publish-options")
            for name, value in options.items():
                form.add_field(f"pubsub#{name}", value=value)
        return await self["xep_0060"].publish(at, node, id=item, payload=ET.fromstring(payload), options=form, timeout=TIMEOUT)

    async def items(self, of, node):
        answer = await self["xep_0060"].get_items(of, node, timeout=TIMEOUT)
        return {item.get("id"): item[0] for item in answer.xml.iter(f"{PUBSUB}item")}

    async def expect_event(self, node, sender=None):
        """The next notification of a node."""
        message = await self.take(
            lambda stanza: isinstance(stanza, slixmpp.Message) and any(
                items.get("node") == node for items in stanza.xml.iter(f"{EVENT}items")
            ) and (sender is None or stanza["from"].bare == sender), f"an event of {node}",
        )  # fmt: skip
        return next(message.xml.iter(f"{EVENT}item"))

    async def events(self, of=None):
        """The nodes of which nobody expected to hear; of one of another publisher's, up to what that one says now."""
        return [items.get("node") for stanza in await self._take_rest(of) for items in stanza.xml.iter(f"{EVENT}items")
                if items.get("node") != MARKER and (of is None or stanza["from"].bare == of.bare)]  # fmt: skip
