"""The same upload as one sequential loop in Python: check every row; then, per batch, read, encode,
hash, send, wait for the answer and write a checkpoint. It uses one keep-alive connection and C
modules for everything that is slow in Python.

    peer.py DATABASE BASE LIBRARY

LIBRARY is `requests`, the usual choice, or `http.client`, the leanest one.
"""

import http.client
import json
import os
import sqlite3
import sys
from urllib.parse import urlsplit

try:
    import requests
except ImportError:
    requests = None

try:
    from blake3 import blake3
except ImportError:  # About the same cost, and in the standard library.
    from hashlib import blake2s as blake3

CHECK = """typeof(id) <> 'text' OR done NOT IN (0, 1)
    OR priority IN (9e999, -9e999) OR estimate IN (9e999, -9e999)"""
BATCH = 100
JSON = {"Content-Type": "application/json"}
FIELDS = ["title", "done", "priority", "estimate", "notes", "projectId", "createdAt"]


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sender(url, library):
    """Returns a function that sends a body and returns the answer's text."""
    if library == "requests":
        if not requests:
            sys.exit(f"there is no {library}")
        session = requests.Session()
        return lambda body: session.post(url, data=body, headers=JSON).content
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)

    def send(body):
        connection.request("POST", parts.path, body, JSON)
        return connection.getresponse().read()

    return send


def main():
    database, base, library = sys.argv[1:]
    send = sender(f"{base}/push", library)
    rows = sqlite3.connect(database)
    client = rows.execute("SELECT value FROM __datafn_meta WHERE key = 'clientId'").fetchone()[0]
    rows.execute("BEGIN")
    total, bad = rows.execute("SELECT count(*), count(*) FILTER (WHERE " + CHECK + ") FROM todos").fetchone()
    if bad:
        sys.exit(f"{bad} of {total} rows cannot be uploaded")
    done, digest_of_all, kept = 0, blake3(), open(f"{database}.peer", "w")

    def push(mutations):
        nonlocal done
        body = json.dumps({"clientId": client, "mutations": mutations}, ensure_ascii=False)
        answer = json.loads(send(body.encode()))
        if not answer["ok"] or answer["result"]["errors"]:
            sys.exit(f"rejected: {answer}")
        done += len(mutations)
        checkpoint = {"mutations": done, "digest": digest_of_all.hexdigest(), "cursor": answer["result"]["cursor"]}
        kept.seek(0)
        kept.write(json.dumps(checkpoint))
        kept.truncate()
        kept.flush()

    mutations = []
    for row_id, *values in rows.execute(f"SELECT id, {', '.join(FIELDS)} FROM todos ORDER BY id"):
        record = {name: value for name, value in zip(FIELDS, values) if value is not None or name == "notes"}
        record["done"] = bool(record["done"])
        hashed = {"kind": "rec", "resource": "todos", "operation": "merge", "id": row_id, "record": record}
        digest = blake3(canonical(hashed).encode()).hexdigest()[:32]
        digest_of_all.update(digest.encode())
        mutations.append({
            "resource": "todos", "version": 1, "operation": "merge", "id": row_id, "record": record,
            "clientId": client, "mutationId": f"cloneup:rec:todos:{row_id}:{digest}",
        })
        if len(mutations) == BATCH:
            push(mutations)
            mutations = []
    if mutations:
        push(mutations)
    os.remove(f"{database}.peer")


main()
