#!/usr/bin/env python3
"""As much of curl as the printed lines use, for machines that have python3 and no curl."""

import http.cookies
import pathlib
import sys
import urllib.error
import urllib.request

VALUES = {"-b", "-c", "-d", "-H"}
options, words = {}, iter(sys.argv[1:])
for word in words:
    if word in VALUES:
        options[word] = next(words)
    elif not word.startswith("-"):
        url = word

request = urllib.request.Request(url, data=options["-d"].encode() if "-d" in options else None)
if "-H" in options:
    request.add_header(*options["-H"].split(": ", 1))
if "-b" in options:
    request.add_header("Cookie", pathlib.Path(options["-b"]).read_text())
try:
    answer = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
except urllib.error.HTTPError as error:
    answer = error
if "-c" in options:
    cookies = http.cookies.SimpleCookie(answer.headers.get("Set-Cookie", ""))
    pathlib.Path(options["-c"]).write_text("; ".join(f"{name}={it.coded_value}" for name, it in cookies.items()))
sys.stdout.write(answer.read().decode())
