"""Makes the database and the schema that the pictures show: database.py DATABASE SCHEMA"""

import json
import sqlite3
import sys

TODOS = 60_000


def main():
    database, schema = sys.argv[1:]
    connection = sqlite3.connect(database)
    connection.executescript(
        """
        CREATE TABLE projects (id TEXT PRIMARY KEY, name TEXT);
        CREATE TABLE tags (id TEXT PRIMARY KEY, label TEXT);
        CREATE TABLE todos (id TEXT PRIMARY KEY, title TEXT, done INTEGER, projectId TEXT);
        CREATE TABLE join_todos_tags_tags ("from" TEXT, "to" TEXT);
        """
    )
    projects = [(f"p{number}", f"Project {number}") for number in range(TODOS // 100)]
    connection.executemany("INSERT INTO projects VALUES (?, ?)", projects)
    connection.executemany("INSERT INTO tags VALUES (?, ?)", [(f"g{number}", f"Tag {number}") for number in range(60)])
    todos = (
        (f"t{number:05}", f"Write chapter {number} of the handbook", number % 2, f"p{number % len(projects)}")
        for number in range(TODOS)
    )
    connection.executemany("INSERT INTO todos VALUES (?, ?, ?, ?)", todos)
    tagged = ((f"t{number:05}", f"g{number * 7 % 60}") for number in range(0, TODOS, 2))
    connection.executemany("INSERT INTO join_todos_tags_tags VALUES (?, ?)", tagged)
    connection.commit()

    def field(name, kind="string"):
        return {"name": name, "type": kind}

    def resource(name, *fields):
        return {"name": name, "version": 1, "fields": list(fields)}

    resources = [
        resource("projects", field("name")),
        resource("tags", field("label")),
        resource("todos", field("title"), field("done", "boolean"), field("projectId")),
    ]
    relations = [
        {"type": "many-one", "from": "todos", "to": "projects", "relation": "project", "fkField": "projectId"},
        {"type": "many-many", "from": "todos", "to": "tags", "relation": "tags", "inverse": "todos"},
    ]
    with open(schema, "w", encoding="utf-8") as file:
        json.dump({"resources": resources, "relations": relations}, file)


main()
