"""The work of the demo: five tasks over four queues, one after what it needs of another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Results = dict[str, Any]
"""Result by task name, of the tasks that are done."""


class DemoTask:
    """One message of the demo."""

    def __init__(
        self,
        name: str,
        queue: str,
        *,
        about: str,
        needs: str | None,
        message: Callable[[Results], dict[str, Any]],
        summary: Callable[[dict[str, Any]], str],
    ) -> None:
        """`message` builds it from the results of earlier tasks, `summary` says its result in a few words."""
        self.name = name
        self.queue = queue
        self.about = about
        self.needs = needs
        self.message = message
        self.summary = summary


def demo_tasks(source_url: str, recipient: str) -> list[DemoTask]:
    """All tasks, each after the one it needs."""

    def polled(results: Results) -> dict[str, Any]:
        return {"blob_key": results["poll"]["blob_key"]}

    return [
        DemoTask(
            "hello",
            "default",
            about="a message for the default queue",
            needs=None,
            message=lambda _: {
                "task_type": "default",
                "message": "Hello from wipsie demo",
                "priority": "high",
                "data": {"greeting": "hello"},
            },
            summary=lambda result: f"received, {result['size_bytes']} bytes",
        ),
        DemoTask(
            "poll",
            "data_polling",
            about="fetch a public data set over HTTP",
            needs=None,
            message=lambda _: {
                "task_type": "data_polling",
                "message": "Fetch the penguins of Palmer Station",
                "data": {"source_url": source_url, "poll_interval": 3600, "filters": {"species": "Gentoo"}},
            },
            summary=lambda result: f"{result['items']} penguins fetched, {result['matched']} of them Gentoo",
        ),
        DemoTask(
            "analyse",
            "task_processing",
            about="analyse what was fetched",
            needs="poll",
            message=lambda results: {
                "task_type": "processing",
                "message": "Describe every column",
                "data": {
                    "operation": "analysis",
                    "input_data": polled(results),
                    "output_format": "json",
                    "processing_options": {"correlations": True},
                },
            },
            summary=lambda result: f"{result['rows_in']} rows described",
        ),
        DemoTask(
            "aggregate",
            "task_processing",
            about="mean body mass of each species",
            needs="poll",
            message=lambda results: {
                "task_type": "processing",
                "message": "Mean body mass by species",
                "data": {
                    "operation": "aggregation",
                    "input_data": polled(results),
                    "output_format": "json",
                    "processing_options": {
                        "group_by": ["species"],
                        "aggregates": {"body_mass_g": "mean"},
                        "sort": ["species"],
                    },
                },
            },
            summary=lambda result: ", ".join(
                f"{row['species']} {row['body_mass_g_mean']:.0f} g" for row in result["result"]
            ),
        ),
        DemoTask(
            "notify",
            "notifications",
            about="tell somebody by e-mail",
            needs="aggregate",
            message=lambda results: {
                "task_type": "notification",
                "message": "Tell the result",
                "data": {
                    "recipient": recipient,
                    "notification_type": "email",
                    "subject": "The penguins are weighed",
                    "body": "Mean body mass in grams by species:\n"
                    + json.dumps(results["aggregate"]["result"], indent=2),
                    "metadata": {"demo": "wipsie"},
                },
            },
            summary=lambda result: f"{result['status']} to {result['recipient']} via {result['via']}",
        ),
    ]
