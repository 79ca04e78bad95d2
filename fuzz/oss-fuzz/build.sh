#!/bin/bash -eu
# projects/close-notify/build.sh of OSS-Fuzz: calls the project's own script.
exec "$SRC/close-notify/.clusterfuzzlite/build.sh"
