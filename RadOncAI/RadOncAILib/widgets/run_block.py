"""Apply that says what it will do and becomes Cancel; bar, step, time left; one message row; device; log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import qt
from slicer.i18n import tr as _

from radoncai.core.errors import Cancelled, RadOncAIError
from RadOncAILib.worker import shared_client

from . import build, marks
from .log_section import LogSection
from .message_row import MessageRow

DEVICES = ("auto", "cpu", "cuda")
KEY = "Ctrl+Return"
IDLE, RUNNING, STOPPING, SHOWING = "idle", "running", "stopping", "showing"


class RunBlock:
    """Runs one job at a time.

    `on_apply` is called by a click (or Ctrl+Return) while idle and shall call `start`; `may_start` is asked before (the
    licence). `on_state` is called whenever the state changes. `state` is idle, running, stopping or showing (the
    result goes into the scene in portions).
    """

    def __init__(self, placeholder, on_apply: Callable[[], None], *, with_device: bool = True) -> None:
        self.widget, self.on_apply = placeholder, on_apply
        self.on_state: Callable[[], None] = lambda: None
        self.may_start: Callable[[], bool] = lambda: True
        self.state, self._action, self._job, self._run = IDLE, "", None, 0
        self._allowed, self._said, self._reason = False, None, ""
        self._kept_once = False
        self._on_failure: Callable[[str, str], None] | None = None
        self._portions: Iterator | None = None
        self._log: LogSection | None = None
        self._build(with_device)
        self.set_action(_("Apply"))
        self.block(marks.UNKNOWN, _("Choose an image."))

    def _build(self, with_device: bool) -> None:
        self.button = qt.QPushButton()
        self.button.setMinimumHeight(30)
        self.button.connect("clicked()", self._on_click)
        self.device = qt.QComboBox()
        for device, title in zip(DEVICES, (_("Auto"), _("CPU"), _("GPU")), strict=True):
            self.device.addItem(title, device)
        self.device.toolTip = _("Where the model runs. Auto takes the GPU where there is one.")
        self.device.setVisible(with_device)
        self.message = MessageRow()
        self.bar = qt.QProgressBar()
        self.bar.maximum = 1000
        self.bar.textVisible = False
        self.bar.setFixedHeight(8)
        self.step = build.label()
        progress = qt.QWidget()
        box = build.column(progress)
        box.addWidget(self.bar)
        box.addWidget(self.step)
        box.addStretch(1)
        self._pages = qt.QStackedWidget()
        self._pages.addWidget(self.message.widget)
        self._pages.addWidget(progress)
        box = build.column(self.widget, 6)
        line = build.row(self.button, self.device)
        line.setStretch(0, 1)
        box.addLayout(line)
        box.addWidget(self._pages)
        qt.QWidget.setTabOrder(self.button, self.device)

    # what it offers

    @property
    def running(self) -> bool:
        return self.state != IDLE

    @property
    def chosen_device(self) -> str:
        return self.device.itemData(self.device.currentIndex)

    def attach_log(self, log: LogSection) -> None:
        self._log = log

    def log(self, text: str) -> None:
        if self._log is not None:
            self._log.add(text)

    def set_action(self, text: str) -> None:
        """What Apply will do: "Contour 7 structures"."""
        if text != self._action:
            self._action, self._said = text, None
            self._label()

    def allow(self, symbol: str = marks.GOOD, text: str = "", link: str = "",
              on_link: Callable[[], None] | None = None) -> None:
        """Apply may be pressed; the row says ready, or what is doubtful."""
        self._say(True, symbol, text or _("Ready"), link, on_link)

    def block(self, symbol: str, text: str, link: str = "", on_link: Callable[[], None] | None = None) -> None:
        """Apply may not be pressed; tool tip and row give the reason."""
        self._say(False, symbol, text, link, on_link)

    def _say(self, allowed: bool, symbol: str, text: str, link: str, on_link) -> None:
        said = (allowed, symbol, text, link)
        if self.running or said == self._said:  # what the last run said stays until something changes
            return
        self._allowed, self._said, self._reason = allowed, said, text
        self.button.enabled = allowed
        self._label()
        if not self._kept_once:
            self.message.show(symbol, text, link, on_link)
        self._kept_once = False

    # running

    def start(self, job: str, build_request: Callable[[Path], dict],
              on_result: Callable[[dict], Iterator | str | None], title: str = "",
              on_failure: Callable[[str, str], None] | None = None) -> None:
        """Run `job`. `build_request(folder)` gives its fields and may write arrays into `folder`.

        `on_result(result)` gets the result with `folder` added. A generator is advanced in portions, between which
        the panel stays alive. A text that it returns is said at the end. A request that cannot be built is said in
        the row. `title` is what the log calls the run, else what Apply said. A RadOncAIError from `on_result` (its
        input was removed meanwhile) is said as it stands; any other exception is a bug and goes on.
        `on_failure` hears the symbol and sentence of a job that failed or was cancelled, for a window of its own.
        """
        if self.running:
            return
        client = shared_client()
        folder = client.new_folder()
        try:
            request = {**build_request(folder), "folder": str(folder)}
        except Exception as problem:
            client.discard(folder)
            self.message.show(marks.BAD, str(problem) or type(problem).__name__)
            return
        self._run += 1
        self._kept_once, self._on_failure = False, on_failure
        number, self._began = self._run, time.strftime("%H:%M:%S")
        self._change(RUNNING)
        self._progress(_("starting"), 0.0, None)
        self.log(f"{self._began} {title or self._action}")

        def on_event(event: dict) -> None:
            if number == self._run:
                self._on_event(event, on_result, folder)
            elif event["event"] == "result":  # came too late, nobody wants it
                client.discard(folder)

        started = client.run(job, request, on_event)
        if self.state == RUNNING and number == self._run:
            self._job = started

    def cancel(self) -> None:
        """Ask the worker to stop; the row says so when it has."""
        if self.state == SHOWING:
            self._end_portions()
            self._close_job()
            self._idle(marks.UNKNOWN, _("Cancelled."))
        elif self.state == RUNNING:
            self._change(STOPPING)
            self.step.text = _("stopping…")
            self._job.cancel()

    def abandon(self, why: str = "") -> None:
        """Stop at once and hear nothing more: the scene closes, the panel is left, the application ends."""
        if not self.running:
            return
        self._run += 1
        self._end_portions()
        job, self._job = self._job, None
        if job is not None:
            job.close()  # cancels where it still runs
        self._idle(marks.UNKNOWN, why or _("Cancelled."))

    def _on_event(self, event: dict, on_result, folder: Path) -> None:
        kind = event["event"]
        if kind == "progress" and self.state == RUNNING:
            self._progress(event["step"], event.get("fraction"), event.get("left_s"))
        elif kind == "waiting" and self.state == RUNNING:
            self._progress(_("waiting; jobs before it: {n}").format(n=event["ahead"]), 0.0, None)
        elif kind == "log":
            self.log(event["text"])
        elif kind == "failed":
            self._failed(event["kind"], event["text"])
        elif kind == "result" and self.state == STOPPING:
            self._failed("cancelled", "")
        elif kind == "result":
            self._show({**event["result"], "folder": str(folder)}, on_result)

    def _failed(self, kind: str, text: str) -> None:
        self._close_job()
        symbol = marks.FAILURES.get(kind, marks.BAD)
        said = _("Cancelled.") if kind == "cancelled" else text
        self.log(f"{time.strftime('%H:%M:%S')} {said}")
        self._idle(symbol, said)
        if self._on_failure is not None:
            self._on_failure(symbol, said)

    def _show(self, result: dict, on_result) -> None:
        self._change(SHOWING)
        self._progress(_("showing the result"), 1.0, None)
        try:
            answer = on_result(result)
        except RadOncAIError as problem:
            self._dropped(problem)
            return
        except Exception as problem:
            self._broken(problem)
            raise
        if isinstance(answer, Iterator):
            self._portions = answer
            self._next_portion()
        else:
            self._done(answer)

    def _next_portion(self) -> None:
        if self.state != SHOWING:
            return
        try:
            next(self._portions)
            qt.QTimer.singleShot(0, self._next_portion)
        except StopIteration as end:
            self._portions = None
            self._done(end.value)
        except RadOncAIError as problem:
            self._dropped(problem)
        except Exception as problem:
            self._broken(problem)
            raise

    def _done(self, text: str | None) -> None:
        self._close_job()
        ended = time.strftime("%H:%M:%S")
        said = text or _("Done at {time}.").format(time=ended[:5])
        self.log(f"{ended} {said}")
        self._idle(marks.GOOD, said)

    def _dropped(self, problem: RadOncAIError) -> None:
        """The result has no place any more; what then lacks for the next run does not hide the reason."""
        self._portions = None
        self._close_job()
        self.log(f"{time.strftime('%H:%M:%S')} {problem}")
        self._kept_once = True
        self._idle(marks.UNKNOWN if isinstance(problem, Cancelled) else marks.BAD, str(problem))

    def _broken(self, problem: Exception) -> None:
        self._portions = None
        self._close_job()
        text = _("The result could not be shown ({problem}); the log has the details.")
        self._idle(marks.BAD, text.format(problem=str(problem) or type(problem).__name__))

    def _end_portions(self) -> None:
        portions, self._portions = self._portions, None
        if portions is not None:
            portions.close()

    def _close_job(self) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.close()

    # looks

    def _progress(self, step: str, fraction: float | None, left_s: float | None) -> None:
        self.bar.value = round(1000 * (fraction or 0.0))
        self.step.text = f"{step}  ·  {time_left(left_s)}" if left_s is not None else step

    def _change(self, state: str) -> None:
        self.state = state
        self._pages.currentIndex = 0 if state == IDLE else 1
        self.device.enabled = state == IDLE
        self.button.enabled = self._allowed if state == IDLE else state != STOPPING
        self._label()
        self.on_state()

    def _idle(self, symbol: str, text: str) -> None:
        self._change(IDLE)
        self.message.show(symbol, text)

    def _label(self) -> None:
        self.button.text = self._action if self.state == IDLE else _("Cancel")
        self.button.setShortcut(qt.QKeySequence(KEY))  # setText drops the key
        offer = f"{self._action} ({KEY})" if self._allowed else self._reason
        stop = _("Stops the run; nothing half-made stays ({key}).").format(key=KEY)
        self.button.toolTip = offer if self.state == IDLE else stop

    def _on_click(self) -> None:
        if self.state != IDLE:
            self.cancel()
        elif self.may_start():
            self.on_apply()

    def begin(self) -> None:
        """Apply, once what it waited for (an agreement) is there; not where the panel was left meanwhile."""
        if self.state == IDLE and self.button.enabled:
            self.on_apply()


def time_left(seconds: float) -> str:
    """About how long it still takes, in words."""
    if seconds < 1.5:
        return _("a moment")
    if seconds < 90:
        return _("about {n} s left").format(n=round(seconds))
    return _("about {n} min left").format(n=round(seconds / 60))
