"""What is installed and how: locks, wheel, Procfile, gunicorn's settings; no trace of the maker's machine."""

import ast
import importlib
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import KNOWN_SETTINGS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from odata_server.config import OTHER_VARIABLES, PLATFORM

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
RUNTIME, DEV = "requirements.txt", "requirements-dev.txt"
GUNICORN_CONF = ROOT / "odata_server" / "gunicorn_conf.py"

# Written apart, so that this file may be searched too.
TRACES = {
    "a package registry's host": (
        "pypi" + ".org",
        "python" + "hosted.org",
        "npm" + "js.org",
        "debian" + ".org",
    ),
    "an index option": (
        "--index" + "-url",
        "--extra-index" + "-url",
        "--find" + "-links ",
        "--trusted" + "-host",
    ),
    "a path of one machine": (
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/opt/" + "pypi",
        "/opt/" + "wheels",
        "/tmp/" + "venv",
    ),
}


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each package in a lock file."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    pins = [re.fullmatch(r"([\w.-]+)==([\w.!+]+)[^#]*?((?:\s+--hash=sha256:[0-9a-f]{64})*)\s*", line) for line in lines]
    assert all(pins), [line for line, pin in zip(lines, pins, strict=True) if not pin]
    return {canonicalize_name(pin[1]): (pin[2], pin[3].count("--hash")) for pin in pins if pin}


def group(name: str) -> Iterable[Requirement]:
    for item in PROJECT["dependency-groups"][name]:
        if isinstance(item, str):
            yield Requirement(item)
        else:
            yield from group(item["include-group"])


DEPENDENCIES = [Requirement(line) for line in PROJECT["project"]["dependencies"]]


@pytest.mark.parametrize(
    ("lock", "requirement"),
    [
        pytest.param(lock, requirement, id=f"{requirement.name}-{lock}")
        for lock, requirements in (
            (RUNTIME, [*DEPENDENCIES, *group("build")]),
            (DEV, {r.name: r for r in (*DEPENDENCIES, *group("dev"))}.values()),
        )
        for requirement in requirements
    ],
)
def test_locks_cover_what_pyproject_asks_for(lock: str, requirement: Requirement) -> None:
    version, _ = locked(lock).get(canonicalize_name(requirement.name), ("", 0))
    assert version, "missing: run `make lock`"
    assert requirement.specifier.contains(version, prereleases=True), f"{version} locked: run `make lock`"


@pytest.mark.parametrize("lock", [RUNTIME, DEV])
def test_every_pin_has_hashes(lock: str) -> None:
    assert [name for name, (_, hashes) in locked(lock).items() if not hashes] == []


def test_tests_run_on_what_is_deployed() -> None:
    assert locked(RUNTIME).items() <= locked(DEV).items()


def own_files() -> list[Path]:
    """Every file that is or would be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


@pytest.mark.parametrize(("what", "needles"), [pytest.param(*item, id=item[0]) for item in TRACES.items()])
def test_no_trace_of_the_machine(what: str, needles: tuple[str, ...]) -> None:
    pattern = re.compile("|".join(map(re.escape, needles)).encode())
    found = {
        f"{path.relative_to(ROOT)}: {hit[0].decode()}"
        for path in own_files()
        for hit in pattern.finditer(path.read_bytes())
    }
    assert not found, f"{what}: {sorted(found)}"


def test_no_script_hides_failures() -> None:
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in text
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0


@pytest.mark.parametrize("target", ["help", "install", "install-dev", "demo", "test", "check", "bench", "lock"])
def test_makefile_has_the_target(target: str) -> None:
    command = ["make", "--no-print-directory", "--dry-run", target]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in a freshly built wheel."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    built = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_wheel_holds_the_packages_and_nothing_else(wheel: list[str]) -> None:
    assert {name.split("/")[0] for name in wheel if ".dist-info/" not in name} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_says_that_it_is_typed(wheel: list[str], package: str) -> None:
    assert f"{package}/py.typed" in wheel


@pytest.mark.parametrize("suffix", [".toml", ".html", ".css", ".py"])
def test_wheel_holds_every_file_of_the_packages(wheel: list[str], suffix: str) -> None:
    expected = {
        str(path.relative_to(ROOT))
        for path in own_files()
        if path.suffix == suffix and path.relative_to(ROOT).parts[0] in PACKAGES
    }
    assert expected <= set(wheel)


def test_console_script_exists() -> None:
    module, _, attribute = PROJECT["project"]["scripts"]["erp-odata"].partition(":")
    assert callable(getattr(importlib.import_module(module), attribute))


def procfile() -> dict[str, list[str]]:
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {kind: shlex.split(command) for kind, _, command in (line.partition(": ") for line in lines)}


def test_procfile_web_is_importable() -> None:
    program, *arguments, target = procfile()["web"]
    assert (program, arguments) == ("gunicorn", ["-c", str(GUNICORN_CONF.relative_to(ROOT))])
    match = re.fullmatch(r"([\w.]+):(\w+)\(\)", target)
    assert match
    assert callable(getattr(importlib.import_module(match[1]), match[2]))


def test_procfile_release_runs() -> None:
    # Platforms install requirements.txt and not this package, so there is no console script to call.
    python, *arguments = procfile()["release"]
    assert python == "python"
    command = [sys.executable, *arguments, "--help"]
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def gunicorn_values(monkeypatch: pytest.MonkeyPatch, path: Path, **environment: str) -> dict[str, Any]:
    """What gunicorn_conf.py sets in an environment of these variables alone, in an empty directory."""
    for name in [name for name in os.environ if name in PLATFORM or name.startswith("ERP_ODATA_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(path)
    return runpy.run_path(str(GUNICORN_CONF))


def test_gunicorn_knows_every_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tree = ast.parse(GUNICORN_CONF.read_text(encoding="utf-8"))
    public = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    values = gunicorn_values(monkeypatch, tmp_path)
    settings = {name for name in public & values.keys() if name.islower() and not name.startswith("_")}
    assert "limit_request_line" in settings
    assert settings <= {setting.name for setting in KNOWN_SETTINGS}


def test_gunicorn_stays_on_loopback_unless_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = gunicorn_values(monkeypatch, tmp_path)
    assert values["bind"] == "127.0.0.1:8000"
    assert (values["worker_class"], values["workers"], values["threads"]) == ("odata_server.worker.Worker", 2, 8)
    assert (values["timeout"], values["graceful_timeout"], values["keepalive"]) == (30, 20, 95)
    assert (values["max_requests"], values["max_requests_jitter"]) == (10_000, 1_000)
    assert values["limit_request_line"] == 8190
    assert values["control_socket_disable"] is True


def test_gunicorn_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    values = gunicorn_values(monkeypatch, tmp_path, PORT="5000", WEB_CONCURRENCY="3", ERP_ODATA_THREADS="4")
    assert (values["bind"], values["workers"], values["threads"]) == ("0.0.0.0:5000", 3, 4)


def test_gunicorn_writes_ipv6_in_brackets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert gunicorn_values(monkeypatch, tmp_path, ERP_ODATA_HOST="::1")["bind"] == "[::1]:8000"


@pytest.mark.parametrize(
    ("variable", "value"), [("ERP_ODATA_THREADS", "many"), ("ERP_ODATA_KEEPALIVE", "-1"), ("PORT", "none")]
)
def test_gunicorn_names_the_faulty_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(SystemExit, match=variable):
        gunicorn_values(monkeypatch, tmp_path, **{variable: value})


@pytest.mark.parametrize(
    ("anonymous", "address", "starts"),
    [
        (True, ("127.0.0.1", 8000), True),
        (True, ("::1", 8000), True),
        (True, "/run/erp-odata.sock", True),
        (True, ("0.0.0.0", 8000), False),
        (True, ("10.0.0.1", 8000), False),
        (False, ("0.0.0.0", 8000), True),
    ],
)
def test_no_bind_option_exposes_anonymous_access(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, anonymous: bool, address: Any, starts: bool
) -> None:
    hook = gunicorn_values(monkeypatch, tmp_path)["on_starting"]
    application = SimpleNamespace(
        extensions={"erp_odata": SimpleNamespace(settings=SimpleNamespace(anonymous=anonymous))}
    )
    expected = nullcontext() if starts else pytest.raises(SystemExit, match="loopback only")
    with expected:
        hook(SimpleNamespace(address=[address], app=SimpleNamespace(wsgi=lambda: application)))


def test_the_configuration_knows_gunicorns_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert set(gunicorn_values(monkeypatch, tmp_path)["VARIABLES"]) <= set(OTHER_VARIABLES)
