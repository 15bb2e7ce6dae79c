#!/usr/bin/env python3
"""Fetch an archive and unpack it, each only once: a broken download goes on where it stopped.

Usage: download_and_untar.py <url> <folder>
"""
import shutil
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path


def download(url: str, path: Path) -> None:
    """Fetch a file under a temporary name and rename it when it is whole.

    Raises:
        SystemExit: If the server or the connection fails.
    """
    part = path.with_name(path.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            goes_on = getattr(response, "status", None) == 206
            expected = int(response.headers.get("Content-Length", 0)) + (have if goes_on else 0)
            with open(part, "ab" if goes_on else "wb") as out:
                shutil.copyfileobj(response, out, 1 << 20)
    except (urllib.error.URLError, OSError) as error:
        raise SystemExit(f"ERROR: cannot download {url}: {error}") from None
    if part.stat().st_size < expected:
        raise SystemExit(f"ERROR: {url} broke off at {part.stat().st_size} of {expected} bytes; run this again")
    part.replace(path)


def unpack(archive: Path, folder: Path) -> None:
    """Write an archive's files and folders, in one pass.

    Raises:
        tarfile.TarError: If a member is a link or device, or its path leaves the folder.
    """
    with tarfile.open(archive) as tar:
        for member in tar:
            target = (folder / member.name).resolve()
            if not (member.isfile() or member.isdir()) or not target.is_relative_to(folder.resolve()):
                raise tarfile.ExtractError(f"refused to unpack '{member.name}'")
            tar.extract(member, folder)


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    url, folder = sys.argv[1], Path(sys.argv[2])
    archive = folder / url.rsplit("/", 1)[-1]
    done = folder / f".{archive.name}.unpacked"
    if done.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if not archive.exists():
        print(f"downloading {url}", file=sys.stderr)
        download(url, archive)
    print(f"unpacking {archive}", file=sys.stderr)
    try:
        unpack(archive, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SystemExit(f"ERROR: cannot unpack {archive}: {error}. Delete it and run this again") from None
    done.touch()


if __name__ == "__main__":
    main()
