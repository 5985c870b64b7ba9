"""usage: answer.py PIN COMMAND...

Runs the command at a terminal, as a person would, and answers whatever asks for a PIN. What the command
says goes to the standard output; the status is the command's. A prompt that comes too often is not
answered again: the PIN is not taken.
"""
import os
import pty
import re
import select
import sys
import termios
import time


def wait_for_silence(terminal):
    """Who asks for a PIN switches the echo off after the prompt, and throws away what was typed before."""
    for _ in range(40):
        if not termios.tcgetattr(terminal)[3] & termios.ECHO:
            return
        time.sleep(0.05)


def main(pin, command):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    said, answers, end = b"", 0, time.monotonic() + 50
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0, end - time.monotonic()))
        if not ready:
            os.kill(pid, 9)
            break
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the last process at this terminal is gone
            break
        if not piece:
            break
        os.write(1, piece)
        said += piece
        if re.search(rb"(PIN|[Tt]oken Password)[^\r\n]*: ?$", said) and answers < 4:
            wait_for_silence(terminal)
            os.write(terminal, pin.encode() + b"\n")
            said, answers = b"", answers + 1
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    status = main(sys.argv[1], sys.argv[2:])
    sys.exit(128 - status if status < 0 else status)
