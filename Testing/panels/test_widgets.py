"""The shared widgets, by what a person sees and does; the worker is the real one."""

import time

import host
import pytest

HOLD_S = 20


@pytest.fixture
def frame(scene):
    """A widget to build blocks in, shown, and closed at the end."""
    import qt

    widget = qt.QWidget()
    widget.resize(380, 300)
    widget.show()
    yield widget
    widget.close()


@pytest.fixture
def run(frame):
    from RadOncAILib.widgets.run_block import RunBlock

    block = RunBlock(frame, lambda: None)
    yield block
    block.abandon()


def idle(block):
    host.wait_until(lambda: not block.running, HOLD_S)


def start_models(block, on_result, task="contour"):
    block.start("models", lambda folder: {"task": task}, on_result)


def test_message_says_symbol_word_and_remedy(frame):
    from RadOncAILib.widgets.message_row import MessageRow

    followed = []
    row = MessageRow(frame)
    row.show("✕", "slices 41 to 43 are <missing>.", "Choose another series…", lambda: followed.append(1))
    assert row._sentence.text.startswith("<b>Refused:</b> slices 41 to 43 are &lt;missing&gt;.")
    row._sentence.linkActivated("next")
    assert followed == [1] and row.symbol == "✕"
    row.clear()
    assert row._sentence.text == "" and row._mark.text == ""


def test_apply_says_what_it_does_and_why_it_cannot(run):
    run.set_action("Contour 7 structures")
    run.block("–", "Choose an image.")
    assert run.button.text == "Contour 7 structures" and not run.button.enabled
    assert run.button.toolTip == run.message.text == "Choose an image."
    run.allow()
    assert run.button.enabled and "Ctrl+Return" in run.button.toolTip
    assert run.button.shortcut.toString() == "Ctrl+Return"
    run.set_action("Contour Larynx")
    assert run.button.shortcut.toString() == "Ctrl+Return"


def test_a_job_runs_and_its_result_arrives_once(run):
    got = []
    run.allow()
    start_models(run, got.append)
    assert run.running and run.button.text == "Cancel" and not run.device.enabled
    idle(run)
    assert [m["name"] for m in got[0]["models"]] == ["body", "hn_oar"] and len(got) == 1
    assert run.message.symbol == "✓" and run.button.text == "Apply" and run.button.enabled
    from pathlib import Path

    assert not Path(got[0]["folder"]).exists()


def test_what_the_last_run_said_stays_until_something_changes(run):
    run.allow()
    start_models(run, lambda result: "Two models.")
    idle(run)
    run.allow()
    assert run.message.text == "Two models." and "Apply" in run.button.toolTip and "Stops" not in run.button.toolTip
    run.block("–", "Choose an image.")
    assert run.message.text == "Choose an image."


def test_failures_are_one_sentence_and_the_next_run_works(run):
    run.allow()
    run.start("no such job", lambda folder: {}, lambda result: None)
    idle(run)
    assert run.message.symbol == "✕" and "no such job" in run.message.text
    got = []
    start_models(run, got.append)
    idle(run)
    assert got


def test_a_request_that_cannot_be_built_is_said_and_leaves_no_folder(run):
    folders = []

    def build(folder):
        folders.append(folder)
        raise ValueError("The image has no voxels.")

    run.start("models", build, lambda result: None)
    assert not run.running and run.message.text == "The image has no voxels." and not folders[0].exists()


def test_portions_are_closed_when_cancelled(run):
    steps = []

    def show(result):
        try:
            for n in range(1000):
                steps.append(n)
                time.sleep(0.01)
                yield
        finally:
            steps.append("closed")

    run.allow()
    start_models(run, show)
    host.wait_until(lambda: len(steps) > 3, HOLD_S)
    assert run.state == "showing"
    run.button.click()
    assert not run.running and steps[-1] == "closed" and run.message.text == "Cancelled."
    host.pump(0.05)
    assert steps[-1] == "closed"


def test_after_abandon_nothing_arrives(run):
    got = []
    start_models(run, got.append)
    run.abandon("Cancelled: the scene was closed.")
    assert not run.running and run.message.text == "Cancelled: the scene was closed."
    host.pump(0.5)
    assert got == []


def test_only_the_newest_answer_counts(scene):
    from RadOncAILib.widgets.question import Question

    got = []
    question = Question("models")
    for task in ("contour", "dose", "tissue"):
        question.ask({"task": task}, lambda result, task=task: got.append(task))
    host.wait_until(lambda: not question.waiting, HOLD_S)
    host.pump(0.2)
    assert got == ["tissue"]


@pytest.mark.parametrize(("title", "is_weak", "word"), [
    ("Organs (experimental, Dice 0.65)", True, "experimental, Dice 0.65"),
    ("Organs", True, "experimental"),
    ("Organs (CT)", False, ""),
])
def test_a_models_quality_stands_where_no_title_is_cut(scene, title, is_weak, word):
    from RadOncAILib.widgets.choices import needs_text, quality

    row = {"title": title, "version": "1.0", "experimental": is_weak, "memory_mb": 2048}
    assert quality(row) == word
    assert needs_text(row) == ", ".join(filter(None, ["1.0", word.replace("Dice ", "Dice\xa0"), "2.0\xa0GB"]))


def listed(block):
    return {block.selector.itemData(n).partition("@")[0] for n in range(block.selector.count)
            if block.selector.itemData(n)}


