"""usage: blame.py MODULE VALGRIND-XML...

Says which of valgrind's findings have MODULE in their stack, and fails if any does. The consumers' own
leaks are theirs. A log that does not end well belongs to a process that died, which fails as well.
"""
import os
import sys
import xml.etree.ElementTree as tree


def findings(path, module):
    for error in tree.parse(path).getroot().iter("error"):
        for stack in error.iter("stack"):
            frames = stack.findall("frame")
            objects = [os.path.realpath(frame.findtext("obj") or "") for frame in frames]
            if module in objects:
                yield error, frames
                break


def describe(error, frames):
    lines = [error.findtext("what") or error.findtext("xwhat/text") or error.findtext("kind")]
    for frame in frames:
        where = frame.findtext("file") or frame.findtext("obj") or "?"
        lines.append("    %s (%s:%s)" % (frame.findtext("fn") or "?", where, frame.findtext("line") or "?"))
    return "\n".join(lines)


def main(module, logs):
    module = os.path.realpath(module)
    count = 0
    for log in logs:
        try:
            for error, frames in findings(log, module):
                print("%s: %s" % (log, describe(error, frames)))
                count += 1
        except tree.ParseError as broken:
            print("%s: %s" % (log, broken))
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
