"""An HTTP front for the server of the package `datafn` (PyPI), which was written independently of synctool.

    python3 datafn_server.py SCHEMA.json

Listens on a free loopback port and prints its base URL. The package has the routes and leaves HTTP and
the store to its user: here they are the standard library's server and dictionaries in memory.
"""

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from datafn.server import create_datafn_server

OPERATORS = {"eq": lambda left, right: left == right, "gt": lambda left, right: left > right}


class Memory:
    """The package's `Adapter`. A record that is updated before it exists is created, as an upload needs."""

    def __init__(self):
        self.tables = {}

    def table(self, model):
        return self.tables.setdefault(model, {})

    @staticmethod
    def key(row):
        """Records have an id, remembered mutations two, and rows of join tables only their columns."""
        if "mutationId" in row:
            return (row["clientId"], row["mutationId"])
        return row.get("id") or json.dumps(row, sort_keys=True)

    def rows(self, model, where):
        table = self.table(model)
        conditions = {(part["field"], part["operator"]): part["value"] for part in where}
        for names in (("id",), ("clientId", "mutationId")):
            if conditions.keys() == {(name, "eq") for name in names}:
                key = tuple(conditions[name, "eq"] for name in names)
                row = table.get(key if len(key) > 1 else key[0])
                return [] if row is None else [row]
        fits = lambda row: all(OPERATORS[name[1]](row.get(name[0]), value) for name, value in conditions.items())
        return [row for row in table.values() if fits(row)]

    async def find_many(self, model, where, limit=None, sort=None, cursor=None, namespace="datafn"):
        rows = self.rows(model, where)
        for part in reversed(sort or []):
            name, _, order = part.partition(":")
            rows.sort(key=lambda row: row[name], reverse=order == "desc")
        return [dict(row) for row in rows[:limit]]

    async def find_one(self, model, where, namespace="datafn"):
        rows = self.rows(model, where)
        return dict(rows[0]) if rows else None

    async def create(self, model, data, namespace="datafn"):
        self.table(model)[self.key(data)] = dict(data)

    async def update(self, model, where, data, namespace="datafn"):
        rows = self.rows(model, where)
        for row in rows:
            row.update(data)
        if not rows:
            await self.create(model, {part["field"]: part["value"] for part in where} | data)

    async def delete(self, model, where, namespace="datafn"):
        for row in self.rows(model, where):
            del self.table(model)[self.key(row)]


def serve(schema):
    routes = create_datafn_server({"schema": schema, "db": Memory()})["routes"]
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            route = routes.get(f"POST {self.path}")
            with one_at_a_time:
                answer = asyncio.run(route(None, json.loads(body))) if route else {"ok": False}
            text = json.dumps(answer).encode()
            self.send_response(200 if route else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/datafn", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        serve(json.load(file))
