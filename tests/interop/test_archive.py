"""Message archives (XEP-0313) with slixmpp: 10,000 messages, page by page, in both directions; and read before what waits comes."""

import slixmpp

from people import Person, Reader
from raw import CLIENT, bound
from xmppchat import TIMEOUT

MANY = 10_000
MAM = "{urn:xmpp:mam:2}"
RSM = "{http://jabber.org/protocol/rsm}"


def speak(server, account, to, bodies):
    """Says something to somebody as fast as possible."""
    with bound(server, account) as stream:
        stream.send("".join(f"<message to='{to}' type='chat'><body>{body}</body></message>" for body in bodies))
        stream.ping()


async def test_ten_thousand_messages_are_read_in_pages_both_ways(server):
    romeo, account = server.new_accounts(2)
    numbers = [str(number) for number in range(MANY)]
    speak(server, romeo, account.jid, numbers)
    async with Reader(server, account, available=False) as juliet:
        assert await juliet.read(rsm={"max": 250}) == numbers
        assert await juliet.read(reverse=True, rsm={"max": 250}) == numbers[::-1]
        assert await juliet.read(jid=account.jid, with_jid=romeo.jid, rsm={"max": 100}, total=300) == numbers[:300]
        assert await juliet.read(with_jid="nobody@localhost") == []

        metadata = (await juliet["xep_0313"].get_archive_metadata(timeout=TIMEOUT))["mam_metadata"]
        middle = metadata["start"]["timestamp"] + (metadata["end"]["timestamp"] - metadata["start"]["timestamp"]) / 2
        before, after = await juliet.read(end=middle, rsm={"max": 250}), await juliet.read(start=middle, rsm={"max": 250})
        both = set(before) & set(after)
        assert len(both) < 100 and [*before, *(number for number in after if number not in both)] == numbers

        fields = await juliet["xep_0313"].get_fields(timeout=TIMEOUT)
        assert {"with", "start", "end", "before-id", "after-id", "ids"} <= set(fields.get_fields())


async def test_flipped_pages_are_the_same_pages(server):
    romeo, juliet = server.new_accounts(2)
    speak(server, romeo, juliet.jid, range(MANY))
    with bound(server, juliet) as stream:
        position, bodies = "<before/>", []
        while True:
            stream.send(
                "<iq type='set' id='page'><query xmlns='urn:xmpp:mam:2'><flip-page/>"
                f"<set xmlns='http://jabber.org/protocol/rsm'><max>250</max>{position}</set></query></iq>"
            )
            page = []
            while (stanza := stream.receive()).tag == CLIENT + "message":
                page.append(stanza.find(MAM + "result"))
            assert stanza.get("type") == "result"
            fin = stanza.find(MAM + "fin")
            first, last = fin.findtext(f"{RSM}set/{RSM}first"), fin.findtext(f"{RSM}set/{RSM}last")
            # The last comes first, but is the last all the same.
            assert (page[0].get("id"), page[-1].get("id")) == (last, first)
            bodies += [result.findtext(f".//{CLIENT}body") for result in page]
            if fin.get("complete") == "true":
                break
            position = f"<before>{first}</before>"
        assert bodies == [str(number) for number in reversed(range(MANY))]


async def test_what_was_read_in_the_archive_does_not_come_again(server):
    romeo, account = server.new_accounts(2)
    speak(server, romeo, account.jid, range(120))
    async with Reader(server, account, available=False) as juliet:
        assert await juliet.read(rsm={"max": 50}) == [str(number) for number in range(120)]
        speak(server, romeo, account.jid, ["and", "then"])
        await juliet.become_available()
        # They come when what she has from the archive has been passed over.
        await juliet.take(lambda stanza: isinstance(stanza, slixmpp.Message) and stanza["body"] == "then", "the last message")
        # Results of the archive are messages without a body.
        assert [body for body in await juliet.bodies(after=juliet) if body] == ["and"]
    async with Person(server, account) as again:
        assert await again.bodies(after=again) == []
