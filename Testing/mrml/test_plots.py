"""DVH curves as plot nodes."""

import numpy as np

ROWS = [{"structure": "PTV_7000", "role": "ptv", "dose_gy": [0.0, 35.0, 70.0], "volume_pct": [100.0, 99.0, 50.0]},
        {"structure": "Cord | L", "role": "oar", "dose_gy": [0.0, 20.0], "volume_pct": [100.0, 0.0]},
        {"structure": "Cut", "role": "oar", "dose_gy": [0.0], "volume_pct": None}]
COLORS = {"PTV_7000": (1.0, 0.0, 0.0)}


def test_each_structure_has_a_curve_with_its_own_points(scene):
    from RadOncAILib.scene.plots import show_dvh

    chart = show_dvh(ROWS, "Prediction", COLORS)
    assert chart.GetNumberOfPlotSeriesNodes() == 2
    first, second = (chart.GetNthPlotSeriesNode(n) for n in range(2))
    assert first.GetColor() == (1.0, 0.0, 0.0)
    table = first.GetTableNode().GetTable()
    x, y = (table.GetColumnByName(n) for n in (second.GetXColumnName(), second.GetYColumnName()))
    points = {(x.GetValue(n), y.GetValue(n)) for n in range(table.GetNumberOfRows())}
    assert points == {(0.0, 100.0), (20.0, 0.0)}


def test_a_second_run_uses_table_curves_and_chart_again(scene):
    from RadOncAILib.scene.plots import curves, show_dvh

    chart = show_dvh(ROWS, "Prediction", COLORS)
    count, series = scene.mrmlScene.GetNumberOfNodes(), chart.GetNthPlotSeriesNode(0)
    assert show_dvh(ROWS, "Prediction", COLORS) is chart
    assert scene.mrmlScene.GetNumberOfNodes() == count
    assert chart.GetNthPlotSeriesNode(0) is series
    show_dvh(ROWS[1:], "Prediction", COLORS)
    assert [s.GetAttribute("RadOncAI.Structure") for s in curves(chart)] == ["Cord | L"]


def test_a_second_dose_joins_the_chart_dashed_in_the_same_colour(scene):
    from RadOncAILib.scene.plots import curves, show_dvh

    chart = show_dvh(ROWS, "Clinical", COLORS)
    assert show_dvh(ROWS, "Prediction", COLORS, dash=True, chart=chart) is chart
    solid, dashed = curves(chart, "Clinical"), curves(chart, "Prediction")
    node = scene.vtkMRMLPlotSeriesNode
    assert {s.GetLineStyle() for s in solid} == {node.LineStyleSolid}
    assert {s.GetLineStyle() for s in dashed} == {node.LineStyleDash}
    assert [s.GetColor() for s in solid] == [s.GetColor() for s in dashed]
    assert len({s.GetName() for s in solid + dashed}) == 4


def test_a_dose_can_be_taken_out_of_the_chart(scene):
    from RadOncAILib.scene.plots import curves, remove, show_dvh

    chart = show_dvh(ROWS, "Clinical", COLORS)
    count = scene.mrmlScene.GetNumberOfNodes()
    show_dvh(ROWS, "Prediction", COLORS, dash=True, chart=chart)
    remove(chart, "Prediction")
    assert scene.mrmlScene.GetNumberOfNodes() == count
    assert len(curves(chart)) == 2


def test_hidden_curves_come_back_in_their_own_style(scene):
    from RadOncAILib.scene.plots import curves, set_visible, show_dvh

    chart = show_dvh(ROWS, "Prediction", COLORS, dash=True)
    before = [(s.GetLineStyle(), s.GetLineWidth()) for s in curves(chart)]
    set_visible(chart, {"PTV_7000"})
    assert curves(chart)[1].GetLineStyle() == scene.vtkMRMLPlotSeriesNode.LineStyleNone
    set_visible(chart, None)
    assert [(s.GetLineStyle(), s.GetLineWidth()) for s in curves(chart)] == before


def test_a_hundred_structures_with_two_thousand_points_are_kept_whole(scene):
    from RadOncAILib.scene.plots import curves, show_dvh

    dose = np.linspace(0, 80, 2000)
    rows = [{"structure": f"s{n}", "dose_gy": dose.tolist(), "volume_pct": (100 - dose).tolist()} for n in range(100)]
    chart = show_dvh(rows, "Prediction", {})
    assert len(curves(chart)) == 100
    assert curves(chart)[99].GetTableNode().GetTable().GetNumberOfRows() == 2000
