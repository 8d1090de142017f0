"""Goals around their limits, on the right structures, with honest unknowns; and the tables themselves."""

import json
from dataclasses import replace

import numpy as np
import pytest

from radoncai.core.dose import Prescription
from radoncai.core.errors import InputError, ModelError
from radoncai.core.tables import columns
from radoncai.core.templates import match
from radoncai.dose.bands import Bands, read_bands
from radoncai.dose.dvh import Dvh
from radoncai.dose.goals import Goal, GoalTable, evaluate, goal_tables, load_goals, rows, summary, verdict
from radoncai.dose.metrics import metric, parse
from radoncai.dose.metrics import rows as metric_rows
from radoncai.dose.resolve import target_side

RESOLVED_PER_PATIENT = {"Parotid_Contra", "Lung_Ipsi", "Lung_Contra", "Breast_Contra"}


def flat(name, gy, role="oar", volume=30.0, x=0.0, **attributes):
    """A structure that receives one dose."""
    return Dvh(name, role, volume, 1.0, np.array([gy]), np.array([volume]), gy, gy, centroid_lps=(x, 0.0, 0.0),
               **attributes)


def table(*goals, **fractionation):
    return GoalTable("t", "t", "", "s", goals, fractionation)


def goal(structure="Brainstem", metric_name="Dmax[Gy]", operator="<=", limit=50.0, unit="Gy", **more):
    return Goal(structure, metric_name, operator, limit, unit, 1, "source", **more)


@pytest.mark.parametrize(("value", "operator", "limit", "unit", "expected"), [
    (47.4, "<=", 50, "Gy", "pass"), (47.6, "<=", 50, "Gy", "near"), (50.0, "<=", 50, "Gy", "near"),
    (50.0, "<", 50, "Gy", "fail"), (50.1, "<=", 50, "Gy", "fail"),
    (4.4, "<=", 5, "Gy", "pass"), (4.6, "<=", 5, "Gy", "near"),
    (8.9, "<=", 10, "%", "pass"), (9.1, "<=", 10, "%", "near"),
    (100, "<=", 195, "cc", "pass"), (186, "<=", 195, "cc", "near"),
    (66.4, ">=", 66.5, "Gy", "fail"), (66.6, ">=", 66.5, "Gy", "near"), (70.0, ">", 66.5, "Gy", "pass"),
])
def test_verdicts_around_the_limit(value, operator, limit, unit, expected):
    assert verdict(value, operator, limit, unit) == expected


def test_a_limit_inside_the_band_is_unsure():
    assert verdict(40, "<=", 50, "Gy", 35, 51) == "unsure"
    assert verdict(52, "<=", 50, "Gy", 49, 55) == "unsure"
    assert verdict(40, "<=", 50, "Gy", 35, 49) == "pass"
    assert verdict(60, "<=", 50, "Gy", 55, 65) == "fail"


def test_a_missed_goal_says_by_how_much():
    result, = evaluate(table(goal()), [flat("Brainstem", 53.2)])
    assert result.verdict == "fail" and result.missed_by == pytest.approx(3.2) and result.text == "missed by 3.2 Gy"


def test_the_words_say_why_unknown_and_which_part():
    lost, = evaluate(table(goal("Esophagus")), [flat("Brainstem", 53.2)])
    assert lost.text == "unknown: there is no Esophagus"
    cut, = evaluate(table(goal()), [replace(flat("Brainstem", 20.0), cut_by="scan")])
    assert cut.text == "met (in the scanned part)"


def test_a_target_goal_follows_the_prescription_not_the_name():
    plan = Prescription({"Boost": 70.0, "PTV70": 56.0}, 35)
    dvhs = [flat("Boost", 69.0, "ptv"), flat("PTV70", 55.0, "ptv")]
    results = evaluate(load_goals("openkbp_hn"), dvhs, plan)
    by_goal = {r.goal.structure: r for r in results}
    assert by_goal["PTV70"].structure == "Boost" and by_goal["PTV70"].verdict == "near"
    assert by_goal["PTV56"].structure == "PTV70" and by_goal["PTV56"].verdict == "near"
    assert by_goal["PTV63"].verdict == "unknown" and "63 Gy" in by_goal["PTV63"].reason


def test_without_prescription_the_name_tells_the_level():
    result = evaluate(table(goal("PTV70", "D99%[Gy]", ">=", 66.5)), [flat("PTV_7000", 68.0, "ptv")])[0]
    assert result.structure == "PTV_7000" and result.verdict == "near"


