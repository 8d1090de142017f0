"""The report as a file: complete, escaped, readable without colour, without network."""

import csv
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from radoncai.core.dose import Dose, Prescription
from radoncai.core.errors import PlatformError
from radoncai.core.grid import Grid
from radoncai.core.structures import Structure, StructureSet
from radoncai.core.volume import Volume
from radoncai.report import body_part, contour_part, dose_part
from radoncai.report.card_sections import figure_lines
from radoncai.report.compare import compare_page, compare_pictures
from radoncai.report.html import write_report
from radoncai.report.numbers import DASH, by_unit, fixed, limit_parts, limit_text, to_float, volume
from radoncai.report.plots import dvh_svg, goal_bar
from radoncai.report.sections import BodySection, ContourSection, DoseSection
from radoncai.report.tables import Notes, value_html

EVIL = '<script>alert("1")</script>'
VERDICTS = ("pass", "near", "fail", "unsure", "unknown")
VOID = {"meta", "img", "br", "link", "input"}


class Outline(HTMLParser):
    """Collects tags, checks that they close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def box(grid: Grid, name: str, k: slice, j: slice, i: slice, **more: object) -> Structure:
    mask = np.zeros(grid.shape, bool)
    mask[k, j, i] = True
    return Structure.from_full(name, mask, **more)


@pytest.fixture(scope="module")
def sections() -> dict:
    grid = Grid.axial((13, 31, 37), (8.0, 7.1, 6.3), (-100.0, -90.0, 40.0))
    k, j, i = np.meshgrid(*(np.linspace(-1.2, 1.2, n) for n in grid.shape), indexing="ij")
    ct = Volume(np.where(j ** 2 + i ** 2 < 1, 30, -1000).astype(np.int16), grid, "CT", "HU")
    structures = StructureSet(grid, (
        box(grid, "PTV_7000", slice(4, 9), slice(10, 20), slice(12, 24), role="ptv"),
        box(grid, EVIL, slice(3, 10), slice(20, 25), slice(16, 20))), missing={"Larynx": "nothing above the threshold"})
    rows = [{"structure": s.name, "volume_cc": structures.volume_cc(s), "slices": s.slices, "pieces": 1,
             "status": "unreviewed", "findings": "Two pieces; too high" if s.role == "oar" else ""} for s in structures]
    rows.append({"structure": "Larynx", "volume_cc": None, "slices": None, "pieces": "", "status": "not_found"})
    dose = Dose(Volume((70 * np.exp(-j ** 2 - i ** 2)).astype(np.float32), grid, "RTDOSE", "Gy"), "predicted")
    gy = np.linspace(0, 72, 100)
    curves = [{"structure": s.name, "dose_gy": gy, "volume_pct": 100 / (1 + np.exp((gy - 30 - 20 * n) / 4))}
              for n, s in enumerate(structures)]
    metrics = [{"structure": "PTV_7000", "metric": "D95%[Gy]", "value": 66.04, "unit": "Gy", "low": 64.0, "high": 67.5},
               {"structure": EVIL, "metric": "Dmean[Gy]", "value": None, "unit": "Gy", "reason": "cut by the scan"},
               {"structure": EVIL, "metric": "D0.1cc[Gy]", "value": 41.0, "unit": "Gy",
                "reason": "in the scanned part"}]
    goals = [{"structure": EVIL, "metric": "Dmean[Gy]", "limit": "<=26", "unit": "Gy", "value": 27.0, "low": 25.0,
              "high": 29.0, "verdict": v, "priority": 1, "reason": "cut by the scan"} for v in VERDICTS]
    goals[-1]["value"] = None
    tissue = np.zeros(grid.shape[1:], np.uint8)
    tissue[12:20, 12:20] = 1
    body = {"muscle_cm2": "118.44", "muscle_cm2_sd": "2.9", "vat_cm2": 96.0, "sat_cm2": 171.2, "imat_cm2": 8.1,
            "muscle_hu": 34.4, "muscle_hu_sd": 2, "smi_cm2_m2": ""}
    model = {"name": "hn_oar", "version": "0.1.0", "title": "Head and neck OARs"}
    return {"contour": ContourSection(ct, structures, rows, {}, model, ("Slices are thick.",)),
            "dose": DoseSection(ct, structures, dose, Prescription({"PTV_7000": 70.0}, 35), curves, metrics, goals,
                                model),
            "body": BodySection(ct, 88.0, "L3 at S 88.0 mm", tissue, [body], ("Cut at the side.",), model)}


@pytest.fixture(scope="module")
def page(sections: dict, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    card = {"name": "hn_oar", "title": "Head and neck OARs", "intended_use": "Research.", "limits": ["Thin slices."],
            "training_data": {"text": "OpenKBP", "n": 180, "terms": "see NOTICE"}, "licence": "Apache-2.0",
            "metrics": [{"structure": "Brainstem", "metric": "Dice", "value": 0.78, "n": 40}]}
    write_report(path, subject=f"P-1 {EVIL}", **sections, cards=[card],
                 provenance=[{"job": "contour", "seconds": {"read": 1.25}, "note": EVIL}], version="0.1.0")
    assert path.stat().st_size < 5e6
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.S)))


def test_page_is_well_formed_and_loads_nothing(page: str) -> None:
    tags = Outline(page).tags
    names = [tag for tag, _ in tags]
    assert not {"script", "link", "iframe", "object", "embed"} & set(names)
    for tag, attributes in tags:
        if "src" in attributes:
            assert attributes["src"].startswith("data:image/")
        if "href" in attributes:
            assert attributes["href"].startswith("#")
        assert not any(name.startswith("on") for name in attributes), tag
    assert "url(" not in page
    assert "@import" not in page
    assert names.count("h1") == 1


def test_names_are_escaped(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;") > 10


def test_pictures_have_alternative_texts_with_the_status(page: str) -> None:
    images = [attributes for tag, attributes in Outline(page).tags if tag == "img"]
    assert len(images) == 9
    for attributes in images:
        assert re.search("AI contours, not approved|Predicted dose, not a plan|Research use", attributes["alt"])
        assert attributes["width"].isdigit()


def test_first_screen_says_what_came_out(page: str) -> None:
    head = words(page.split("<main>")[0])
    assert "AI results, not approved" in head
    assert "Not a medical device" in head
    assert "2 structures, 1 needs a look; 2 of 4 goals met; L3 muscle 118.4 ± 2.9 cm²." in head
    assert "not found: Larynx" in head
    assert "1 missed, 1 unsure, 1 near the limit, 1 cannot be judged" in head


def test_goals_are_told_by_symbol_and_word(page: str) -> None:
    told = words(page)
    for phrase in ("✓ met", "~ met, within 5 %", "✕ missed by 1.0 Gy", "? unsure", "– 1 unknown"):
        assert phrase in told


def test_unknown_has_its_reason_as_title_and_footnote(page: str) -> None:
    assert f'title="cut by the scan">{DASH}<sup>' in page
    assert "<li>cut by the scan</li>" in page
    assert f'title="nothing above the threshold">{DASH}<sup>' in page
    assert "<li>needs the height</li>" in page
    assert '41.0<span class="unknown" title="in the scanned part"><sup>' in page


def test_spread_is_named_in_the_header(page: str) -> None:
    told = words(page)
    assert "± one standard deviation" in told
    assert "90 % band [Gy]" in told
    assert "± 2.9" in told
    assert "64.0 – 67.5" in told


def test_tables_have_captions_and_row_headers(page: str) -> None:
    tags = [tag for tag, _ in Outline(page).tags]
    assert tags.count("caption") >= 5
    assert all(a.get("scope") in ("col", "row") for t, a in Outline(page).tags if t == "th")


def test_findings_and_warnings_stand_under_what_to_doubt(page: str) -> None:
    told = words(page)
    for phrase in ("Two pieces", "too high", "Larynx not found: nothing above the threshold", "Slices are thick.",
                   "Cut at the side.", "OpenKBP (n = 180). Terms: see NOTICE."):
        assert phrase in told


def test_sections_may_be_left_out(sections: dict, tmp_path: Path) -> None:
    write_report(tmp_path / "r.html", subject="P", body=sections["body"])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert 'id="body"' in text
    assert 'id="dose"' not in text
    assert 'id="models"' not in text
    write_report(tmp_path / "r.html", subject="P")
    Outline((tmp_path / "r.html").read_text(encoding="utf-8"))


def test_rows_read_back_from_csv_give_the_same_page(sections: dict, tmp_path: Path) -> None:
    section = sections["contour"]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(section.rows[0]))
        writer.writeheader()
        writer.writerows(section.rows)
    with (tmp_path / "t.csv").open(newline="") as file:
        again = replace(section, rows=list(csv.DictReader(file)))
    assert contour_part.contour_part(again).body == contour_part.contour_part(section).body


def test_unwritable_target_is_one_sentence_and_keeps_the_old_file(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="could not be written"):
        write_report(tmp_path / "no" / "r.html", subject="P")
    assert list(tmp_path.iterdir()) == []


def test_dvh_is_dashed_for_predictions_and_named_without_colour(sections: dict) -> None:
    section = sections["dose"]
    root = ElementTree.fromstring(dvh_svg(section.dvh_rows, section.structures, metric_rows=section.metric_rows))
    space = "{http://www.w3.org/2000/svg}"
    curves = root.findall(f"{space}polyline")
    assert [bool(c.get("stroke-dasharray")) for c in curves] == [True, True]
    names = [t.text for t in root.iter(f"{space}text") if t.get("class") == "name"]
    assert names == ["PTV_7000", EVIL]
    assert len([e for e in root.iter(f"{space}line") if e.get("class") == "whisker"]) == 3
    solid = ElementTree.fromstring(dvh_svg(section.dvh_rows, section.structures, kind="clinical"))
    assert not any(c.get("stroke-dasharray") for c in solid.findall(f"{space}polyline"))


def test_dvh_curve_passes_through_its_points() -> None:
    grid = Grid.axial((5, 7, 11), (3.0, 1.1, 0.9))
    structures = StructureSet(grid, (box(grid, "A", slice(1, 3), slice(1, 3), slice(1, 3)),))
    curve = {"structure": "A", "dose_gy": np.array([0.0, 10.0, 20.0]), "volume_pct": np.array([100.0, 100.0, 0.2])}
    root = ElementTree.fromstring(dvh_svg([curve], structures))
    points = [tuple(map(float, p.split(","))) for p in root[[e.tag.split("}")[1] for e in root].index("polyline")]
              .get("points").split()]
    ticks = {t.text: t for t in root if t.get("class") == "tick" and t.get("text-anchor") == "middle"}
    assert points[0][0] == pytest.approx(float(ticks["0"].get("x")), abs=0.1)
    assert points[1][0] == pytest.approx(float(ticks["10"].get("x")), abs=0.1)
    assert points[0][1] == pytest.approx(points[1][1])


def test_goal_bar_marks_the_side_that_misses() -> None:
    def parts(limit: str) -> tuple[float, float, float]:
        root = ElementTree.fromstring(goal_bar({"limit": limit, "value": 27.0, "unit": "Gy", "verdict": "fail"}))
        wrong = next(e for e in root if e.get("class") == "wrong")
        tick = next(e for e in root if e.get("class") == "limit")
        dot = next(e for e in root if e.get("class").startswith("dot"))
        return float(wrong.get("x")) + float(wrong.get("width")) / 2, float(tick.get("x1")), float(dot.get("cx"))

    wrong, tick, dot = parts("<=26")
    assert wrong > tick
    assert dot > tick
    wrong, tick, dot = parts(">=30")
    assert wrong < tick
    assert dot < tick
    assert goal_bar({"limit": "<=26", "value": None}) == ""


def test_summaries_count_what_can_be_judged() -> None:
    rows = [{"verdict": v} for v in ("pass", "pass", "near", "unsure", "unknown")]
    assert dose_part.summary(rows) == ("3 of 4 goals met", "1 unsure, 1 near the limit, 1 cannot be judged", "look")
    assert dose_part.summary([{"verdict": "pass"}])[2] == "good"
    assert dose_part.summary([{"verdict": "fail"}, {"verdict": "pass"}])[2] == "bad"
    assert body_part.summary({"muscle_cm2": 118.44})[0] == "L3 muscle 118.4 cm²"
    assert body_part.summary({})[0] == "muscle not measured"


@pytest.mark.parametrize("value, expected", [(26.14, "26.1"), (9.996, "10.0"), (9.4, "9.40"), (0.0, "0.00"),
                                             (None, DASH), ("", DASH), ("nan", DASH), ("12.35", "12.3")])
def test_volumes_have_two_decimals_below_ten(value: object, expected: str) -> None:
    assert volume(value) in (expected, expected.replace("12.3", "12.4"))


def test_numbers_are_written_as_the_rules_say() -> None:
    assert fixed(-0.04) == "0.0"
    assert fixed(-3.26) == "−3.3"
    assert fixed(1.0, sign=True) == "+1.0"
    assert by_unit(-101.6, "HU") == "−102"
    assert by_unit(3.456, "cc") == "3.46"
    assert limit_parts(">=66.5") == ("≥", 66.5)
    assert limit_parts("45") == ("≤", 45.0)
    assert limit_text(59.85) == "59.85"
    assert limit_text(45.0) == "45"
    assert limit_text(None) == DASH
    assert limit_parts("none") == ("", None)
    assert to_float("inf") is None


def test_figures_of_a_card_are_one_line_a_metric() -> None:
    rows = [{"structure": n, "metric": "dice", "value": v, "n": 40, "data": "validation"}
            for n, v in (("Brainstem", 0.781), ("SpinalCord", 0.75))]
    assert figure_lines(rows) == ["Dice on validation (n = 40): Brainstem 0.781, SpinalCord 0.75"]
    assert figure_lines("see paper") == "see paper"


def test_goals_of_one_group_count_once() -> None:
    rows = [{"verdict": "fail", "group": "cord"}, {"verdict": "near", "group": "cord"}, {"verdict": "unknown"}]
    assert dose_part.summary(rows)[0] == "1 of 1 goals met"


def test_footnotes_are_numbered_once() -> None:
    notes = Notes()
    first, again, other = notes.unknown("a"), notes.unknown("a"), notes.unknown("b <c>")
    assert first == again
    assert "<sup>2</sup>" in other
    assert notes.html() == '<ol class="notes"><li>a</li><li>b &lt;c&gt;</li></ol>'


def test_any_provenance_can_be_shown() -> None:
    text = value_html({"a_b": [1, 2], "UID": "1.2.3", "seconds": {"run": 1.23456}, "none": None,
                       "rows": [{"x": 1, "y": "<"}, {"x": 2.5}], "long": ["w" * 50, "v" * 50], "on": True})
    Outline(text)
    for part in ("A b", "1, 2", "UID", "1.235", "&lt;", "2.5", "<li>", "yes"):
        assert part in text


def test_comparison_is_sorted_by_doubt(sections: dict) -> None:
    rows = [{"reference": "clinic", "other": "ai", "structure": n, "dice": d, "surface_dice": s, "tolerance_mm": 2,
             "volume_ref_cc": 10.0} for n, d, s in (("Good", 0.9, 0.99), ("Poor", 0.95, 0.4), ("Absent", None, None))]
    section = sections["contour"]
    pictures = compare_pictures(section.ct, section.structures, section.structures)
    page = compare_page(rows, title=EVIL, pictures=pictures, warnings=["Two names match."])
    Outline(page)
    assert re.findall(r'<th scope="row">(\w+)', page) == ["Absent", "Poor", "Good"]
    assert "<script" not in page
    assert "(solid)" in page
    assert "(dashed)" in page
    assert "missing in one of the two sets" in page


def test_given_targets_are_not_counted_as_ai_contours(sections: dict) -> None:
    section = sections["contour"]
    target, organ = section.structures.structures
    mixed = replace(section, structures=replace(section.structures, structures=(
        target, replace(organ, origin="AUTOMATIC"))))
    assert contour_part.summary(mixed)[0] == "1 AI contour, 1 target given, 1 needs a look"
    part = contour_part.contour_part(mixed)
    assert part.status == "AI contours, not approved; 1 target given"
    assert part.model == "Made by Head and neck OARs (hn_oar 0.1.0). PTV_7000: as given, not made by a model."
    assert part.body.count("<td class=\"nowrap\">given</td>") == 1
    assert part.body.count("<td class=\"nowrap\">to review</td>") == 1


def test_a_verdict_on_a_part_says_so_beside_it() -> None:
    row = {"verdict": "pass", "value": 20.0, "limit": "<=45", "unit": "Gy", "reason": "in the part inside the <grid>"}
    assert dose_part.verdict_html(row, Notes()).endswith("met</span><small>in the part inside the &lt;grid&gt;</small>")
    assert "small" not in dose_part.verdict_html({**row, "reason": ""}, Notes())


@pytest.mark.parametrize(("review", "state", "sign"), [("unreviewed", "review", "•"), ("approved", "good", "✓")])
def test_what_nobody_reviewed_has_no_green_tick(sections: dict, review: str, state: str, sign: str) -> None:
    section = sections["body"]
    part = body_part.body_part(replace(section, flags=(), rows=[{**section.rows[0], "review": review}]))
    assert part.state == state
    assert f">{sign}</span>" in part.tile()
    contour = sections["contour"]
    rows = [{"structure": s.name, "status": review} for s in contour.structures]
    structures = replace(contour.structures, missing={})
    assert contour_part.summary(replace(contour, structures=structures, rows=rows))[2] == state


def test_goals_say_limit_and_amount_as_they_are(sections: dict) -> None:
    row = {"structure": "PTV_6300", "metric": "D99%[Gy]", "limit": ">=59.85", "unit": "Gy", "value": 53.25,
           "verdict": "fail", "priority": 1}
    told = words(dose_part.dose_part(replace(sections["dose"], goal_rows=[row])).body)
    assert "D99% ≥ 59.85 Gy" in told
    assert "missed by 6.6 Gy" in told
    assert "PTV_6300 D99% by 6.6 Gy." in told


def test_a_target_that_holds_a_boost_says_so(sections: dict) -> None:
    section = sections["dose"]
    boost = section.structures.structures[0]
    low = box(section.structures.grid, "PTV_5600", slice(2, 11), slice(8, 22), slice(10, 26), role="ptv")
    structures = replace(section.structures, structures=(boost, low))
    rows = [{"structure": s.name, "metric": "HI", "value": 0.2, "unit": ""} for s in structures]
    nested = replace(section, structures=structures, metric_rows=rows,
                     prescription=Prescription({"PTV_7000": 70.0, "PTV_5600": 56.0}, 35))
    table = dose_part.metric_table(nested, ["PTV_7000", "PTV_5600"], ("HI",), "Dose to targets")
    assert table.count("<li>") == 1
    assert "<li>contains PTV_7000: its HI, V107% and highest doses are those of the boost</li>" in table
    assert re.search(r"PTV_5600<span[^>]*><sup>1</sup>", table)


def test_rows_that_hold_more_rows_are_lists_for_a_table_would_have_no_room() -> None:
    flat, nested = [{"name": "a", "version": "1"}], [{"name": "a", "inputs": {"image": {"series_uid": "1.2"}}}]
    assert "<table" in value_html(flat)
    assert "<table" not in value_html(nested) and "1.2" in value_html(nested)