def test_models_are_filtered_and_an_experimental_one_is_never_preselected(frame):
    from RadOncAILib.widgets.model_block import ModelBlock

    changes = []
    block = ModelBlock(frame, "contour", lambda: changes.append(1))
    block.load()
    host.wait_until(lambda: block.models, HOLD_S)
    assert block.name == "body" and "about" in block.needs.text
    site = next(n for n in range(block.site.count) if "head" in block.site.itemText(n).lower())
    block.site.currentIndex = site
    assert {"body", "hn_oar"} <= listed(block)
    block.words.text = "esophagus"
    assert listed(block) == {"body", "hn_oar"} and block.name == "body", "looking around changes no choice"
    block.words.returnPressed()
    assert block.name == "hn_oar" and block.current["experimental"]
    block.words.text = "no such thing"
    assert listed(block) == {"hn_oar"}
    block.select("body")
    assert listed(block) == {"body"}
    block.words.clear()
    block.select("hn_oar")
    assert block.name == "hn_oar" and block.current["experimental"]


def test_the_card_shows_licence_and_limits(frame):
    from RadOncAILib.widgets.model_block import ModelBlock

    block = ModelBlock(frame, "contour", lambda: None)
    assert not block.card_button.enabled
    block.load()
    host.wait_until(lambda: block.models, HOLD_S)
    block.select("hn_oar")
    block.card_button.click()
    host.wait_until(lambda: not block._card.waiting, HOLD_S)
    text = block._card.browser.plainText
    for word in ("Trained on", "Not trained on", "Known limits", "Measured", "Licence", "Brainstem", "Dice"):
        assert word in text
    assert "hn_oar" in text and block._card.dialog.isVisible()
    block.close()


@pytest.mark.parametrize(("output", "word"), [
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
    ("Failed to establish a new connection: Name or service not known", "network"),
    ("PermissionError: [Errno 13] Permission denied: '/opt/Slicer'", "read only"),
    ("SSLError(SSLCertVerificationError(1, 'certificate verify failed'))", "certificate"),
    ("ERROR: No matching distribution found for onnxruntime", "there is none"),
    ("something nobody has seen", "log"),
])
def test_a_failed_installation_names_cause_and_remedy(scene, output, word):
    from RadOncAILib.widgets.install import failure

    sentence = failure("onnxruntime", output)
    assert "onnxruntime" in sentence and word in sentence and sentence.endswith(".")


def test_installation_asks_through_slicer(scene):
    from RadOncAILib.widgets import install
    from slicer import packaging

    before = len(packaging.host_requests)
    assert install.ensure("onnxruntime", "AutoContour") == ""
    assert packaging.host_requests[before:] == [("pip_ensure", ("onnxruntime>=1.20",))]
    packaging.host_failure.append(RuntimeError("User declined the installation"))
    assert "was not installed" in install.ensure("onnxruntime", "AutoContour")


def test_what_a_model_asks_for_is_agreed_to_once(scene, monkeypatch):
    """A no is no, a yes is kept by the worker, so that the list of models asks no more."""
    import slicer
    from RadOncAILib.widgets import agreements
    from RadOncAILib.widgets.question import Question

    def models():
        got, job = [], Question("models")
        job.ask({"task": "dose"}, got.append)
        host.wait_until(lambda: got, HOLD_S)
        return got[0]["models"][0]

    asked, answers, agreed = [], [False, True], []
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, **_: asked.append(text) or answers.pop(0))
    model = models()
    assert model["agreements"] and agreements.given(model, (), agreed.append, agreed.append), "a test is never asked"
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda self: False)
    for _ in range(2):
        assert not agreements.given(model, (), lambda: agreed.append("yes"), agreed.append)
        host.pump(0.1)
    host.wait_until(lambda: agreed, HOLD_S)
    assert agreed == ["yes"] and len(asked) == 2 and model["title"] in asked[0]
    assert models()["agreements"] == [] and agreements.given(models(), (), agreed.append, agreed.append)


def test_a_folded_section_says_what_was_chosen(frame):
    import ctk
    from RadOncAILib.widgets.section import Section

    section = Section(ctk.ctkCollapsibleButton("Input", frame))
    section.summarise("2: Planning CT")
    assert section.button.text == "Input"
    section.button.collapsed = True
    assert section.button.text == "Input:  2: Planning CT"


def test_corner_note_stands_in_every_slice_view(scene):
    from RadOncAILib.widgets import corner

    view = scene.app.layoutManager().sliceWidget("Red").sliceView()
    corner.say("contours", "AI contours, not approved")
    corner.say("dose", "Predicted dose, not a plan")
    assert len(corner.lines()) == 2
    noted = host.grab(view).copy()
    corner.hush("contours")
    corner.hush("dose")
    top = slice(4, view.height // 3)
    assert noted[top].max() > 100 and host.grab(view)[top].max() == 0


def test_importing_the_widgets_starts_nothing(scene):
    """No torch, no pip, no network library and no worker before the first panel is opened."""
    import subprocess
    import sys
    from pathlib import Path

    root = Path(__file__).parents[2]
    code = (f"import sys; sys.path[:0] = [r'{root / 'Testing'}', r'{root / 'RadOncAI'}']; import host;"
            "slicer = host.start(); [host.load_module(n) for n in ('RadOncAI', 'AutoContour')];"
            "found = [m for m in ('torch', 'pip', 'onnxruntime', 'SimpleITK', 'RadOncAILib.worker', 'AutoContourLib')"
            " if m in sys.modules]; sys.exit(repr(found) if found else 0)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