def test_two_targets_of_one_level_are_both_judged():
    plan = Prescription({"PTVp": 70.0, "PTVn": 70.0})
    results = evaluate(table(goal("PTV70", "D99%[Gy]", ">=", 66.5)),
                       [flat("PTVp", 70.5, "ptv"), flat("PTVn", 60.0, "ptv")], plan)
    assert [(r.structure, r.verdict) for r in results] == [("PTVp", "pass"), ("PTVn", "fail")]


def test_aliases_are_followed_and_said():
    result, = evaluate(table(goal("Bone_Mandible")), [flat("Mandible", 30.0)])
    assert result.verdict == "pass" and result.structure == "Mandible" and "Bone_Mandible" in result.reason


def test_two_structures_of_one_meaning_are_not_chosen_between():
    result, = evaluate(table(goal("Parotid_L")), [flat("Parotis li", 10.0), flat("LeftParotid", 40.0)])
    assert result.verdict == "unknown" and "could both be" in result.reason


def test_missing_cut_and_empty_are_unknown_with_a_reason():
    cut = flat("Esophagus", 20.0, cut_by="scan")
    results = evaluate(table(goal("Larynx", "Dmean[Gy]"), goal("Esophagus", "Dmean[Gy]"), goal("Esophagus")), [cut])
    assert [r.verdict for r in results] == ["unknown", "unknown", "pass"]
    assert [r.reason for r in results] == ["there is no Larynx", "cut by the scan", "in the scanned part"]


def test_other_fractionation_is_unknown_for_organs_and_not_for_targets():
    limits = table(goal(), goal("PTV", "V95%[%]", ">=", 95.0, "%"), gy_per_fraction=[1.8, 2.0])
    dvhs = [flat("Brainstem", 10.0), flat("PTV50", 50.0, "ptv")]
    five, many, silent = (evaluate(limits, dvhs, Prescription({"PTV50": 50.0}, n)) for n in (5, 25, None))
    assert [r.verdict for r in five] == ["unknown", "pass"] and "10" in five[0].reason
    assert [r.verdict for r in many] == [r.verdict for r in silent] == ["pass", "pass"]
    fixed = evaluate(table(goal(), fractions=4), dvhs, Prescription({"PTV50": 50.0}, 5))
    assert fixed[0].reason == "the limit is for 4 fractions, the plan has 5"


def test_lungs_are_joined_of_left_and_right():
    lungs = [flat("Lung_L", 10.0, volume=1000.0), flat("Lung_R", 40.0, volume=1500.0)]
    result, = evaluate(table(goal("Lungs", "V20Gy[%]", "<=", 30.0, "%")), lungs)
    assert result.value == pytest.approx(60) and "joined of Lung_L and Lung_R" in result.reason


def test_contralateral_follows_the_side_of_the_target():
    glands = [flat("Parotid_L", 40.0, x=50.0), flat("Parotid_R", 20.0, x=-52.0)]
    left = flat("PTV70", 70.0, "ptv", x=30.0)
    result, = evaluate(table(goal("Parotid_Contra", "Dmean[Gy]", "<", 30.0)), [*glands, left])
    assert result.structure == "Parotid_R" and result.verdict == "pass" and "left" in result.reason
    middle = replace(left, centroid_lps=(2.0, 0.0, 0.0))
    assert target_side([*glands, middle]) is None
    result, = evaluate(table(goal("Parotid_Contra", "Dmean[Gy]", "<", 30.0)), [*glands, middle])
    assert result.verdict == "unknown"


def test_alternatives_count_once():
    goals = table(goal(limit=54.0, group="Brainstem"), goal(limit=64.0, group="Brainstem"), goal("SpinalCord"))
    results = evaluate(goals, [flat("Brainstem", 58.0), flat("SpinalCord", 60.0)])
    assert [r.verdict for r in results] == ["fail", "pass", "fail"]
    assert summary(results) == {"pass": 1, "near": 0, "fail": 1, "unsure": 0, "unknown": 0}


def bands_file(tmp_path, n=20):
    data = {"source": "test", "n_patients": n, "metrics": {
        "Brainstem": {"D0.1cc[Gy]": [-2.0, 3.0, n]}, "PTV_HIGH": {"D95%[Gy]": [-1.0, 0.5, n]},
        "role:oar": {"D0.1cc[Gy]": [-5.0, 6.0, 100], "Dmean[Gy]": [-4.0, 4.0, 100]},
        "role:ptv": {"D99%[Gy]": [-3.0, 1.0, 100]}}}
    (tmp_path / "bands.json").write_text(json.dumps(data), encoding="utf-8")
    return read_bands(tmp_path / "bands.json")


