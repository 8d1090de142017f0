"""Whether an image is what a model is made for: a sentence for each finding, and what memory it may take."""

from dataclasses import replace

import numpy as np
import pytest

from radoncai.core.errors import InputError, PlatformError
from radoncai.core.grid import Grid
from radoncai.core.volume import Source, Volume
from radoncai.models.applicability import check, check_images, judge
from radoncai.models.engine.memory import _groups, available_mb, check_memory
from radoncai.models.spec import ImageSpec, ModelSpec

LIMITS = {"spacing_mm": [[0.5, 6], [0.4, 3], [0.4, 3]], "hu_range": [-1024, 3071], "body_part": ["HEAD", "NECK"],
          "field_of_view_mm": [60, 150, 150], "min_slices": 10}
MODEL = ModelSpec("m", "1", "contour", "onnx", applicability=LIMITS)
WITH_MR = replace(MODEL, modality=("CT", "MR"), images=(ImageSpec("image", "CT"), ImageSpec("MR", "MR")))


def image(shape=(20, 80, 80), spacing=(4.0, 2.0, 2.0), modality="CT", part="NECK", fill=0.0):
    array = np.full(shape, fill, np.float32)
    array[:, 0] = -1000.0 if modality == "CT" else 0.0
    return Volume(array, Grid.axial(shape, spacing), modality, "HU", Source(header={"BodyPartExamined": part}))


def test_what_fits_is_said_nothing_about():
    assert judge(image(), MODEL).refusals == judge(image(), MODEL).warnings == ()


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"modality": "MR"}, "The image is MR; the model m is made for CT."),
    ({"shape": (8, 80, 80), "spacing": (8.0, 2.0, 2.0)}, "The slices lie 8.00 mm apart; the model m is made for 0.5"),
    ({"shape": (9, 80, 80), "spacing": (6.0, 2.0, 2.0)}, "The slices cover 54 mm; the model m needs 60 mm."),
    ({"shape": (9, 80, 80), "spacing": (6.0, 2.0, 2.0)}, "The image has 9 slices; the model m needs 10."),
    ({"shape": (20, 80, 50)}, "The columns cover 100 mm; the model m needs 150 mm."),
    ({"fill": np.nan}, "holds values that are not numbers"),
])
def test_each_refusal_is_a_sentence(changes, sentence):
    assert any(sentence in text for text in judge(image(**changes), MODEL).refusals)


def test_values_beyond_the_range_and_another_body_part_are_warnings():
    found = judge(image(fill=9000.0, part="PELVIS"), MODEL)
    assert found.refusals == ()
    assert [text.split(",")[0] for text in found.warnings] == [
        "99 % of the voxels lie outside -1024 to 3071 HU", "The image says that it shows PELVIS; the model m is made "
        "for HEAD or NECK."]


def test_all_refusals_are_said_at_once_and_an_override_keeps_them():
    wrong = image(shape=(5, 80, 40), spacing=(4.0, 2.0, 2.0))
    with pytest.raises(InputError) as said:
        check(wrong, MODEL)
    for part in ("slices cover 20 mm", "columns cover 80 mm", "has 5 slices", "--override"):
        assert part in str(said.value)
    assert [text.split(":")[0] for text in check(wrong, MODEL, override=True)] == ["Overridden"] * 3


def test_the_planning_image_is_judged_by_its_own_modality():
    assert "is MR" in judge(image(modality="MR"), WITH_MR).refusals[0]
    mr = image(modality="MR")
    check_images(WITH_MR, {"MR": mr})
    for given, sentence in (({}, "also needs the image MR; add it"), ({"MR": image()}, "image MR is CT; .* needs MR"),
                            ({"MR": mr, "PET": mr}, "takes no image named PET; it takes MR")):
        with pytest.raises(InputError, match=sentence):
            check_images(WITH_MR, given)
    with pytest.raises(InputError, match="none but the planning image"):
        check_images(MODEL, {"MR": mr})


def test_a_model_that_declares_more_memory_than_there_is_does_not_load():
    assert 0 < available_mb() < 1 << 24
    assert check_memory(replace(MODEL, memory_mb=1)) == ()
    huge = replace(MODEL, memory_mb=1 << 30)
    with pytest.raises(PlatformError, match=r"needs 1048576.0 GB of memory, of which this machine has \d+\.\d GB left"):
        check_memory(huge)
    assert check_memory(huge, override=True)[0].startswith("Overridden: The model m needs")


def test_a_container_gives_no_more_than_its_limit(tmp_path):
    (tmp_path / "memory.max").write_text("3000000000\n")
    (tmp_path / "memory.current").write_text("1000000000\n")
    assert _groups(tmp_path) == [2_000_000_000]
    (tmp_path / "memory.max").write_text("max\n")
    assert _groups(tmp_path) == []
