#!/bin/sh
# rt-utils, dcmrtstruct2nii and platipy as readers and writers beside ours, in an environment of their own with the
# pydicom 2.4 that they need.
# Where they cannot be installed, their tests are skipped and their rows left out; the last line says why.
here=$(cd "$(dirname "$0")/../.." && pwd)
peers="$here/.venv-peers"
"$peers/bin/python" -c "import rt_utils, dcmrtstruct2nii, platipy" >/dev/null 2>&1 && exit 0
"${PYTHON:-python3}" -m venv "$peers" &&
  "$peers/bin/python" -m pip --disable-pip-version-check install -q \
    "rt-utils==1.2.7" "dcmrtstruct2nii==5" "platipy==0.7.2" "pydicom==2.4.5" "numpy<2" 2>"$peers/install.log" &&
  "$peers/bin/python" -c "import rt_utils, dcmrtstruct2nii, platipy" >/dev/null 2>>"$peers/install.log" && exit 0
echo "note: rt-utils, dcmrtstruct2nii and platipy could not be installed: $(tail -n 1 "$peers/install.log" 2>/dev/null)"
exit 0
