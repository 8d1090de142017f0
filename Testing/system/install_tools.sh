#!/bin/sh
# What the tests need from the system. Without root the tests concerned are skipped, and said.
# Other people's programs give a second opinion on our files; the rest lets Qt and VTK draw with and without a screen.
programs="dciodvfy:dicom3tools drtdump:dcmtk plastimatch:plastimatch xvfb-run:xvfb xauth:xauth"
drawing="libgl1 libegl1 libegl-mesa0 libgl1-mesa-dri libdbus-1-3 libfontconfig1 libfreetype6 libglib2.0-0 libx11-6
  libx11-xcb1 libxkbcommon0 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
  libxcb-render-util0 libxcb-shape0 libxcb-xkb1 fonts-dejavu-core"

missing=""
for entry in $programs; do
  command -v "${entry%%:*}" >/dev/null || missing="$missing ${entry##*:}"
done
if command -v dpkg-query >/dev/null; then
  for package in $drawing; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
      dpkg-query -W -f '${db:Status-Abbrev}' "${package}t64" 2>/dev/null | grep -q '^ii' || missing="$missing $package"
  done
fi
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing) >/dev/null 2>&1 ||
    echo "note: could not install$missing; tests that need them are skipped or fail to draw"
else
  echo "note: install$missing (Debian packages) to run every test"
fi
exit 0
