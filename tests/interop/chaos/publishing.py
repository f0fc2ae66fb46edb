"""Kills the server while clients publish to nodes of a service and of their accounts, and others listen (XEP-0060, XEP-0163); again and
again. Then each item is there whose publication was acknowledged, none whose retraction was, and nobody was told of an item that isn't
there, or was told that one is gone that is.

    /usr/bin/python3 tests/interop/chaos/publishing.py [--store sqlite|mongodb] [--rounds 3] [--publishers 40] [--listeners 10]

docs/reliability.md has figures.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import xmppchat  # noqa: E402
from crowd import CUT, Session  # noqa: E402
from mongodb import Engine  # noqa: E402

PUBSUB = "http://jabber.org/protocol/pubsub"
EVENT = f"{{{PUBSUB}#event}}"
SERVICE = "pubsub.localhost"
FORM = (
    f"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>{PUBSUB}#node_config</value></field>"
    "<field var='pubsub#max_items'><value>max</value></field><field var='pubsub#access_model'><value>open</value></field></x>"
)


class Node:
    """What is known of one: what was acknowledged, what is under way, and what listeners were told."""

    def __init__(self, owner, name):
        self.owner, self.name = owner, name
        self.written, self.there, self.gone, self.under_way = 0, set(), set(), None
        self.told_there, self.told_gone = set(), set()

    def problems(self, found):
        # What is asked for without an answer may have happened or not.
        wanted = self.there - {self.under_way}
        for what, items in (
            ("acknowledged, and not there", wanted - found),
            ("retracted, and there", self.gone & found),
            ("told of, and not there", self.told_there - self.told_gone - self.gone - {self.under_way} - found),
            ("told to be gone, and there", self.told_gone & found),
            ("never published, and there", found - {str(number) for number in range(1, self.written + 1)}),
        ):
            if items:
                yield f"{self.name} of {self.owner}: {len(items)} {what}: {sorted(items)[:5]}"


class Publisher:
    """Publishes to a node of the service, or to one of the own account, and takes some items back."""

    def __init__(self, server, account, is_personal):
        self.server, self.account = server, account
        self.node = Node(account.jid if is_personal else SERVICE, "urn:chaos" if is_personal else f"chaos-{account.local}")
        self.mistakes = []

    def make(self):
        session = Session(self.server, self.account)
        session.ask(request(self.node.owner, "set", f"<create node='{self.node.name}'/><configure>{FORM}</configure>"))
        session.leave()

    def work(self, stop):
        node = self.node
        try:
            session = Session(self.server, self.account)
            while not stop.is_set():
                if node.there and random.random() < 0.2:
                    node.under_way = random.choice(sorted(node.there))
                    session.ask(request(
                        node.owner, "set", f"<retract node='{node.name}' notify='1'><item id='{node.under_way}'/></retract>"
                    ))  # fmt: skip
                    node.there.discard(node.under_way)
                    node.gone.add(node.under_way)
                else:
                    node.written += 1
                    node.under_way = str(node.written)
                    item = f"<item id='{node.written}'><n xmlns='urn:chaos'>{'x' * random.randrange(500)}</n></item>"
                    session.ask(request(node.owner, "set", f"<publish node='{node.name}'>{item}</publish>"))
                    node.there.add(node.under_way)
                node.under_way = None
        except CUT:
            pass
        except Exception as mistake:
            self.mistakes.append(f"{self.account.jid}: {mistake!r}")

    def look(self):
        """Reads the node page by page, and takes what is there for the truth from now on."""
        session, found, after = Session(self.server, self.account), set(), ""
        while True:
            page = f"<set xmlns='http://jabber.org/protocol/rsm'><max>100</max>{after}</set>"
            answer = session.ask(request(self.node.owner, "get", f"<items node='{self.node.name}'/>{page}"))
            items = [item.get("id") for item in answer.iter(f"{{{PUBSUB}}}item")]
            found |= set(items)
            if len(items) < 100:
                break
            after = f"<after>{items[-1]}</after>"
        session.leave()
        node, problems = self.node, [*self.node.problems(found), *self.mistakes]
        node.there, node.gone, node.under_way = found, node.gone | (node.there - found), None
        node.told_there, node.told_gone, self.mistakes = set(), set(), []
        return problems


class Listener:
    """Hears of all nodes of the service, as a subscriber."""

    def __init__(self, server, account, nodes):
        self.server, self.account, self.nodes, self.heard = server, account, nodes, 0

    def subscribe(self):
        session = Session(self.server, self.account)
        for node in self.nodes.values():
            session.ask(request(node.owner, "set", f"<subscribe node='{node.name}' jid='{self.account.jid}'/>"))
        session.leave()

    def work(self, stop):
        with contextlib.suppress(*CUT):
            session = Session(self.server, self.account)
            session.send("<presence/>")
            while (stanza := session.receive()) is not None:
                for items in stanza.iter(f"{EVENT}items"):
                    node = self.nodes[stanza.get("from"), items.get("node")]
                    for item in items:
                        self.heard += 1
                        (node.told_gone if item.tag == f"{EVENT}retract" else node.told_there).add(item.get("id"))


def request(to, kind, content):
    return f"<iq type='{kind}' id='ask' to='{to}'><pubsub xmlns='{PUBSUB}'>{content}</pubsub></iq>"


def run(server, arguments):
    accounts = server.new_accounts(arguments.publishers + arguments.listeners)
    publishers = [Publisher(server, account, number % 2 == 0) for number, account in enumerate(accounts[: arguments.publishers])]
    for publisher in publishers:
        publisher.make()
    nodes = {(publisher.node.owner, publisher.node.name): publisher.node for publisher in publishers}
    listeners = [Listener(server, account, nodes) for account in accounts[arguments.publishers :]]
    for listener in listeners:
        listener.subscribe()
    problems, moments = [], random.Random(arguments.seed)
    for number in range(1, arguments.rounds + 1):
        stop = threading.Event()
        threads = [threading.Thread(target=one.work, args=[stop], daemon=True) for one in (*listeners, *publishers)]
        for thread in threads:
            thread.start()
        time.sleep(moments.uniform(2, 4))
        server.kill()
        stop.set()
        for thread in threads:
            thread.join(xmppchat.TIMEOUT)
        server.start()
        for publisher in publishers:
            problems += publisher.look()
        done = sum(publisher.node.written for publisher in publishers)
        gone = sum(len(publisher.node.gone) for publisher in publishers)
        heard = sum(listener.heard for listener in listeners)
        print(f"round {number}: {done} items published, {gone} retracted, {heard} notifications; {len(problems)} problems", flush=True)
    print(f"{arguments.rounds} kills, {arguments.store}; acknowledged: {done} items published, {gone} of them taken back; "
          f"{heard} notifications; missing or untrue: {len(problems)}")  # fmt: skip
    return problems


def main():
    parser = argparse.ArgumentParser(prog="publishing.py", description=__doc__.splitlines()[0])
    parser.add_argument("--store", choices=["sqlite", "mongodb"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--publishers", type=int, default=40)
    parser.add_argument("--listeners", type=int, default=10)
    parser.add_argument("--seed", type=int, default=None, help="of the moments of death")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        server = xmppchat.Server("chaos", stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        server.options["listeners"][0]["tls"] = "none"
        if arguments.store == "mongodb":
            engine = Engine()
            stack.callback(engine.stop)
            server.options |= {"store": "mongodb", "mongodb": {"uri": engine.uri}}
        stack.callback(server.kill)
        server.start()
        problems = run(server, arguments)
        server.stop()
    for problem in problems[:20]:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
