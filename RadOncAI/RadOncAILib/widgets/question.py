"""A quick job whose newest answer counts: the list of models, what an image is, what lies beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from radoncai.core.errors import RadOncAIError
from RadOncAILib.worker import shared_client


class Question:
    """`ask` again and the earlier answer is dropped; `forget` drops all (scene closed, panel left)."""

    def __init__(self, job: str) -> None:
        self._job, self._number = job, 0
        self.waiting = False

    def ask(self, request: dict | Callable[[Path], dict], on_answer: Callable[[dict], None],
            on_failure: Callable[[str], None] | None = None) -> None:
        """`on_answer` gets the job's result, `on_failure` a sentence; both on the main thread, later.

        `request` may be a function of the job's folder that writes arrays into it; a sentence that it raises goes to
        `on_failure` at once.
        """
        self._number += 1
        self.waiting, number = True, self._number
        client = shared_client()
        folder = client.new_folder()
        try:
            fields = request(folder) if callable(request) else request
        except RadOncAIError as problem:
            self.waiting = False
            client.discard(folder)
            if on_failure is not None:
                on_failure(str(problem))
            return

        def on_event(event: dict) -> None:
            if event["event"] not in ("result", "failed"):
                return
            if number == self._number:
                self.waiting = False
                if event["event"] == "result":
                    on_answer(event["result"])
                elif on_failure is not None:
                    on_failure(event["text"])
            client.discard(folder)

        client.run(self._job, {**fields, "folder": str(folder)}, on_event)

    def forget(self) -> None:
        self._number += 1
        self.waiting = False
