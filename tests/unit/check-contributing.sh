#!/usr/bin/env bash
# The diff that CONTRIBUTING.md shows is a real one: each line that it adds stands in the file that it names.
set -eu
cd "$HUKS_SRCDIR"
checked=0
# shellcheck disable=SC2016 # the backquotes are Markdown's
while IFS= read -r line; do
    case $line in
    '+++ b/'*) file=${line#+++ b/} ;;
    '+'*)
        checked=$((checked + 1))
        grep -qxF -e "${line#+}" "$file" || {
            echo "not in $file: ${line#+}"
            exit 1
        }
        ;;
    esac
done < <(sed -n '/^```diff$/,/^```$/p' CONTRIBUTING.md)
echo "$checked lines of the diff are there"
[ "$checked" -ge 2 ]
