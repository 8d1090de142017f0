"""Network classes that `model.json` may name. Needs torch; import only from a runner or a training recipe."""
