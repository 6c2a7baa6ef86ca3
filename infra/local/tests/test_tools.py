"""The smaller parts: packing, ports, locks, counting, deployment parameters, the demo's errors."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from infra.local import (
    checks,
    control,
    demo,
    install,
    processes,
    standstill,
    supervisor,
    testrun,
)
from infra.local import instance as instance_module
from infra.local.instance import Instance, local_instance
from infra.local.processes import Record, Running
from infra.local.progress import Problem, step, took

ROOT = Path(__file__).resolve().parents[3]


def test_a_taken_port_is_named_with_its_holder_and_the_way_out() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Problem) as caught:
            processes.check_port(port, "PORT", "run")
    assert str(port) in caught.value.what
    assert str(os.getpid()) in caught.value.what
    assert f"PORT={port + 1} make run" in caught.value.remedy
    processes.check_port(port, "PORT", "run")


@pytest.mark.parametrize("text", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(SystemExit, match=f"PORT={text}"):
        local_instance()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"supervisor": {}}', '{"supervisor": {"pid": 1}, "port": 2}'])
def test_a_half_written_record_counts_as_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "running.json"
    file.write_text(text)
    assert Running.load(file) is None


def test_a_process_id_that_was_given_again_is_not_taken_for_ours(tmp_path: Path) -> None:
    me = Record.of(os.getpid())
    file = tmp_path / "running.json"
    Running(me, Record(me.pid, me.created - 100), None, 1, 2, 3).save(file)
    loaded = Running.load(file)
    assert loaded is not None
    assert [process.pid for process in loaded.processes()] == [me.pid]


def test_a_lock_is_held_once_and_free_after_a_kill(tmp_path: Path) -> None:
    instance = Instance("local", tmp_path, 1, 2, 3)
    code = (
        "import sys; from pathlib import Path; from infra.local.control import try_lock; "
        "from infra.local.instance import Instance; l = try_lock(Instance('local', Path(sys.argv[1]), 1, 2, 3), 'lock'); "
        "print(l is not None, flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    assert control.try_lock(instance, "lock") is None
    holder.kill()
    holder.communicate()
    lock = control.try_lock(instance, "lock")
    assert lock is not None
    lock.close()


CARGO = "test result: ok. 12 passed; 0 failed; 1 ignored;\n…\ntest result: FAILED. 3 passed; 2 failed; 0 ignored;\n"


def test_tests_are_counted() -> None:
    assert checks.count_cargo(CARGO) == (15, 2)
    assert checks.count_cargo("error: could not compile") == (0, 0)
    assert checks.count_pytest("....\n12 passed, 1 skipped in 0.3s\n") == (12, 0)
    assert checks.count_pytest("1 failed, 2 passed, 1 error in 0.3s") == (2, 2)
    assert checks.count_pytest("") == (0, 0)


@pytest.mark.parametrize(
    ("code", "counted", "tally"),
    [
        ("pass", False, "0 passed, 0 failed"),
        ("raise SystemExit(3)", False, "0 passed, 1 failed"),
        ("print('2 passed in 1s')", True, "2 passed, 0 failed"),
        ("print('no tests ran in 1s')", True, "0 passed, 1 failed"),
        ("print('1 failed, 2 passed in 1s'); raise SystemExit(1)", True, "2 passed, 1 failed"),
        ("print('2 passed in 1s'); raise SystemExit(1)", True, "2 passed, 1 failed"),
    ],
)
def test_a_failure_is_never_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, counted: bool, tally: str) -> None:
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    total = checks.Tally()
    check = checks.Check("a check", [sys.executable, "-c", code], checks.count_pytest if counted else None)
    assert checks.perform(check, total, tmp_path) == (total.failed == 0)
    assert str(total) == tally


FAILING = "test a ... ok\ntest b ... FAILED\ntest result: FAILED. 1 passed; 1 failed;\n"


@pytest.mark.parametrize(
    ("second", "tally", "unsteady"),
    [
        ("test b ... ok\ntest result: ok. 1 passed; 0 failed;", "2 passed, 0 failed", True),
        ("test b ... FAILED\ntest result: FAILED. 0 passed; 1 failed;", "1 passed, 1 failed", False),
        ("test result: ok. 0 passed; 0 failed;", "1 passed, 1 failed", False),
    ],
)
def test_what_fails_twice_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second: str, tally: str, unsteady: bool
) -> None:
    monkeypatch.setattr(checks, "ROOT", tmp_path)

    def printing(text: str, status: int) -> list[str]:
        return [sys.executable, "-c", f"print({text!r}); raise SystemExit({status})"]

    asked: list[str] = []

    def again(output: str) -> list[str]:
        asked.extend(checks.failed_of_cargo(output))
        return printing(second, int("FAILED" in second))

    check = checks.Check("a check", printing(FAILING, 1), checks.count_cargo, again=again)
    total = checks.Tally()
    assert checks.perform(check, total, tmp_path) == unsteady
    assert (str(total), asked, bool(total.failures)) == (tally, ["b"], not unsteady)


@pytest.mark.parametrize(("failed", "runs"), [(0, False), (1, True), (20, True), (21, False)])
def test_few_failed_api_tests_run_again_and_nothing_else(failed: int, runs: bool) -> None:
    again = testrun._api_tests(instance_module.test_instance()).again
    assert again is not None
    command = again("test whole ... ok\n" + "".join(f"test part{n} ... FAILED\n" for n in range(failed)))
    assert [word for word in command if word.startswith("part")] == [f"part{n}" for n in range(failed if runs else 0)]
    assert bool(command) == runs


def test_a_machine_that_stands_still_is_noticed() -> None:
    watch = standstill.Watch()
    watch.judge(0.6, 0.6)
    assert watch.seen == []
    watch.judge(26.5, 26.5)
    watch.judge(0.5, 60.5)
    assert [line.split(" ", 1)[1] for line in watch.seen] == [
        "the machine stood still for 26 s",
        "the machine's clock jumped by +60 s",
    ]


def test_a_cloud_that_is_mute_is_noticed() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with standstill.Watch(f"http://127.0.0.1:{closed.getsockname()[1]}/") as watch:
            deadline = time.monotonic() + 10
            while not watch.seen and time.monotonic() < deadline:
                time.sleep(0.05)
    assert "the local cloud did not answer" in watch.seen[0]


def test_of_the_functions_logs_only_complaints_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('12:00:00 a {"level":"INFO"}\n12:00:01 b {"level":"ERROR"}\n12:00:02 c thread panicked\n')
    assert [line.split()[2] for line in testrun.complaints(log).splitlines()] == ["b", "c"]
    log.write_text("")
    assert testrun.complaints(log) == "  nothing"


def test_a_complaint_made_often_is_shown_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("".join(f'12:00:0{n} a {{"level":"WARN","at":"{n}"}}\n' for n in range(3)) + "12:00:04 b panicked\n")
    assert testrun.complaints(log) == '  3× 12:00:02 a {"level":"WARN","at":"2"}\n  1× 12:00:04 b panicked'


FAILED_CARGO = """
failures:

