"""Unpacks packages of Debian 12 and the libraries they need into a directory, without root and without installing them.

Usage: debian.py DIRECTORY PACKAGE...
"""

import hashlib
import io
import lzma
import pathlib
import platform
import sys
import tarfile
import urllib.request

ARCHIVE = "https://deb.debian.org/debian/"
SUITE = "bookworm"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
# Every Linux has its own C library, and no server needs a compiler to start.
LEFT_OUT = ("libc6", "libllvm", "libgcc-s1", "libperl", "libpython")


def fetch(path):
    with urllib.request.urlopen(ARCHIVE + path, timeout=60) as answer:
        return answer.read()


def index(architecture):
    text = lzma.decompress(fetch(f"dists/{SUITE}/main/binary-{architecture}/Packages.xz")).decode()
    packages = {}
    for stanza in text.split("\n\n"):
        lines = (line.split(": ", 1) for line in stanza.split("\n") if ": " in line and not line.startswith(" "))
        fields = {line[0]: line[1] for line in lines}
        if "Package" in fields:
            packages[fields["Package"]] = fields
    return packages


def needed(packages, names):
    """The packages themselves, and every library that they depend on."""
    found, waiting = [], list(names)
    while waiting:
        name = waiting.pop()
        if name in found or name not in packages:
            continue
        found.append(name)
        for alternatives in packages[name].get("Depends", "").split(","):
            dependency = alternatives.split("|")[0].split("(")[0].strip().split(":")[0]
            is_library = dependency.startswith(("lib", "lua-"))
            if is_library and not dependency.startswith(LEFT_OUT):
                waiting.append(dependency)
    return found


def data_of(package):
    """The archive of files in a .deb, which is an ar archive of three."""
    at = 8
    while at < len(package):
        name = package[at : at + 16].decode().strip().rstrip("/")
        size = int(package[at + 48 : at + 58])
        at += 60
        if name.startswith("data.tar"):
            return package[at : at + size]
        at += size + size % 2
    raise ValueError("no data in the package")


def main(directory, *names):
    machine = platform.machine()
    if sys.platform != "linux" or machine not in ARCHITECTURES:
        sys.exit(f"there are no packages for {sys.platform} on {machine}")
    packages = index(ARCHITECTURES[machine])
    root = pathlib.Path(directory)
    for name in needed(packages, names):
        fields = packages[name]
        package = fetch(fields["Filename"])
        if hashlib.sha256(package).hexdigest() != fields["SHA256"]:
            sys.exit(f"{fields['Filename']} is not what the index says")
        with tarfile.open(fileobj=io.BytesIO(data_of(package)), mode="r:*") as files:
            files.extractall(root)


main(*sys.argv[1:])
