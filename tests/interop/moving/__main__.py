"""Moves a large store from a file to SQLite, to MongoDB and back, kills what moves it in between, and compares what comes out.

    /usr/bin/python3 tests/interop/moving [--users 10000] [--contacts 500000] [--messages 1000000] [--mongodb URI] [--directory DIR]

Without --mongodb it goes from SQLite to SQLite. Prints a table of times and peak memory; docs/storage.md has figures.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.dont_write_bytecode = True

import generate  # noqa: E402
import xmppchat  # noqa: E402

MEGABYTE = 1 << 20
MOST_MEMORY = 300 * MEGABYTE


class Run:
    """One call of xmppctl: how long it took, and how much memory at most."""

    def __init__(self, config, *arguments, kill_at=None, environment=None):
        started = time.monotonic()
        process = subprocess.Popen(
            ["dotnet", xmppchat.CTL, *arguments, "--config", config],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            text=True,
        )
        self.killed = False
        complaints = []
        for line in process.stderr:
            complaints.append(line)
            percent = int(line.rsplit(",", 1)[1].strip(" %\n")) if line.rstrip().endswith("%") else 0
            if kill_at is not None and percent >= kill_at:
                process.send_signal(signal.SIGKILL)
                self.killed = True
                break
        self.output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - started
        self.cpu = usage.ru_utime + usage.ru_stime
        # The kernel's VmHWM, in KiB.
        self.memory = usage.ru_maxrss * 1024
        assert self.killed or process.returncode == 0, f"{arguments}: {self.output}{''.join(complaints)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--contacts", type=int, default=500_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--mongodb", help="connection string with an empty database")
    parser.add_argument("--directory", help="where to put files of some gigabytes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory, prefix="xmppchat-moving-") as directory:
        move(Path(directory), options)


def move(directory, options):
    config = directory / "xmppchat.json"
    config.write_text(json.dumps({"directory": ".", "hosts": [generate.HOST], "listeners": [{"address": "127.0.0.1", "port": 0}], "http": {"listeners": []}}))
    file = directory / "store"
    checksum, counts = generate.write(file, options.users, options.contacts, options.messages)
    print(f"{sum(counts.values()):,} records, {file.stat().st_size / MEGABYTE:,.0f} MB as a file\n")
    print("| | Seconds | CPU | Peak memory |\n|---|---|---|---|")
    first, last = f"sqlite:{directory / 'first.db'}", f"sqlite:{directory / 'last.db'}"
    middle = options.mongodb or f"sqlite:{directory / 'middle.db'}"
    name = "MongoDB" if options.mongodb else "SQLite"
    # Not on the command line: it may hold a password.
    environment = {"MIDDLE": middle}

    def step(what, *arguments, kill_at=None):
        run = Run(config, *arguments, kill_at=kill_at, environment=environment)
        print(f"| {what} | {run.seconds:.0f} | {run.cpu:.0f} | {run.memory / MEGABYTE:.0f} MB |", flush=True)
        assert run.memory < MOST_MEMORY, f"{what} took {run.memory / MEGABYTE:.0f} MB"
        return run

    step("import the file into SQLite", "store", "import", file, "--to", first)
    step(f"copy SQLite to {name}, killed on the way", "store", "copy", "--from", first, "--to", "env:MIDDLE", kill_at=30)
    run = step("the same again, to the end", "store", "copy", "--from", first, "--to", "env:MIDDLE", "--json")
    report = json.loads(run.output)
    assert report["resumedBehind"] is not None, "nothing was resumed"
    found = {kind: count for kind, count in report["counts"].items() if count}
    assert (report["sha256"], found) == (checksum, counts), f"{report} instead of {checksum} {counts}"
    step(f"copy {name} to SQLite", "store", "copy", "--from", "env:MIDDLE", "--to", last)
    step(f"export {name} to a file", "store", "export", directory / "again", "--from", "env:MIDDLE")
    run = step("export the last SQLite to a file", "store", "export", directory / "last", "--from", last, "--json")
    assert json.loads(run.output)["sha256"] == checksum, "something has changed on the way"
    same = subprocess.run(["bash", "-c", 'cmp <(tail -n +2 "$0") <(tail -n +2 "$1")', directory / "again", directory / "last"], check=False)
    assert same.returncode == 0, "the exports differ"

    for left in ("store", "again", "last"):
        (directory / left).unlink()
    config.write_text(
        json.dumps(
            {
                "directory": ".",
                "hosts": [generate.HOST],
                "listeners": [{"address": "127.0.0.1", "port": 0}],
                "http": {"listeners": []},
                "sqlite": {"file": "last.db"},
            }
        )
    )
    step("export the host by XEP-0227", "host", "export", generate.HOST, directory / "host.xml")
    for database in directory.glob("last.db*"):
        database.unlink()
    run = step("import it again", "host", "import", directory / "host.xml", "--json")
    imported = json.loads(run.output)
    assert (imported["users"], imported["contacts"], imported["messages"]) == (options.users, options.contacts, options.messages), imported
    print("\nAll counts and checksums agree.")


if __name__ == "__main__":
    main()
