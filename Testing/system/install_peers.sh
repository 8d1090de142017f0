#!/bin/sh
# rt-utils and dcmrtstruct2nii as readers and writers beside ours, in an environment of their own: they need pydicom 2.4.
# Where they cannot be installed, their tests are skipped and their rows left out; the last line says why.
here=$(cd "$(dirname "$0")/../.." && pwd)
peers="$here/.venv-peers"
"$peers/bin/python" -c "import rt_utils, dcmrtstruct2nii" >/dev/null 2>&1 && exit 0
"${PYTHON:-python3}" -m venv "$peers" &&
  "$peers/bin/python" -m pip --disable-pip-version-check install -q \
    "rt-utils==1.2.7" "dcmrtstruct2nii==5" "pydicom==2.4.5" "numpy<2" 2>"$peers/install.log" &&
  "$peers/bin/python" -c "import rt_utils, dcmrtstruct2nii" >/dev/null 2>>"$peers/install.log" && exit 0
echo "note: rt-utils and dcmrtstruct2nii could not be installed: $(tail -n 1 "$peers/install.log" 2>/dev/null)"
exit 0
