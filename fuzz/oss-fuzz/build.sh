#!/bin/bash -eu
# projects/close-notify/build.sh of OSS-Fuzz: the project's own does it all.
exec "$SRC/close-notify/.clusterfuzzlite/build.sh"
