#!/bin/sh
# Other people's programs that the system tests ask for a second opinion. Without root they are skipped, and said.
missing=""
command -v dciodvfy >/dev/null || missing="$missing dicom3tools"
command -v drtdump >/dev/null || missing="$missing dcmtk"
command -v plastimatch >/dev/null || missing="$missing plastimatch"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) >/dev/null 2>&1 ||
    echo "note: could not install$missing; their tests are skipped"
else
  echo "note: install$missing (Debian packages) to run every test; their tests are skipped"
fi
exit 0
