"""The server of the desktop's tests: the clients find an HTTP server there, too."""

import pytest

from xmppchat import WEB_CHAT, free_port


@pytest.fixture(scope="session")
def server(start):
    port = free_port()
    server = start(
        "desktop",
        http={"listeners": [{"address": "127.0.0.1", "port": port}]},
        modules={"webChat": {"files": str(WEB_CHAT)}},
    )
    server.web = f"https://localhost:{port}"
    return server