---- tasks::quiet stdout ----

---- tasks::create stdout ----

thread 'tasks::create' (12) panicked at tests/api/tasks.rs:7:5:
assertion `left == right` failed: made
  left: 503
---- user::name stdout ----
sent something first
thread 'user::name' panicked at tests/api/user.rs:9:1:
no mail

failures:
    tasks::create
"""


def test_what_failed_is_named_at_the_end() -> None:
    assert checks.culprits(FAILED_CARGO) == [
        "tasks::create at tests/api/tasks.rs:7: assertion `left == right` failed: made",
        "user::name at tests/api/user.rs:9: no mail",
    ]
    assert checks.culprits("..F\nFAILED infra/a.py::test_b - assert 1 == 2\n1 failed") == ["infra/a.py::test_b - assert 1 == 2"]
    assert checks.culprits("✔ one (3ms)\n✖ another (4ms)\n") == ["another (4ms)"]
    assert checks.culprits("all is well") == []


def test_an_old_python_rust_or_node_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.setattr(install, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(SystemExit):
        install.check_python()
    monkeypatch.setattr(install.shutil, "which", lambda _name: None)
    for check in (install.check_rust, install.check_node):
        with pytest.raises(SystemExit):
            check()
    monkeypatch.setattr(install.shutil, "which", lambda name: name)
    monkeypatch.setattr(install, "output", lambda command: {"rustc": "rustc 1.0.0 (abc)", "node": "v18.20.1"}[command[0]])
    for check in (install.check_rust, install.check_node):
        with pytest.raises(SystemExit):
            check()
    for text in ("is too old: 3.11", "https://rustup.rs", "rustup update", "https://nodejs.org", "Node.js 18 is too old: 20"):
        assert text in said.getvalue()


def test_the_demo_fails_with_its_reason_when_nothing_answers() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    done = subprocess.run(
        [sys.executable, "infra/local/demo.py"], cwd=ROOT, env={"BASE_URL": url}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "make run" in done.stderr


def test_the_demo_asks_the_running_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo, "RUNNING", tmp_path / "running.json")
    assert demo.running_port() == 3000
    (tmp_path / "running.json").write_text('{"port": 3001}')
    assert demo.running_port() == 3001


def test_a_function_that_is_none_has_no_logs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Problem) as caught:
        control.logs("task-create")
    assert "no function task-create" in caught.value.what
    assert "tasks-create" in caught.value.remedy
    with pytest.raises(Problem) as caught:
        control.logs("xyzzy")
    assert "ls events" in caught.value.remedy


@pytest.mark.parametrize("variable", ["PORT", "CLOUD_PORT", "OIDC_PORT"])
def test_another_port_is_refused_while_the_system_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str) -> None:
    instance = Instance("local", tmp_path, 3000, 4566, 4580)
    instance.make_directories()
    control.remember(instance, ready=True)
    monkeypatch.setattr(instance_module, "LOCAL", tmp_path)
    monkeypatch.setenv(variable, "9999")
    with pytest.raises(Problem) as caught:
        supervisor.update()
    assert f"{variable}=" in caught.value.what
    assert f"{variable}=9999 make run" in caught.value.remedy


@pytest.mark.parametrize("target", ["stop", "reset"])
def test_in_a_fresh_clone_nothing_runs(target: str) -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", target, "PY=/nonexistent"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Nothing is running")


def test_a_running_line_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        drawn = threading.Event()

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> int:
            self.drawn.set()
            return super().write(text)

    out = Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "40")
    with step("compiling") as running:
        running.note = "a note that is wider than the terminal by far"
        assert out.drawn.wait(timeout=10)
        line = out.getvalue().rpartition("\033[K")[2]
    assert len(line) == 39


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (59.4, "59.4 s"), (125, "2 min 05 s")])
def test_durations_are_for_people(seconds: float, text: str) -> None:
    assert took(seconds) == text


def test_lanes_run_at_the_same_time_and_each_in_order() -> None:
    meeting = threading.Barrier(2, timeout=10)
    done: list[str] = []
    checks.side_by_side(
        [meeting.wait, lambda: done.append("first"), meeting.wait, meeting.wait],
        [meeting.wait, meeting.wait, lambda: done.append("second"), meeting.wait],
    )
    assert done == ["first", "second"]


def test_a_lane_that_fails_lets_the_others_end() -> None:
    done: list[str] = []

    def fail() -> None:
        raise Problem("The first time needs the network.")

    for lanes in ([fail, lambda: done.append("never")], [lambda: done.append("whole")]), ([lambda: done.append("whole")], [fail]):
        with pytest.raises(Problem, match="network"):
            checks.side_by_side(*lanes)
    assert done == ["whole", "whole"]


def test_an_interruption_ends_the_checks_of_every_lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    waiting = checks.Check("waits", [sys.executable, "-c", "import time; open('up', 'w'); time.sleep(60)"])
    total = checks.Tally()

    def interrupt() -> None:
        while not (tmp_path / "up").exists():
            time.sleep(0.05)
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        checks.side_by_side([interrupt], [*checks.performing([waiting, waiting], total, tmp_path)])
    assert time.monotonic() - started < 30
    assert len(total.failures) == 1
