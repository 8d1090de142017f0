"""Model cards: what must stand in them, in and out, filled from benchmarks, shown as a page."""

import json
from html.parser import HTMLParser

import pytest

from radoncai.cli.main import main
from radoncai.core.errors import ModelError
from radoncai.core.resources import resources
from radoncai.models import card
from radoncai.models.card_exchange import card_of, export, fill
from radoncai.models.catalogue import catalogue, find, read_folder
from radoncai.report.card import card_page, card_short
from radoncai.report.card_sections import figures, sections

BUNDLED = sorted(p.parent.name for p in (resources() / "Models").glob("*/model.json"))
ORGANS = {"name": "organs", "version": "1.0.0", "task": "contour", "runner": "classical", "sites": ["head and neck"],
          "outputs": [{"name": "Brainstem"}, {"name": "Parotid_L"}], "licence": "MIT"}


@pytest.fixture
def organs(tmp_path, monkeypatch):
    """A model of the user's own with a short card."""
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    folder = tmp_path / "models" / "organs"
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(ORGANS))
    content = {"title": "Organs <b>", "intended_use": "Teaching.", "metrics": [], "limits": ["Thin slices."],
               "training_data": {"text": "Some patients", "n": 12, "terms": "CC BY 4.0"}}
    (folder / "card.json").write_text(json.dumps(content))
    return read_folder(folder)


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_cards_are_complete(name):
    folder = read_folder(resources() / "Models" / name)
    assert card.gaps(folder.card, folder.model.task) == []
    assert card.check_rows(folder.card) == []


def test_the_table_of_fields_is_sound():
    titles, fields = card.table()
    assert len({f.field for f in fields}) == len(fields)
    for field in fields:
        assert field.section in titles and field.need in card.NEEDS and field.when in ("", "learned", "dose"), field
        assert field.kind in ("text", "texts", "number", "rows"), field
    places = [p for f in fields for p in f.rt_card]
    assert len(set(places)) == len(places)


def test_gaps_depend_on_what_the_model_is():
    rules = {"training_data": {"text": "None.", "n": 0}}
    learned = {"training_data": {"text": "Patients.", "n": 3}}
    assert "training_data.sex" not in card.gaps(rules) and "training_data.sex" in card.gaps(learned)
    assert "training_data.fractions" not in card.gaps(learned)
    assert "training_data.fractions" in card.gaps(learned, "dose")
    assert "metrics" in card.gaps({}) and "metrics" not in card.gaps({"metrics": []})


def test_subgroups_are_stated_or_the_reason_is():
    said = [{"by": "sex", "group": "F", "metric": "Dice", "value": 0.8, "n": 9}, {"by": "age", "reason": "not known"}]
    assert {g for g in card.gaps({"subgroups": said}) if "subgroups" in g} == {"subgroups.site", "subgroups.scanner"}


def test_rows_that_say_too_little_are_findings():
    told = card.check_rows({"metrics": [{"metric": "Dice", "value": 0.8, "data": "ours"}],
                            "data_sets": [{"name": "ours", "used_for": "training", "n": 3, "source": "here"}]})
    assert told == ["row 1 of data_sets lacks terms", "row 1 of metrics lacks n"]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_card_comes_back_from_the_aid_rt_form_as_it_was(name):
    folder = catalogue()[name]
    out = json.loads(json.dumps(export(folder)))
    assert card_of(out, "here") == folder.card
    assert out["model_basic_information"]["clearance_type"].startswith("none")
    assert out["model_basic_information"]["version_number"].count(".") == 2


def test_a_card_of_the_aid_rt_tool_is_read(organs):
    foreign = {"card_metadata": {"card_creation_date": "20250301"},
               "model_basic_information": {"name": "OARs", "model_scope_summary": "Draws OARs.",
                                           "observed_limitations": "Implants\nChildren", "software_license": "MIT"},
               "technical_specifications": {"learning_architectures": [{"loss_function": "Dice"}]},
               "training_data": {"number_of_patients": "1,204", "sex": "F 60 %, M 40 %"},
               "evaluations": [{"evaluation_date": "20250201"}]}
    read = card_of(foreign, "card.json")
    assert (read["title"], read["limits"], read["licence"]) == ("OARs", ["Implants", "Children"], "MIT")
    assert read["training_data"] == {"n": 1204, "sex": "F 60 %, M 40 %"}
    assert read["technique"]["loss"] == "Dice" and read["evaluation"]["date"] == "20250201"
    for wrong in ([], {}, {"title": "x"}, {"radoncai": {}}, {"model_basic_information": {}}):
        with pytest.raises(ModelError, match="there.json is no model card"):
            card_of(wrong, "there.json")


