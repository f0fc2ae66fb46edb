import asyncio
import inspect
import resource
import signal

import pytest

from pki import Authority
from prosody import Prosody
from xmppchat import TIMEOUT, Server

def pytest_addoption(parser):
    parser.addoption("--prosody", action="store_true", help="test the tests: run those of instant messaging against Debian's Prosody")


def pytest_configure():
    """SIGTERM stops the run like Ctrl-C does, so that the servers are stopped, too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """What Prosody is known to do differently fails with it, and has to."""
    if config.getoption("--prosody"):
        for item in items:
            if marker := item.get_closest_marker("prosody_differs"):
                item.add_marker(pytest.mark.xfail(reason=marker.args[0], strict=True))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Runs `async def` tests."""
    if inspect.iscoroutinefunction(pyfuncitem.obj):
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), 4 * TIMEOUT))
        return True
    return None


@pytest.fixture
def note(record_property):
    """note(text) puts a measured figure into the summary."""
    return lambda text: record_property("note", text)


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "note":
                terminalreporter.write_line(f"note: {text}")


@pytest.fixture(scope="session", autouse=True)
def open_files():
    """As many as one may have: some tests open thousands of connections, and the servers inherit it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A CA whose client certificates the servers accept."""
    return Authority(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="session")
def start(tmp_path_factory, open_files):
    """start(name, **options) starts a server; all stop in the end, which fails when one doesn't or has logged an error."""
    servers = []

    def start_server(name, **options):
        server = Server(name, tmp_path_factory.mktemp(name), **options)
        servers.append(server)
        return server.start()

    yield start_server
    failures = []
    for server in servers:
        try:
            server.stop()
        except AssertionError as failure:
            failures.append(str(failure))
        finally:
            server.kill()
    assert not failures, "\n".join(failures)


def everything_allowed(authority):
    return {
        "tls": {"clientCertificateAuthorities": str(authority.certificate)},
        "authentication": {
            "mechanisms": [
                "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "EXTERNAL",
                "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "ANONYMOUS",
            ]
        },
    }  # fmt: skip


@pytest.fixture(scope="session")
def server(request, start, authority):
    """The server that most tests share."""
    if request.config.getoption("--prosody"):
        return request.getfixturevalue("prosody")
    return start("xmppchat", **everything_allowed(authority))


@pytest.fixture(scope="session")
def prosody(tmp_path_factory):
    server = Prosody(tmp_path_factory.mktemp("prosody"))
    yield server.start()
    server.stop()


@pytest.fixture(scope="session")
def strict_server(start):
    """Offers what is offered by default, and has the narrowest limits."""
    return start(
        "strict",
        authentication={"maxFailures": 3, "maxFailuresPerAddress": 6},
        limits={
            "stanzaBytes": 10_000,
            "unauthenticatedStanzaBytes": 10_000,
            "depth": 8,
            "attributes": 8,
            "connectionsPerAddress": 5,
            "sessionsPerAccount": 2,
            "outputBytes": 65_536,
            "sessionBytesPerSecond": 0,
        },
    )


@pytest.fixture(scope="session", params=["openssl", "sslstream"])
def tls_server(request, start, authority):
    """One server for each TLS engine: both have to do the same."""
    options = everything_allowed(authority)
    options["tls"]["engine"] = request.param
    server = start(request.param, **options)
    server.engine = request.param
    return server


@pytest.fixture(scope="session")
def romeo(server):
    return server.add_user(name="romeo")


@pytest.fixture(scope="session")
def juliet(server):
    return server.add_user(name="juliet")
