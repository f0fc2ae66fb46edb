"""A store moved by xmppctl as a process of its own, killed in between: what tests/interop/moving does with a large one."""

import subprocess
import sys
from pathlib import Path


def test_a_store_is_moved_whole_though_the_mover_is_killed():
    program = Path(__file__).parent / "moving"
    done = subprocess.run(
        [sys.executable, "-B", program, "--users", "300", "--contacts", "3000", "--messages", "30000"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0 and "All counts and checksums agree." in done.stdout, done.stdout + done.stderr