def test_bands_take_the_own_entry_then_the_role_then_the_nearest_kind(tmp_path):
    bands = bands_file(tmp_path)
    stem, parotid = flat("Brainstem", 40.0), flat("Parotid_L", 20.0)

    def around(dvh, name):
        return bands.around(dvh, metric(dvh, name))

    assert around(stem, "D0.1cc[Gy]") == (38, 43)
    assert around(stem, "D0.03cc[Gy]") == (38, 43)
    assert around(stem, "Dmean[Gy]") == (36, 44)
    assert around(parotid, "Dmax[Gy]") == (15, 26)
    assert around(parotid, "V20Gy[%]") == (None, None)
    assert around(flat("Parotid_L", 2.0), "Dmean[Gy]") == (0, 6)


def test_bands_know_the_highest_target_and_per_cent_of_dose(tmp_path):
    high, low = flat("A", 70.0, "ptv", prescription_gy=70.0), flat("B", 56.0, "ptv", prescription_gy=56.0)
    bands = bands_file(tmp_path).for_levels([70.0, 56.0])
    assert bands.around(high, metric(high, "D95%[Gy]")) == (69, 70.5)
    assert bands.around(low, metric(low, "D95%[Gy]")) == (53, 57)
    assert bands.around(low, metric(low, "D99%[%]")) == pytest.approx((100 - 300 / 56, 100 + 100 / 56))
    written = {(r["structure"], r["metric"]): (r["low"], r["high"]) for r in metric_rows([high, low], bands)}
    assert written["A", "D95%[Gy]"] == (69, 70.5) and written["A", "V95%[%]"] == (None, None)


def test_few_patients_make_no_band_of_their_own(tmp_path):
    bands = bands_file(tmp_path, n=9)
    stem = flat("Brainstem", 40.0)
    assert bands.around(stem, metric(stem, "D0.1cc[Gy]")) == (35, 46)


def test_a_damaged_bands_file_is_the_models_fault(tmp_path):
    (tmp_path / "bands.json").write_text('{"metrics": {"Brainstem": {"D0.1": [1]}}}', encoding="utf-8")
    with pytest.raises(ModelError, match="damaged"):
        read_bands(tmp_path / "bands.json")


def test_a_predicted_goal_is_unsure_inside_its_band(tmp_path):
    result, = evaluate(table(goal(limit=42.0)), [flat("Brainstem", 40.0)], bands=bands_file(tmp_path))
    assert (result.verdict, result.low, result.high) == ("unsure", 38, 43)


def test_rows_have_the_columns_of_goals_csv():
    results = evaluate(load_goals("quantec"), [flat("Brainstem", 53.0)])
    table_rows = list(rows(results))
    assert set(table_rows[0]) == set(columns("goals")) - {"case", "run"}
    stem = next(r for r in table_rows if r["structure"] == "Brainstem")
    assert stem["limit"] == "<54" and stem["verdict"] == "near" and "neuropathy" in stem["source"]


def test_every_goals_table_is_well_formed():
    names = goal_tables()
    assert {"openkbp_hn", "quantec", "hn_gortec"} <= set(names)
    for name in names:
        loaded = load_goals(name)
        assert loaded.name == name and loaded.title and loaded.source and loaded.goals and loaded.fractionation["basis"]
        assert "fractions" in loaded.fractionation or len(loaded.fractionation["gy_per_fraction"]) == 2
        for g in loaded.goals:
            assert g.priority in (1, 2, 3) and g.source and parse(g.metric).unit == g.unit
            assert g.structure in RESOLVED_PER_PATIENT or match(g.structure) is not None, g.structure
    assert sum(len(load_goals(n).goals) for n in names) == 145


def test_an_unknown_table_lists_those_there_are():
    with pytest.raises(InputError, match="quantec"):
        load_goals("nowhere")


def test_a_users_table_is_found_and_a_damaged_one_named(tmp_path, monkeypatch):
    folder = tmp_path / "templates" / "goals"
    folder.mkdir(parents=True)
    row = {"structure": "Heart", "metric": "Dmean[Gy]", "limit": "<5", "unit": "Gy", "source": "ours"}
    (folder / "clinic.json").write_text(json.dumps({"name": "clinic", "goals": [row]}), encoding="utf-8")
    (folder / "bad.json").write_text(json.dumps({"name": "bad", "goals": [row | {"limit": "5"}]}), encoding="utf-8")
    monkeypatch.setenv("RADONCAI_HOME", str(tmp_path))
    assert evaluate(load_goals("clinic"), [flat("Heart", 3.0)])[0].verdict == "pass"
    with pytest.raises(InputError, match="damaged"):
        load_goals("bad")


def test_bands_without_entries_stay_silent():
    dvh = flat("Heart", 3.0)
    assert Bands({}).around(dvh, metric(dvh, "Dmean[Gy]")) == (None, None)
