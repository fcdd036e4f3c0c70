"""What visitors do (a locust file): 70 % look at territories, 30 % are signed in and read studies.

ANCRAGE_VISITS names the file that `benchmarks.site_instance` printed.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote

from locust import HttpUser, between, task

VISITS: dict[str, Any] = json.loads(Path(os.environ["ANCRAGE_VISITS"]).read_text(encoding="utf-8"))


class Resident(HttpUser):
    """Searches a commune, reads its page and the portrait of its EPCI with its map, looks at the list."""

    weight = 7
    wait_time = between(1, 3)

    @task(5)
    def read_portrait(self) -> None:
        """Open a portrait; its map follows, as in a browser."""
        rank = random.randrange(len(VISITS["portraits"]))
        self.client.get(VISITS["portraits"][rank], name="portrait")
        self.client.get(VISITS["maps"][rank], name="map of a portrait")

    @task(2)
    def search(self) -> None:
        """Type a name with one letter missing, then look at the results."""
        name = random.choice(VISITS["names"])
        typed = quote(name[:3] + name[4:])
        self.client.get(f"{VISITS['suggestions']}?q={quote(name[:5])}", name="suggestions")
        self.client.get(f"{VISITS['search']}?q={typed}", name="search")

    @task(2)
    def read_commune(self) -> None:
        """Open the page of a commune."""
        self.client.get(random.choice(VISITS["pages"]), name="commune")

    @task(1)
    def list_territories(self) -> None:
        """Open a page of the list of EPCI."""
        self.client.get(f"{VISITS['list']}?page={random.randint(1, 20)}", name="list of territories")


class Officer(HttpUser):
    """Signed in: reads studies, scenarios and results."""

    weight = 3
    wait_time = between(1, 3)

    def on_start(self) -> None:
        """Take the session of a person."""
        self.client.cookies.set("sessionid", random.choice(VISITS["cookies"]))

    @task
    def read_study(self) -> None:
        """Open one of the pages."""
        name, address = random.choice(VISITS["signed"])
        with self.client.get(address, name=name, allow_redirects=False, catch_response=True) as answered:
            # A lost session would be sent to sign in, and be fast.
            if answered.status_code != 200:
                answered.failure(f"status {answered.status_code}")