def rows(*given):
    return [{"table": "openkbp validation", "row": row, "metric": metric, "value": value, "unit": "1", "n": 30}
            for row, metric, value in given]


def test_benchmark_rows_become_figures_and_replace_those_on_the_same_data(organs):
    first = rows(("through DICOM", "Dice Brainstem", 0.5), ("through DICOM", "Dice LeftParotid", 0.71234))
    assert fill(organs, first) == 2
    organs = read_folder(organs.path)
    assert fill(organs, rows(("through DICOM", "Dice Brainstem", 0.8), ("through DICOM", "contour time", 3.0)),
                only="Dice") == 1
    metrics = read_folder(organs.path).card["metrics"]
    assert metrics == [{"structure": "Brainstem", "metric": "Dice", "value": 0.8, "n": 30,
                        "data": "openkbp validation, through DICOM"}]
    fill(organs, first, data="our patients")
    assert {m["structure"]: m["value"] for m in read_folder(organs.path).card["metrics"]
            if m["data"] == "our patients"} == {"Brainstem": 0.5, "Parotid_L": 0.7123}


def test_rows_without_values_and_other_files_leave_the_card_as_it_was(organs):
    before = (organs.path / "card.json").read_text()
    for wrong, said in ((rows(("through DICOM", "Dice Brainstem", None)), "None of the rows"), ({}, "no rows of a"),
                        ([{"row": "x"}], "no rows of a")):
        with pytest.raises(ModelError, match=said):
            fill(organs, wrong)
    assert (organs.path / "card.json").read_text() == before


class Outline(HTMLParser):
    """Headings, and whether every tag is closed."""

    VOID = {"meta", "br", "img", "link"}

    def __init__(self, text):
        super().__init__()
        self.open, self.headings = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        assert not {k for k, _ in attrs} & {"src", "href", "onclick"}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_page_says_what_the_model_saw_and_what_not(name):
    page = Outline(card_page(catalogue()[name], version="0.1.0"))
    assert page.open == []
    assert page.headings[:5] == ["What it is for", "Trained on", "Not trained on", "Known limits", "Numbers with n"]


def test_what_a_card_says_is_text_and_never_html(organs):
    assert "<b>" not in card_short(organs.card) and "Organs &lt;b&gt;" in card_page(organs)


def test_figures_stand_in_one_table_a_data_set_with_their_n():
    found = figures([{"structure": "Brainstem", "metric": "Dice", "value": 0.8, "n": 28, "data": "A"},
                     {"structure": "Brainstem", "metric": "surface Dice 3 mm", "value": 0.9, "n": 28, "data": "A"},
                     {"structure": "", "metric": "looked at", "value": "all is well", "n": 1, "data": "B"}])
    assert [(f.data, f.measures) for f in found] == [("A", ("Dice", "surface Dice 3 mm")), ("B", ())]
    assert found[0].rows == (("Brainstem", {"Dice": 0.8, "surface Dice 3 mm": 0.9}, "28"),)
    assert found[1].remarks == ("looked at (n 1): all is well",)


def test_sections_of_a_card_without_content_are_left_out():
    assert [s.name for s in sections({"title": "x", "limits": "Few."})] == ["limits"]


def test_the_command_writes_the_page_exports_and_imports(organs, tmp_path, capsys):
    page, out = tmp_path / "card.html", tmp_path / "card.json"
    assert main(["models", "card", "hn_oar", "-o", str(page), "--export", str(out)]) == 0
    assert "every required field is there" in capsys.readouterr().out
    assert "Brainstem" in page.read_text(encoding="utf-8")
    assert main(["models", "card", "organs", "--import", str(out)]) == 0
    assert find("organs").card == find("hn_oar").card
    assert main(["models", "card", "hn_oar", "--import", str(out)]) == 3
    assert "is bundled and keeps its card" in capsys.readouterr().err
    assert main(["models", "card", "organs", "--fill", str(page)]) == 2
    assert "cannot be read as JSON" in capsys.readouterr().err
