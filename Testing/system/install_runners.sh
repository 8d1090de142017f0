#!/bin/sh
# The private environments that the tests of foreign models run in; $1: names such as "nnunet totalsegmentator".
# Where one cannot be installed, its tests are skipped; the last line says why.
for name in $1; do
  "$PYTHON" -c "import sys; from radoncai.models.install.environments import installed; sys.exit(not installed('$name'))" && continue
  "$PYTHON" -m radoncai.cli.main install "$name" 2>"/tmp/radoncai-install-$$.log" ||
    echo "note: $name could not be installed: $(tail -n 1 "/tmp/radoncai-install-$$.log")"
  rm -f "/tmp/radoncai-install-$$.log"
done
exit 0
