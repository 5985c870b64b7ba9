#!/usr/bin/env bash
# usage: tests/interop/recipes.sh
# The pages of doc/recipes are those that their scripts make.
source=${HUKS_SRCDIR:-$(cd "$(dirname "$0")/../.." && pwd)}
if "$source/scripts/recipes" --check; then
    echo "1 passed, 0 failed, 0 skipped"
else
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
fi
